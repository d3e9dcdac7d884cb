use std::io::{self, Write};
use std::ops::Range;

use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use super::{MARK, NUL, NUMBER, SURROGATE};

/// Length up to which a number is stored as a `jsonb` number; these are read back unchanged.
const LONGEST_NUMBER: usize = 1000;

/// First byte of the escape character in UTF-8, which other characters share.
const MARK_BEGIN: u8 = 0xe2;

/// Writes compact JSON, and escapes what `jsonb` cannot store.
pub(super) struct Escaper;

impl Formatter for Escaper {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut parts = fragment.split(MARK);
        writer.write_all(parts.next().unwrap_or_default().as_bytes())?;
        parts.try_for_each(|part| write!(writer, "{MARK}{MARK}{part}"))
    }

    fn write_char_escape<W>(&mut self, writer: &mut W, char_escape: CharEscape) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        match char_escape {
            CharEscape::AsciiControl(0) => write!(writer, "{MARK}{NUL}"),
            other => CompactFormatter.write_char_escape(writer, other),
        }
    }

    /// Writes the `result` of a step, which is canonical JSON.
    fn write_raw_fragment<W>(&mut self, writer: &mut W, json: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut written = 0;
        for found in Unstorable::of(json) {
            let before = json.get(written..found.start).unwrap_or_default();
            writer.write_all(before.as_bytes())?;
            written = found.end;
            let text = json.get(found).unwrap_or_default();
            match text.strip_prefix(r"\u") {
                Some("0000") => write!(writer, "{MARK}{NUL}")?,
                Some(surrogate) => write!(writer, "{MARK}{SURROGATE}{surrogate}")?,
                None if text.starts_with(MARK) => write!(writer, "{MARK}{MARK}")?,
                None => write!(writer, "\"{MARK}{NUMBER}{text}\"")?,
            }
        }
        let rest = json.get(written..).unwrap_or_default();
        writer.write_all(rest.as_bytes())
    }
}

/// Iterates over the parts of canonical JSON that must be escaped: numbers, escapes in strings, and
/// the escape character itself.
struct Unstorable<'j> {
    json: &'j str,
    at: usize,
    in_string: bool,
}

impl<'j> Unstorable<'j> {
    fn of(json: &'j str) -> Self {
        Self {
            json,
            at: 0,
            in_string: false,
        }
    }

    /// Advances to the next possible start of a string, a number or an escape.
    fn find(&mut self) -> Option<&'j str> {
        let rest = self.json.get(self.at..)?;
        let skipped = if self.in_string {
            let mut bytes = rest.bytes();
            bytes.position(|byte| matches!(byte, b'"' | b'\\' | MARK_BEGIN))
        } else {
            let mut bytes = rest.bytes();
            bytes.position(|byte| matches!(byte, b'"' | b'-' | b'0'..=b'9'))
        }?;
        self.at += skipped;
        rest.get(skipped..)
    }

    /// Advances past a candidate, and returns its range if it must be escaped.
    fn pass(&mut self, found: &str) -> Option<Range<usize>> {
        let (bytes, is_storable) = if found.starts_with('"') {
            self.in_string = !self.in_string;
            (1, true)
        } else if !self.in_string {
            let number = number(found);
            (number.len(), keeps_its_text(number))
        } else if found.starts_with(r"\u0000") || found.starts_with(r"\ud") {
            (r"\u0000".len(), false)
        } else if found.starts_with('\\') {
            (2, true)
        } else {
            (MARK.len_utf8(), !found.starts_with(MARK))
        };
        let begin = self.at;
        self.at += bytes;
        (!is_storable).then_some(begin..self.at)
    }
}

impl Iterator for Unstorable<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let found = self.find()?;
            let place = self.pass(found);
            if place.is_some() {
                return place;
            }
        }
    }
}

/// The number at the start of a text.
fn number(text: &str) -> &str {
    let is_end = |byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = text.bytes().position(is_end);
    length.and_then(|length| text.get(..length)).unwrap_or(text)
}

/// Returns whether `jsonb` reads a number back with the same digits.
fn keeps_its_text(number: &str) -> bool {
    let is_zero = |digits: &str| digits.bytes().all(|digit| matches!(digit, b'0' | b'.'));
    number.len() <= LONGEST_NUMBER
        && !number.contains(['e', 'E'])
        && !number.strip_prefix('-').is_some_and(is_zero)
}
