//! Confirmation by the user.

use std::io::{self, BufRead, IsTerminal};

use super::stderr::note;
use crate::failure::Failure;

/// Asks for confirmation on the terminal, and fails unless the user types `yes`. Without a
/// terminal, the error contains `what`, such as "this removes data".
pub(crate) fn confirm(question: &str, what: &str) -> Result<(), Failure> {
    let question = format!("{question}\nType yes to continue.");
    // Reading the answer blocks the thread.
    match tokio::task::block_in_place(|| ask(&question))? {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::error("not confirmed; nothing was changed")),
        None => Err(Failure::Usage(format!(
            "{what}, and there is no terminal to ask on: pass --yes to confirm"
        ))),
    }
}

/// Asks on the terminal, and returns whether the answer is yes; `None` without a terminal.
fn ask(question: &str) -> io::Result<Option<bool>> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    note(question);
    is_yes(&mut io::stdin().lock()).map(Some)
}

/// Only the whole word `yes` counts.
fn is_yes(answers: &mut impl BufRead) -> io::Result<bool> {
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_yes_confirms() {
        for (answer, confirms) in [
            ("yes\n", true),
            (" yes \r\n", true),
            ("y\n", false),
            ("no\nyes\n", false),
            ("\n", false),
            ("", false),
        ] {
            let confirmed = is_yes(&mut answer.as_bytes()).unwrap();
            assert_eq!(confirmed, confirms, "{answer:?}");
        }
    }
}
