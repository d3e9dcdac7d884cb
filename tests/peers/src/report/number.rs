//! Formats of numbers.

use crate::figures::Figure;

/// Formats a figure with its unit.
pub(super) fn amount(figure: Figure, value: f64) -> String {
    match figure {
        Figure::PerSecond if value < 10.0 => format!("{value:.2}/s"),
        Figure::PerSecond => format!("{}/s", grouped(value)),
        Figure::Median | Figure::P99 if value < 10.0 => format!("{value:.2} ms"),
        Figure::Median | Figure::P99 => format!("{value:.0} ms"),
        Figure::WalBytes => format!("{} B", grouped(value)),
        Figure::DeadRows => format!("{value:.2}"),
        Figure::ResidentBytes => format!("{:.0} MiB", value / f64::from(1 << 20)),
    }
}

pub(super) fn ratio(value: f64) -> String {
    match value {
        small if small < 10.0 => format!("{small:.2}"),
        large => grouped(large),
    }
}

pub(super) fn percent(value: f64) -> String {
    format!("{:.1} %", value * 100.0)
}

/// Formats an integer with spaces between thousands.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units_and_few_digits() {
        assert_eq!(amount(Figure::PerSecond, 31_746.4), "31 746/s");
        assert_eq!(amount(Figure::PerSecond, 3.456), "3.46/s");
        assert_eq!(amount(Figure::Median, 0.654), "0.65 ms");
        assert_eq!(amount(Figure::P99, 286.4), "286 ms");
        assert_eq!(
            amount(Figure::ResidentBytes, 64.0 * 1024.0 * 1024.0),
            "64 MiB"
        );
        assert_eq!(ratio(0.8), "0.80");
        assert_eq!(ratio(1234.5), "1 234");
        assert_eq!(grouped(100.0), "100");
        assert_eq!(grouped(1_000_000.0), "1 000 000");
    }
}
