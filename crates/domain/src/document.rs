//! Small JSON objects that are searched by what they contain.

mod node;
mod number;

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use self::node::Node;
use crate::{InvalidValue, JsonText};

/// A small JSON object, such as the capabilities of an agent, that can be searched by
/// [containment](Self::contains).
///
/// It is at most [`MAX_BYTES`](Self::MAX_BYTES) long in its compact form and
/// [`JsonText::MAX_DEPTH`] levels deep. Unlike a [`JsonText`], it keeps the value of a number, not
/// its literal: `1.50` becomes `1.5`, `1e2` becomes `100`, `-0` becomes `0`. So two documents are
/// equal if and only if their texts are equal, whichever store they come from.
///
/// A document has no NUL character, no lone surrogate, and no number with more than 400 digits
/// before or after the decimal point, because the `jsonb` of PostgreSQL cannot hold or index them.
///
/// ```
/// use serde_json::json;
/// use tasktrail_domain::Document;
///
/// let agent = Document::of(&json!({ "languages": ["rust", "go"], "memory": { "gib": 8.0 } }))?;
///
/// assert!(agent.contains(&Document::of(&json!({ "languages": ["rust"] }))?));
/// assert!(!agent.contains(&Document::of(&json!({ "memory": { "gib": 16 } }))?));
/// assert_eq!(agent.to_string(), r#"{"languages":["rust","go"],"memory":{"gib":8}}"#);
/// # Ok::<(), tasktrail_domain::InvalidValue>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "JsonText", into = "JsonText")]
pub struct Document(JsonText);

const FIELD: &str = "document";

impl Document {
    /// Maximum length of the compact form, in bytes: 64 KiB.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Serializes a value as a document.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is not a JSON object, or exceeds a limit of a [`Document`].
    pub fn of(value: &impl Serialize) -> Result<Self, InvalidValue> {
        JsonText::of_field(FIELD, value)?.try_into()
    }

    /// Returns the compact JSON text. The members of objects are sorted by key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Deserializes the document as a `T`.
    ///
    /// # Errors
    ///
    /// The error of `serde_json` if the document is not a valid `T`.
    pub fn deserialize<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        self.0.deserialize()
    }

    /// Returns whether the document contains `pattern`.
    ///
    /// - An object contains another one if it has each of its keys, with a value that contains the
    ///   value there.
    /// - An array contains another one if each of its elements is contained in some element,
    ///   regardless of order and number.
    /// - A string, a number, `true`, `false` and `null` contain only an equal value.
    ///
    /// These are the rules of the `@>` operator of PostgreSQL for `jsonb` objects. Every document
    /// contains `{}`.
    #[must_use]
    pub fn contains(&self, pattern: &Self) -> bool {
        Node::of(self).contains(&Node::of(pattern))
    }
}

/// The empty object.
impl Default for Document {
    fn default() -> Self {
        Self(JsonText::empty_object())
    }
}

impl TryFrom<JsonText> for Document {
    type Error = InvalidValue;

    fn try_from(json: JsonText) -> Result<Self, Self::Error> {
        let text = Node::parse(json.as_str())?.to_json();
        if !text.starts_with('{') {
            return Err(InvalidValue::text(FIELD, "a JSON object", &text));
        }
        if text.len() > Self::MAX_BYTES {
            let limit = "at most 65536 bytes long as compact JSON";
            return Err(InvalidValue::new(FIELD, limit, text.len()));
        }
        text.parse().map(Self)
    }
}

impl From<Document> for JsonText {
    fn from(document: Document) -> Self {
        document.0
    }
}

impl FromStr for Document {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<JsonText>()?.try_into()
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({self})")
    }
}

#[cfg(test)]
mod tests;
