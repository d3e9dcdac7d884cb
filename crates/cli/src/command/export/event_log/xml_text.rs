use std::borrow::Cow;
use std::fmt::Write;

use tasktrail::TaskKey;

/// Whether XML 1.0 allows a character, either literally or as a character reference.
fn is_legal(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
    )
}

/// Replaces the characters that XML does not allow: a control character by its symbol (NUL by `␀`,
/// U+2400), and U+FFFE and U+FFFF by U+FFFD.
pub(super) fn legal(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_legal) {
        return text.into();
    }
    let picture = |control: u32| char::from_u32(0x2400 + control);
    text.chars()
        .map(|character| match u32::from(character) {
            _ if is_legal(character) => character,
            control @ 0..0x20 => picture(control).unwrap_or(char::REPLACEMENT_CHARACTER),
            _ => char::REPLACEMENT_CHARACTER,
        })
        .collect::<String>()
        .into()
}

/// The name of a case, `user/task`. Escaping keeps the names of different tasks different; process
/// mining tools merge cases of the same name.
pub(super) fn case_name(task: &TaskKey) -> String {
    let mut name = String::new();
    push_escaped(&mut name, task.user.as_str(), true);
    name.push('/');
    push_escaped(&mut name, task.task.as_str(), false);
    name
}

fn push_escaped(name: &mut String, id: &str, is_user: bool) {
    for character in id.chars() {
        match character {
            '\\' => name.push_str("\\\\"),
            '/' if is_user => name.push_str("\\/"),
            legal if is_legal(legal) => name.push(legal),
            // Writing to a string does not fail.
            other => drop(write!(name, "\\u{:04x}", u32::from(other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_characters_that_xml_does_not_allow_are_replaced() {
        assert_eq!(
            legal("a\tb\r\n\u{7f}\u{85}é𝄞<&"),
            "a\tb\r\n\u{7f}\u{85}é𝄞<&"
        );
        assert_eq!(
            legal("\0\u{1}\u{1f}|\u{fffe}\u{ffff}"),
            "␀␁␟|\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn different_tasks_have_different_case_names() {
        let name = |user: &str, task: &str| case_name(&TaskKey::new(user, task).unwrap());

        assert_eq!(name("alice", "a/b"), "alice/a/b");
        assert_eq!(name("alice/a", "b"), "alice\\/a/b");
        assert_eq!(name("alice\\", "b"), "alice\\\\/b");
        assert_eq!(name("a", "\u{1}"), "a/\\u0001");
        assert_eq!(name("a", "\\u0001"), "a/\\\\u0001");
    }
}
