//! JSON documents that keep their exact text.

mod canonical;
mod depth;

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter};
use serde_json::value::RawValue;

use self::canonical::{Flaw, canonical, numbers_by_value};
use self::depth::depth;
use crate::InvalidValue;

/// A JSON document that keeps the exact text of every number and every string.
///
/// `1.50`, `1e400`, `-0`, forty digits, NUL and lone surrogates keep their text, whichever features
/// of `serde_json` your program enables. The text has a canonical form, so two documents are equal
/// if and only if their texts are equal:
///
/// - There is no whitespace between tokens.
/// - The members of an object are sorted by their keys, by code point.
/// - Characters in strings are not escaped, except `"`, `\`, control characters below U+0020 (`\b`,
///   `\f`, `\n`, `\r`, `\t`, otherwise as in `\u001f`) and lone surrogates (as in `\ud835`).
/// - Numbers keep their literal: `1.50` is not equal to `1.5`.
///
/// Documents are at most [`MAX_DEPTH`](Self::MAX_DEPTH) levels deep, and have no duplicate keys.
///
/// `serde_json` serializes it as the document itself. Deserializing works with `serde_json` only.
/// It fails for other formats, `#[serde(flatten)]` and untagged enums, because they have already
/// lost the text of numbers. Other serializers see the same as for `serde_json`'s `RawValue`: a
/// struct whose only field is the text.
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

/// The field name in errors, for a document that is not a field of another value.
const DOCUMENT: &str = "JSON document";

impl JsonText {
    /// Maximum nesting of arrays and objects. `[[1]]` has depth 2, a number has depth 0.
    pub const MAX_DEPTH: usize = 100;

    /// Serializes a value as JSON: a [`Value`], or any other type that serializes to JSON.
    ///
    /// `serde_json` writes floats that are not finite as `null`.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the document is deeper than [`MAX_DEPTH`](Self::MAX_DEPTH), if an object
    /// has duplicate keys, or if the value cannot be written as JSON, such as a map whose keys are
    /// lists.
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
            // Writing to memory fails only if the formatter reports that the depth is exceeded.
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

    pub(crate) fn parse_field(field: &'static str, text: &str) -> Result<Self, InvalidValue> {
        let raw = serde_json::from_str(text).map_err(|error| not_json(field, &error))?;
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

    /// Returns `{}`.
    pub(crate) fn empty_object() -> Self {
        Self(RawValue::from_string("{}".into()).unwrap_or_default())
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Returns how deep arrays and objects are nested.
    pub(crate) fn depth(&self) -> usize {
        depth(self.as_str())
    }

    /// Returns whether the document is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.as_str() == "null"
    }

    /// Deserializes the document as a `T`, like [`serde_json::from_str`].
    ///
    /// `T` decides how it reads numbers: an `f64` is rounded to the nearest value.
    ///
    /// # Errors
    ///
    /// The error of `serde_json` if the document is not a valid `T`. For example, a `String` cannot
    /// hold a lone surrogate.
    pub fn deserialize<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.as_str())
    }

    /// Converts the document to an equal [`Value`].
    ///
    /// The literal of a number may change (`1.50` to `1.5`), but not its value.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if a `Value` cannot hold the document: a number that needs more than 64
    /// bits and is not exactly a decimal of an `f64` (unless `serde_json/arbitrary_precision` is
    /// enabled), a lone surrogate, or a key that `serde_json` reserves (`$serde_json::private::…`).
    pub fn to_value(&self) -> Result<Value, InvalidValue> {
        let limit = "one that a serde_json::Value can hold";
        let not_held = |error| InvalidValue::new(DOCUMENT, limit, format_args!("{error}"));
        let value: Value = self.deserialize().map_err(not_held)?;
        let held = Self::of(&value)?;
        if held == *self || numbers_by_value(held.as_str()) == numbers_by_value(self.as_str()) {
            return Ok(value);
        }
        let lossy = "a number with more digits, or a key that serde_json reserves";
        Err(InvalidValue::new(DOCUMENT, limit, lossy))
    }
}

/// Two documents are equal if their texts are equal.
impl PartialEq for JsonText {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for JsonText {}

/// Compares with [`JsonText::of`] the value, so the number `1.5` of a `Value` is not equal to
/// `1.50`.
impl PartialEq<Value> for JsonText {
    fn eq(&self, other: &Value) -> bool {
        Self::of(other).is_ok_and(|other| other == *self)
    }
}

impl FromStr for JsonText {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse_field(DOCUMENT, text)
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
    InvalidValue::new(field, "valid JSON", format_args!("an error: {error}"))
}

/// Writes compact JSON, and fails before the serializer recurses deeper than the maximum depth.
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
