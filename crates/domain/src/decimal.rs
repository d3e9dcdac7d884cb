//! Number literals of JSON, by their value.

/// A number literal: its significant digits, without surrounding zeros, times a power of ten.
pub(crate) struct Decimal {
    /// `-` or empty.
    pub(crate) sign: &'static str,
    /// Empty for zero.
    pub(crate) digits: String,
    pub(crate) power: i64,
}

impl Decimal {
    /// Parses a valid literal. Returns `None` if the power of ten needs more than 64 bits.
    pub(crate) fn parse(literal: &str) -> Option<Self> {
        let (sign, literal) = match literal.strip_prefix('-') {
            Some(literal) => ("-", literal),
            None => ("", literal),
        };
        let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        let significant = all.trim_end_matches('0');
        let digits = significant.trim_start_matches('0').to_owned();
        let power = if digits.is_empty() {
            0
        } else {
            exponent
                .parse::<i64>()
                .ok()?
                .checked_sub(i64::try_from(fraction.len()).ok()?)?
                .checked_add(i64::try_from(all.len() - significant.len()).ok()?)?
        };
        Some(Self {
            sign,
            digits,
            power,
        })
    }
}
