//! One text for all literals of a number.

use crate::decimal::Decimal;

/// Writes a number as digits without surrounding zeros and a power of ten, so that `1.50`, `1.5`
/// and `15e-1` have the same text.
pub(super) fn push_by_value(literal: &str, out: &mut String) {
    match Decimal::parse(literal) {
        None => out.push_str(literal),
        Some(zero) if zero.digits.is_empty() => out.extend([zero.sign, "0"]),
        Some(number) => out.extend([number.sign, &number.digits, "e", &number.power.to_string()]),
    }
}
