//! The generated section of a document.

use anyhow::{Result, bail};

const BEGIN: &str = "<!-- bench-peers:begin -->";
const END: &str = "<!-- bench-peers:end -->";

/// Replaces the text between the markers. Appends the markers if the document has none.
pub(crate) fn replaced(document: &str, text: &str) -> Result<String> {
    let text = text.trim();
    let section = format!("{BEGIN}\n\n{text}\n\n{END}");
    match (document.split_once(BEGIN), document.split_once(END)) {
        (Some((before, marked)), Some(_)) => match marked.split_once(END) {
            Some((_, after)) => Ok([before, &section, after].concat()),
            None => bail!("{END} comes before {BEGIN}"),
        },
        (None, None) if document.trim().is_empty() => Ok(format!("{section}\n")),
        (None, None) => Ok(format!("{}\n\n{section}\n", document.trim_end())),
        (Some(_), None) => bail!("{BEGIN} without {END}"),
        (None, Some(_)) => bail!("{END} without {BEGIN}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_markers_is_replaced() {
        let document = format!("# One\n\n{BEGIN}\nold\n{END}\n\n# Two\n");
        let expected = format!("# One\n\n{BEGIN}\n\nnew\n\n{END}\n\n# Two\n");
        assert_eq!(replaced(&document, "new\n").unwrap(), expected);
        assert_eq!(replaced(&expected, "new").unwrap(), expected);
    }

    #[test]
    fn missing_markers_are_appended() {
        let expected = format!("# One\n\n{BEGIN}\n\nnew\n\n{END}\n");
        assert_eq!(replaced("# One\n", "new").unwrap(), expected);
    }

    #[test]
    fn single_or_swapped_markers_are_an_error() {
        assert!(replaced(&format!("{BEGIN}\n"), "new").is_err());
        assert!(replaced(&format!("{END}\n"), "new").is_err());
        assert!(replaced(&format!("{END}\n{BEGIN}\n"), "new").is_err());
    }
}
