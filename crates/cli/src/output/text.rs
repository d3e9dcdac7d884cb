//! Formatting of values for display.

use std::fmt::Write;

use bytesize::ByteSize;
use tasktrail::JsonText;
use tasktrail::task_history::TaskStatus;
use tasktrail::timestamp::Timestamp;

/// Escapes control characters, and characters that change the text direction.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let turns = matches!(character, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || turns {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Shortens a text to one line of at most `max_chars` characters.
pub(crate) fn one_line(text: &str, max_chars: usize) -> String {
    // Escaping never makes a text shorter, so the rest of a long text is not needed.
    let start: String = text.chars().take(max_chars + 1).collect();
    let words: Vec<&str> = start.split_whitespace().collect();
    let mut shown = printable(&words.join(" "));
    if start.len() < text.len() || shown.chars().count() > max_chars {
        shown = shown.chars().take(max_chars.saturating_sub(1)).collect();
        shown.push('…');
    }
    shown
}

/// Shortens a JSON document to one line of at most `max_chars` characters. Empty for `null`.
pub(crate) fn json_line(json: &JsonText, max_chars: usize) -> String {
    if json.is_null() {
        String::new()
    } else {
        one_line(json.as_str(), max_chars)
    }
}

/// Formats the status of a task: `completed`, or `completed (open)` if the task is not finished, so
/// that another step may follow.
pub(crate) fn task_status(status: TaskStatus, is_finished: bool) -> String {
    if status.is_terminal() && !is_finished {
        format!("{status} (open)")
    } else {
        status.to_string()
    }
}

/// Formats an instant in UTC, with a precision of one second.
pub(crate) fn moment(instant: Timestamp) -> String {
    instant
        .to_datetime()
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// Formats a number of things: `1 entry`, `262 200 entries`.
pub(crate) fn counted(number: u64, one: &str, several: &str) -> String {
    let things = if number == 1 { one } else { several };
    format!("{} {things}", grouped(number))
}

/// Formats the number of items with their noun, as [`counted`] does.
pub(crate) fn counted_items<T>(items: &[T], one: &str, several: &str) -> String {
    let number = u64::try_from(items.len()).unwrap_or(u64::MAX);
    counted(number, one, several)
}

/// Formats a number with its digits in groups of three: `262 200`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

/// Formats a number of bytes with a suitable unit: `1.5 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    ByteSize::b(number).to_string()
}

/// Wraps a text to lines of at most `width` characters. The first line starts with the title, and
/// the others are indented by its width. A longer word gets its own line.
pub(super) fn wrapped(title: &str, text: &str, width: usize) -> Vec<String> {
    let indent = title.chars().count();
    let room = width.saturating_sub(indent);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if used == 0 || used + 1 + length <= room => {
                if used > 0 {
                    line.push(' ');
                    used += 1;
                }
                line.push_str(word);
                used += length;
            }
            _ => {
                lines.push(word.to_owned());
                used = length;
            }
        }
    }
    let before = |number: usize| if number == 0 { title } else { "" };
    let lines = lines.into_iter().enumerate();
    lines
        .map(|(number, line)| format!("{:indent$}{line}", before(number)))
        .collect()
}

/// Quotes a text as one word for a shell. Characters that [`printable`] escapes are escaped in the
/// form of bash and zsh.
pub(crate) fn quoted(text: &str) -> String {
    if printable(text) != text {
        return escaped(text);
    }
    let plain = |character: char| {
        character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '/' | ':' | '@' | '+')
    };
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn escaped(text: &str) -> String {
    let mut word = String::from("$'");
    for character in text.chars() {
        if matches!(character, '\'' | '\\') {
            word.extend(['\\', character]);
        } else if printable(character.encode_utf8(&mut [0; 4])).starts_with(character) {
            word.push(character);
        } else {
            // Writing to a string cannot fail.
            let _written = write!(word, "\\U{:08x}", u32::from(character));
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_for_a_shell_has_no_control_characters() {
        assert_eq!(quoted("alice"), "alice");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("\x1b[31m it's\\"), r"$'\U0000001b[31m it\'s\\'");
        assert_eq!(quoted("a\u{202e}b"), r"$'a\U0000202eb'");
    }

    #[test]
    fn one_line_shortens_and_escapes_control_characters() {
        assert_eq!(one_line("a\n b\tc", 10), "a b c");
        assert_eq!(one_line("\x1b[31mred", 20), r"\u{1b}[31mred");
        assert_eq!(one_line("éééé", 4), "éééé");
        assert_eq!(one_line("ééééé", 4), "ééé…");
        assert_eq!(one_line("a\u{202e}b", 20), r"a\u{202e}b");
    }

    #[test]
    fn words_are_wrapped_after_the_title() {
        assert_eq!(
            wrapped("do: ", "one two  three averylongword x", 12),
            ["do: one two", "    three", "    averylongword", "    x"]
        );
        assert_eq!(wrapped("do: ", "", 12), ["do: "]);
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 262_200, 1_234_567].map(grouped),
            ["0", "999", "1 000", "262 200", "1 234 567"]
        );
    }

    #[test]
    fn shell_words_are_quoted_only_if_necessary() {
        assert_eq!(
            ["a-b/c:1", "it's", "", "a b", "$x"].map(quoted),
            ["a-b/c:1", r"'it'\''s'", "''", "'a b'", "'$x'"]
        );
    }
}
