use super::FIELD;
use crate::InvalidValue;
use crate::decimal::Decimal;

/// Maximum number of digits before and after the decimal point.
const MAX_DIGITS: usize = 400;

/// The exponents at which a number is written with a power of ten, as ECMAScript does it
/// (`Number::toString`, ECMA-262 section 6.1.6.1.20).
const PLAIN: std::ops::RangeInclusive<i64> = -6..=20;

/// Returns the normal form of a number: equal numbers have the same text.
///
/// It is the text that ECMAScript gives a number, with all digits: `1.50` is `1.5`, `1e2` is `100`,
/// `-0` is `0`, and `1e21` is `1e+21`.
pub(super) fn normal(literal: &str) -> Result<String, InvalidValue> {
    let limit = "free of numbers with more than 400 digits before or after the decimal point";
    normalized(literal).ok_or_else(|| InvalidValue::text(FIELD, limit, literal))
}

fn normalized(literal: &str) -> Option<String> {
    let Decimal {
        sign,
        digits,
        power,
    } = Decimal::parse(literal)?;
    let Some(first) = digits.get(..1) else {
        return Some("0".into());
    };
    let count = i64::try_from(digits.len()).ok()?;
    // The value is `first.rest` times ten to the power of `scale`.
    let scale = power.checked_add(count - 1)?;
    let limit = i64::try_from(MAX_DIGITS).ok()?;
    if scale >= limit || power < -limit {
        return None;
    }
    let rest = digits.get(1..)?;
    let point = if rest.is_empty() { "" } else { "." };
    Some(if !PLAIN.contains(&scale) {
        let plus = if scale > 0 { "+" } else { "" };
        format!("{sign}{first}{point}{rest}e{plus}{scale}")
    } else if scale < 0 {
        let zeros = "0".repeat(usize::try_from(-scale - 1).ok()?);
        format!("{sign}0.{zeros}{digits}")
    } else if count <= scale + 1 {
        let zeros = "0".repeat(usize::try_from(scale + 1 - count).ok()?);
        format!("{sign}{digits}{zeros}")
    } else {
        let (whole, fraction) = digits.split_at_checked(usize::try_from(scale + 1).ok()?)?;
        format!("{sign}{whole}.{fraction}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_has_the_form_of_ecmascript() {
        for (literal, form) in [
            ("1.0", "1"),
            ("1.50", "1.5"),
            ("-0.0", "0"),
            ("1e2", "100"),
            ("12.5E-1", "1.25"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("-123.4500e-2", "-1.2345"),
            ("100000000000000000000", "100000000000000000000"),
            ("1000000000000000000000", "1e+21"),
            ("1234567890123456789012", "1.234567890123456789012e+21"),
        ] {
            assert_eq!(normal(literal), Ok(form.into()), "{literal}");
            assert_eq!(normal(form), Ok(form.into()), "{form}");
        }
    }

    #[test]
    fn number_is_limited_in_digits_not_in_precision() {
        let digits = "7".repeat(400);

        assert_eq!(
            normal(&digits).map(|form| form.len()),
            Ok("7.e+399".len() + 399)
        );
        assert!(normal(&format!("{digits}7")).is_err());
        assert!(normal("1e-400").is_ok() && normal("1e-401").is_err());
        assert!(normal("1e399").is_ok() && normal("1e400").is_err());
        for exponent in [
            "99999999999999999999",
            "9223372036854775807",
            "-9223372036854775808",
        ] {
            assert!(normal(&format!("1.5e{exponent}")).is_err(), "{exponent}");
            assert!(normal(&format!("1e{exponent}")).is_err(), "{exponent}");
        }
    }
}
