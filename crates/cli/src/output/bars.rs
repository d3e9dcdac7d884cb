//! Bar charts in text.

use super::table_style::TableStyle;

/// Blocks of one to eight eighths of a character.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Maximum width of a chart, even on a wider terminal.
const MAX_WIDTH: usize = 100;

impl TableStyle {
    /// Returns a line for each quantity: its label, a bar in proportion to the quantity, and its
    /// formatted value. The longest bar fills the width.
    pub(crate) fn bars(self, quantities: &[(String, f64, String)]) -> Vec<String> {
        lines(quantities, usize::from(self.width).min(MAX_WIDTH))
    }
}

fn lines(quantities: &[(String, f64, String)], width: usize) -> Vec<String> {
    let longest = |texts: &mut dyn Iterator<Item = &String>| {
        texts.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let labels = longest(&mut quantities.iter().map(|(label, ..)| label));
    let values = longest(&mut quantities.iter().map(|(.., value)| value));
    let room = width.saturating_sub(labels + values + 2).max(EIGHTHS.len());
    let largest = quantities.iter().map(|(_, quantity, _)| *quantity);
    let largest = largest.fold(0.0, f64::max);
    let line = |(label, quantity, value): &(String, f64, String)| {
        let bar = bar(*quantity, largest, room);
        format!("{label:<labels$} {bar} {value}")
    };
    quantities.iter().map(line).collect()
}

/// Returns a bar of at least one eighth of a character, unless the quantity is zero.
fn bar(quantity: f64, largest: f64, room: usize) -> String {
    let steps = room * EIGHTHS.len();
    let reached = |step: &usize| {
        let step = u32::try_from(*step).map_or(f64::MAX, f64::from);
        let steps = u32::try_from(steps).map_or(f64::MAX, f64::from);
        quantity > 0.0 && quantity * steps >= (step - 0.5) * largest
    };
    let eighths = (1..=steps).take_while(reached).count();
    let eighths = eighths.max(usize::from(quantity > 0.0));
    let mut bar = "█".repeat(eighths / EIGHTHS.len());
    let rest = (eighths % EIGHTHS.len()).checked_sub(1);
    bar.extend(rest.and_then(|rest| EIGHTHS.get(rest)));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(label: &str, quantity: f64) -> (String, f64, String) {
        (label.to_owned(), quantity, format!("{quantity}"))
    }

    #[test]
    fn bars_are_proportional_to_quantities() {
        let quantities = [
            quantity("one", 100.0),
            quantity("two", 50.0),
            quantity("three", 6.25),
            quantity("four", 0.001),
            quantity("five", 0.0),
        ];

        assert_eq!(
            lines(&quantities, 20),
            [
                "one   ████████ 100",
                "two   ████ 50",
                "three ▌ 6.25",
                "four  ▏ 0.001",
                "five   0",
            ]
        );
    }

    #[test]
    fn longest_bar_fills_the_width() {
        let quantities = [quantity("é", 1.0), quantity("b", 0.3)];
        let widths: Vec<_> = lines(&quantities, 80)
            .iter()
            .map(|line| line.chars().count())
            .collect();

        assert_eq!(widths.iter().max(), Some(&78), "{widths:?}");
    }

    #[test]
    fn chart_without_quantities_is_empty() {
        assert!(lines(&[], 80).is_empty());
        assert_eq!(lines(&[quantity("none", 0.0)], 80), ["none  0"]);
    }
}
