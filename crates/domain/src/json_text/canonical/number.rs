//! One text for all literals of a number.

/// Writes a number as digits without surrounding zeros and a power of ten, so that `1.50`, `1.5`
/// and `15e-1` have the same text.
pub(super) fn push_by_value(literal: &str, out: &mut String) {
    let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = whole
        .strip_prefix('-')
        .map_or(("", whole), |whole| ("-", whole));
    let digits = [whole, fraction].concat();
    let significant = digits.trim_end_matches('0');
    let after = i64::try_from(digits.len() - significant.len()).ok();
    let power = i64::try_from(fraction.len()).ok().zip(after);
    let power = power.and_then(|(fraction, zeros)| {
        exponent
            .parse::<i64>()
            .ok()?
            .checked_sub(fraction)?
            .checked_add(zeros)
    });
    match (significant.trim_start_matches('0'), power) {
        ("", _) => out.extend([sign, "0"]),
        (digits, Some(power)) => out.extend([sign, digits, "e", &power.to_string()]),
        (_, None) => out.push_str(literal),
    }
}
