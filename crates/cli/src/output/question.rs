//! Questions to a person.

use std::io::{self, BufRead, IsTerminal};

use super::note;

/// Asks on the terminal, and tells whether the answer is yes; `None` if there is nobody to ask.
pub(crate) fn agrees(question: &str) -> io::Result<Option<bool>> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    note(question);
    is_yes(&mut io::stdin().lock()).map(Some)
}

/// Nothing but the whole word agrees.
fn is_yes(answers: &mut impl BufRead) -> io::Result<bool> {
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_word_agrees() {
        for (answer, agrees) in [
            ("yes\n", true),
            (" yes \r\n", true),
            ("y\n", false),
            ("no\nyes\n", false),
            ("\n", false),
            ("", false),
        ] {
            let said = is_yes(&mut answer.as_bytes()).unwrap();
            assert_eq!(said, agrees, "{answer:?}");
        }
    }
}
