//! The canonical escapes of a string.

use std::cmp::Ordering;
use std::iter;

/// The length of the start of a string that is already canonical: up to its end, or to an escape
/// that may be written differently.
pub(super) fn canonical_length(string: &str) -> usize {
    let mut bytes = string.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        let is_end = match byte {
            b'"' => true,
            b'\\' => {
                !matches!(bytes.next(), Some((_, escaped)) if escaped != b'u' && escaped != b'/')
            }
            _ => false,
        };
        if is_end {
            return at;
        }
    }
    string.len()
}

/// The UTF-16 code unit of the `\u` escape at the start of `text`.
pub(super) fn utf16_escape(text: &str) -> Option<u32> {
    let digits = text.strip_prefix(r"\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

/// The character of a surrogate pair.
pub(super) fn pair(high: u32, low: u32) -> Option<char> {
    let is_pair = (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low);
    let character = is_pair.then(|| 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
    character.and_then(char::from_u32)
}

pub(super) fn push_character(character: char, out: &mut String) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str(r"\\"),
        '\u{8}' => out.push_str(r"\b"),
        '\u{c}' => out.push_str(r"\f"),
        '\n' => out.push_str(r"\n"),
        '\r' => out.push_str(r"\r"),
        '\t' => out.push_str(r"\t"),
        '\0'..='\u{1f}' => push_escaped(character.into(), out),
        other => out.push(other),
    }
}

pub(super) fn push_escaped(unit: u32, out: &mut String) {
    out.push_str(r"\u");
    let digits = [12, 8, 4, 0].map(|shift| char::from_digit((unit >> shift) & 0xf, 16));
    out.extend(digits.into_iter().flatten());
}

/// Compares two canonical keys by their code points.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    if one.contains('\\') || other.contains('\\') {
        code_points(one).cmp(code_points(other))
    } else {
        one.cmp(other)
    }
}

fn code_points(text: &str) -> impl Iterator<Item = u32> {
    let mut rest = text.chars();
    iter::from_fn(move || {
        if let Some(unit) = utf16_escape(rest.as_str()) {
            rest.nth(5);
            return Some(unit);
        }
        let character = match rest.next()? {
            '\\' => match rest.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                itself => itself,
            },
            itself => itself,
        };
        Some(character.into())
    })
}
