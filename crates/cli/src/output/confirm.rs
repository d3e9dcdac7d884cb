//! Questions to a person.

use std::io::{self, BufRead, IsTerminal};

use super::stderr::note;
use crate::failure::Failure;

/// Asks on the terminal whether to go on, and fails unless the answer is yes. `what` it is, such as "this
/// removes data", is told where there is nobody to ask.
pub(crate) fn confirm(question: &str, what: &str) -> Result<(), Failure> {
    let question = format!("{question}\nType yes to go on.");
    // A person takes time to answer, and meanwhile nothing else is to be done.
    match tokio::task::block_in_place(|| ask(&question))? {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::error("nobody said yes; nothing was changed")),
        None => Err(Failure::Usage(format!(
            "{what}, and there is no terminal to ask on: give --yes to agree"
        ))),
    }
}

/// Asks on the terminal, and tells whether the answer is yes; `None` if there is nobody to ask.
fn ask(question: &str) -> io::Result<Option<bool>> {
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
