//! Quantities as bars of characters.

use super::table_style::TableStyle;

/// The eighths of a character, from one to all of them.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// No picture is wider, also where there is room.
const WIDEST: usize = 100;

impl TableStyle {
    /// A line for each quantity: its label, a bar that is as long as it is large, and its value as it is
    /// to be written. The largest bar takes all the room.
    pub(crate) fn bars(self, quantities: &[(String, f64, String)]) -> Vec<String> {
        lines(quantities, usize::from(self.width).min(WIDEST))
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

/// At least an eighth where there is anything.
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
    fn bars_are_as_long_as_their_quantities_are_large() {
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
    fn the_largest_bar_takes_the_room_and_no_more() {
        let quantities = [quantity("é", 1.0), quantity("b", 0.3)];
        let widths: Vec<_> = lines(&quantities, 80)
            .iter()
            .map(|line| line.chars().count())
            .collect();

        assert_eq!(widths.iter().max(), Some(&78), "{widths:?}");
    }

    #[test]
    fn nothing_makes_an_empty_picture() {
        assert!(lines(&[], 80).is_empty());
        assert_eq!(lines(&[quantity("none", 0.0)], 80), ["none  0"]);
    }
}
