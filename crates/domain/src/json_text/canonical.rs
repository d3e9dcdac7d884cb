//! The canonical form of a JSON text, in one pass over it.

mod escapes;
mod number;

use std::cmp::Ordering;
use std::ops::Range;

use self::escapes::{canonical_length, compare, pair, push_character, push_escaped, utf16_escape};
use self::number::push_by_value;
use super::JsonText;

/// Why a valid JSON text is not accepted as a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    TooDeep,
    DuplicateKey(String),
}

/// Returns the canonical form of `json`, which must be valid JSON.
pub(super) fn canonical(json: &str) -> Result<String, Flaw> {
    Writer::new(json, |number, out| out.push_str(number)).write()
}

/// Like [`canonical`], and writes equal numbers with the same text.
pub(super) fn numbers_by_value(json: &str) -> Result<String, Flaw> {
    Writer::new(json, push_by_value).write()
}

/// Writes the canonical form of valid JSON. It does not check the syntax.
struct Writer<'t> {
    rest: &'t str,
    out: String,
    number: fn(&str, &mut String),
    /// The members of the objects that are being written, innermost object last.
    members: Vec<Member>,
    /// A buffer for sorting the members of an object.
    unordered: String,
}

/// The position of a member in the output.
struct Member {
    /// The key without the quotes.
    key: Range<usize>,
    whole: Range<usize>,
}

impl<'t> Writer<'t> {
    fn new(json: &'t str, number: fn(&str, &mut String)) -> Self {
        Self {
            rest: json,
            out: String::with_capacity(json.len()),
            number,
            members: Vec::new(),
            unordered: String::new(),
        }
    }

    fn write(mut self) -> Result<String, Flaw> {
        self.value(0)?;
        Ok(self.out)
    }

    fn value(&mut self, depth: usize) -> Result<(), Flaw> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') if depth == JsonText::MAX_DEPTH => return Err(Flaw::TooDeep),
            Some(b'{') => self.object(depth + 1)?,
            Some(b'[') => self.array(depth + 1)?,
            _ => self.scalar(),
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Flaw> {
        self.punctuation('[');
        loop {
            match self.peek() {
                None | Some(b']') => break,
                Some(b',') => self.punctuation(','),
                Some(_) => self.value(depth)?,
            }
        }
        self.punctuation(']');
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), Flaw> {
        self.punctuation('{');
        let (first, begin) = (self.members.len(), self.out.len());
        loop {
            match self.peek() {
                None | Some(b'}') => break,
                Some(b',') => self.punctuation(','),
                Some(_) => self.member(depth)?,
            }
        }
        self.order(first, begin)?;
        self.members.truncate(first);
        self.punctuation('}');
        Ok(())
    }

    fn member(&mut self, depth: usize) -> Result<(), Flaw> {
        let begin = self.out.len();
        self.string();
        let key = begin + 1..self.out.len() - 1;
        self.peek();
        self.punctuation(':');
        self.value(depth)?;
        let whole = begin..self.out.len();
        self.members.push(Member { key, whole });
        Ok(())
    }

    /// Sorts the members of the innermost object by their keys.
    fn order(&mut self, first: usize, begin: usize) -> Result<(), Flaw> {
        let members = self.members.get_mut(first..).unwrap_or_default();
        let out = &self.out;
        let key = |member: &Member| out.get(member.key.clone()).unwrap_or_default();
        let by_key = |one: &Member, other: &Member| compare(key(one), key(other));
        if members.is_sorted_by(|one, other| by_key(one, other) == Ordering::Less) {
            return Ok(());
        }
        members.sort_unstable_by(by_key);
        let mut neighbours = members.iter().zip(members.iter().skip(1));
        if let Some((one, _)) = neighbours.find(|(one, other)| key(one) == key(other)) {
            return Err(Flaw::DuplicateKey(key(one).to_owned()));
        }
        self.unordered.clear();
        self.unordered
            .push_str(self.out.get(begin..).unwrap_or_default());
        self.out.truncate(begin);
        for member in members {
            if self.out.len() > begin {
                self.out.push(',');
            }
            let whole = member.whole.start - begin..member.whole.end - begin;
            self.out
                .push_str(self.unordered.get(whole).unwrap_or_default());
        }
        Ok(())
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) {
        let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
        let text = self.take(is_end);
        if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            (self.number)(text, &mut self.out);
        } else {
            self.out.push_str(text);
        }
    }

    fn string(&mut self) {
        self.punctuation('"');
        loop {
            let text = self.skip(canonical_length(self.rest));
            self.out.push_str(text);
            if !self.rest.starts_with('\\') {
                break;
            }
            self.escape();
        }
        self.punctuation('"');
    }

    fn escape(&mut self) {
        let Some(unit) = utf16_escape(self.rest) else {
            let escape = self.skip(2);
            self.out
                .push_str(if escape == r"\/" { "/" } else { escape });
            return;
        };
        self.skip(6);
        let character = char::from_u32(unit).or_else(|| {
            let pair = pair(unit, utf16_escape(self.rest)?)?;
            self.skip(6);
            Some(pair)
        });
        match character {
            Some(character) => push_character(character, &mut self.out),
            None => push_escaped(unit, &mut self.out),
        }
    }

    /// Skips whitespace, and returns the next byte.
    fn peek(&mut self) -> Option<u8> {
        let first = self.rest.as_bytes().first().copied();
        if first.is_some_and(|byte| byte > b' ') {
            return first;
        }
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.rest.as_bytes().first().copied()
    }

    /// Takes the text up to the first byte for which `is_end` holds. That byte must be ASCII.
    fn take(&mut self, is_end: impl FnMut(&u8) -> bool) -> &'t str {
        let length = self.rest.as_bytes().iter().position(is_end);
        self.skip(length.unwrap_or(self.rest.len()))
    }

    fn skip(&mut self, bytes: usize) -> &'t str {
        let (skipped, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        skipped
    }

    /// Copies the next character, which must be `character`.
    fn punctuation(&mut self, character: char) {
        self.skip(1);
        self.out.push(character);
    }
}
