//! The part of a document that a run writes anew.

use anyhow::{Result, bail};

const BEGIN: &str = "<!-- bench-peers:begin -->";
const END: &str = "<!-- bench-peers:end -->";

/// The document with `text` between the marks, which are put at its end if they are not there.
pub(crate) fn replaced(document: &str, text: &str) -> Result<String> {
    let text = text.trim();
    let section = format!("{BEGIN}\n\n{text}\n\n{END}");
    match (document.split_once(BEGIN), document.split_once(END)) {
        (Some((before, marked)), Some(_)) => match marked.split_once(END) {
            Some((_, after)) => Ok([before, &section, after].concat()),
            None => bail!("{END} stands before {BEGIN}"),
        },
        (None, None) if document.trim().is_empty() => Ok(format!("{section}\n")),
        (None, None) => Ok(format!("{}\n\n{section}\n", document.trim_end())),
        (Some(_), None) => bail!("{BEGIN} is there without {END}"),
        (None, Some(_)) => bail!("{END} is there without {BEGIN}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_marks_is_replaced_and_nothing_else() {
        let document = format!("# One\n\n{BEGIN}\nold\n{END}\n\n# Two\n");
        let expected = format!("# One\n\n{BEGIN}\n\nnew\n\n{END}\n\n# Two\n");
        assert_eq!(replaced(&document, "new\n").unwrap(), expected);
        assert_eq!(replaced(&expected, "new").unwrap(), expected);
    }

    #[test]
    fn marks_that_are_not_there_are_put_at_the_end() {
        let expected = format!("# One\n\n{BEGIN}\n\nnew\n\n{END}\n");
        assert_eq!(replaced("# One\n", "new").unwrap(), expected);
    }

    #[test]
    fn a_mark_alone_or_in_the_wrong_order_is_an_error() {
        assert!(replaced(&format!("{BEGIN}\n"), "new").is_err());
        assert!(replaced(&format!("{END}\n"), "new").is_err());
        assert!(replaced(&format!("{END}\n{BEGIN}\n"), "new").is_err());
    }
}
