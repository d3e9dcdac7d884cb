//! JSON documents as their exact text.

mod canonical;

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter};
use serde_json::value::RawValue;

use self::canonical::{Flaw, canonical, numbers_by_value};
use crate::InvalidValue;

/// A JSON document as its text: every number and every string is kept exactly as it was given.
///
/// `1.50`, `1e400`, `-0`, forty digits, NUL and lone surrogates all keep their text, whatever
/// features of `serde_json` the program turns on. The text is in one canonical form, so two
/// documents are equal exactly when their texts are:
///
/// - No whitespace between the tokens.
/// - The members of an object are sorted by their keys, by code point.
/// - A string holds its characters themselves. Escaped are `"`, `\`, control characters below
///   U+0020 (`\b`, `\f`, `\n`, `\r`, `\t`, else `\u001f`) and lone surrogates (`\ud835`).
/// - A number is the literal that was given: `1.50` is not `1.5`.
///
/// Documents are at most [`MAX_DEPTH`](Self::MAX_DEPTH) levels deep, and no object has a key twice.
///
/// Serialized by `serde_json` it is the document itself, and it is read by `serde_json` only: in
/// another format, or behind `#[serde(flatten)]` or an untagged enum, the text of a number is already
/// lost, so reading it is an error. Other serializers get the form in which they see `serde_json`'s
/// `RawValue`: a struct whose only field is the text.
///
/// ```
/// use serde_json::json;
/// use tasktrail_domain::JsonText;
///
/// let price: JsonText = r#"{ "unit": "EUR", "price": 1.50 }"#.parse()?;
///
/// assert_eq!(price.as_str(), r#"{"price":1.50,"unit":"EUR"}"#);
/// assert_eq!(price.to_value()?["unit"], "EUR");
/// assert_eq!(JsonText::of(&json!({ "pages": 12 }))?, json!({ "pages": 12 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonText(#[serde(deserialize_with = "canonical_raw")] Box<RawValue>);

/// What errors call a document that is not a field of something else.
const DOCUMENT: &str = "JSON document";

impl JsonText {
    /// The greatest depth of nested arrays and objects: `[[1]]` is 2 deep, a number 0.
    pub const MAX_DEPTH: usize = 100;

    /// Writes `value` as JSON: a [`Value`], or anything else that serializes to JSON.
    ///
    /// `serde_json` writes a float that is not finite as `null`.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is deeper than [`MAX_DEPTH`](Self::MAX_DEPTH), an object has a key
    /// twice, or the value cannot be written as JSON, such as a map whose keys are lists.
    pub fn of(value: &impl Serialize) -> Result<Self, InvalidValue> {
        Self::of_field(DOCUMENT, value)
    }

    pub(crate) fn of_field(
        field: &'static str,
        value: &impl Serialize,
    ) -> Result<Self, InvalidValue> {
        let mut text = Vec::with_capacity(256);
        let mut writer = serde_json::Serializer::with_formatter(&mut text, Bounded { depth: 0 });
        value.serialize(&mut writer).map_err(|error| {
            // Writing to memory fails only where the formatter finds the depth exceeded.
            if error.is_io() {
                refused(field, &Flaw::TooDeep)
            } else {
                not_json(field, &error)
            }
        })?;
        let text = String::from_utf8(text).map_err(|error| not_json(field, &error))?;
        let raw = RawValue::from_string(text).map_err(|error| not_json(field, &error))?;
        Self::of_raw(field, raw)
    }

    pub(crate) fn of_raw(field: &'static str, raw: Box<RawValue>) -> Result<Self, InvalidValue> {
        let text = canonical(raw.get()).map_err(|flaw| refused(field, &flaw))?;
        if text == raw.get() {
            return Ok(Self(raw));
        }
        let raw = RawValue::from_string(text).map_err(|error| not_json(field, &error))?;
        Ok(Self(raw))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.as_str() == "null"
    }

    /// Reads it as a `T`, as [`serde_json::from_str`] does.
    ///
    /// # Errors
    ///
    /// If the document does not fit a `T`. What `T` reads from a number is for `T` to say: an `f64`
    /// takes the nearest one. A `String` cannot hold a lone surrogate.
    pub fn deserialize<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.as_str())
    }

    /// The document as a [`Value`] that holds the same.
    ///
    /// A number may be written otherwise in it (`1.5` for `1.50`), but it is the same number.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if a `Value` cannot hold the document: a number that is beyond 64 bits and
    /// not exactly a decimal of an `f64` (unless `serde_json/arbitrary_precision` is on), a lone
    /// surrogate, or a key that `serde_json` keeps for itself (`$serde_json::private::…`).
    pub fn to_value(&self) -> Result<Value, InvalidValue> {
        let limit = "one that a serde_json::Value can hold";
        let not_held = |error| InvalidValue::new(DOCUMENT, limit, format_args!("{error}"));
        let value: Value = self.deserialize().map_err(not_held)?;
        let held = Self::of(&value)?;
        if held == *self || numbers_by_value(held.as_str()) == numbers_by_value(self.as_str()) {
            return Ok(value);
        }
        let other = "a number with more digits, or a key of serde_json's own";
        Err(InvalidValue::new(DOCUMENT, limit, other))
    }
}

/// Two documents are equal if their texts are.
impl PartialEq for JsonText {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for JsonText {}

/// Equal if [`JsonText::of`] the value is: the number `1.5` of a `Value` is not the text `1.50`.
impl PartialEq<Value> for JsonText {
    fn eq(&self, other: &Value) -> bool {
        Self::of(other).is_ok_and(|other| other == *self)
    }
}

impl FromStr for JsonText {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let raw = serde_json::from_str(text).map_err(|error| not_json(DOCUMENT, &error))?;
        Self::of_raw(DOCUMENT, raw)
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonText({self})")
    }
}

fn canonical_raw<'de, D: Deserializer<'de>>(json: D) -> Result<Box<RawValue>, D::Error> {
    let raw = Box::<RawValue>::deserialize(json)?;
    let text = JsonText::of_raw(DOCUMENT, raw).map_err(Error::custom)?;
    Ok(text.0)
}

fn refused(field: &'static str, flaw: &Flaw) -> InvalidValue {
    match flaw {
        Flaw::TooDeep => {
            let limit = format!("nested at most {} levels deep", JsonText::MAX_DEPTH);
            InvalidValue::new(field, limit, "a deeper one")
        }
        Flaw::DuplicateKey(key) => InvalidValue::text(field, "free of duplicate keys", key),
    }
}

fn not_json(field: &'static str, error: &impl fmt::Display) -> InvalidValue {
    InvalidValue::new(field, "JSON", format_args!("what is not: {error}"))
}

/// Writes JSON compactly, and fails before the serializer recurses deeper than a document may go.
struct Bounded {
    depth: usize,
}

impl Bounded {
    fn enter(&mut self) -> io::Result<()> {
        self.depth += 1;
        if self.depth > JsonText::MAX_DEPTH {
            return Err(io::Error::other("too deep"));
        }
        Ok(())
    }
}

impl Formatter for Bounded {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        CompactFormatter.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        CompactFormatter.end_array(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.enter()?;
        CompactFormatter.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        CompactFormatter.end_object(writer)
    }
}

#[cfg(test)]
mod tests;
