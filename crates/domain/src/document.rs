//! Small JSON objects that are searched by what they contain.

mod node;
mod number;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use self::node::Node;
use crate::{InvalidValue, JsonText};

/// A small JSON object, such as the capabilities of an agent, that can be searched by
/// [containment](Self::contains).
///
/// It is at most [`MAX_BYTES`](Self::MAX_BYTES) long in its compact form and
/// [`MAX_DEPTH`](Self::MAX_DEPTH) levels deep. Unlike a [`JsonText`], it keeps the value of a number, not
/// its literal: `1.50` becomes `1.5`, `1e2` becomes `100`, `-0` becomes `0`. Documents with equal
/// values have equal texts, in every store.
///
/// A document has no NUL character and no lone surrogate, which the `jsonb` of PostgreSQL cannot
/// hold. A number has at most 400 digits before and after the decimal point, because `jsonb` writes
/// it without an exponent: `1e399` is 400 characters long there.
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
///
/// Like a `JsonText`, it deserializes with `serde_json` only. Clones share the text.
#[derive(Clone)]
pub struct Document(Arc<Parts>);

struct Parts {
    text: JsonText,
    /// The same, parsed, so that comparing many documents with a pattern parses each once.
    node: Node,
}

const FIELD: &str = "document";

impl Document {
    /// Maximum length of the compact form, in bytes: 64 KiB.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Maximum nesting of arrays and objects. Less than [`JsonText::MAX_DEPTH`], so that a
    /// [`JsonText`] can contain a document.
    pub const MAX_DEPTH: usize = 90;

    /// Serializes a value as a document.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is not a JSON object, or exceeds a limit of a [`Document`].
    pub fn of(value: &impl Serialize) -> Result<Self, InvalidValue> {
        Self::of_text(&JsonText::of_field(FIELD, value)?)
    }

    /// Returns the compact JSON text. The members of objects are sorted by key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.text.as_str()
    }

    /// Deserializes the document as a `T`.
    ///
    /// # Errors
    ///
    /// The error of `serde_json` if the document is not a valid `T`.
    pub fn deserialize<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        self.0.text.deserialize()
    }

    /// Returns whether the document contains `pattern`.
    ///
    /// - An object contains a pattern object if, for each key of the pattern, it has that key with a
    ///   value that contains the pattern's value.
    /// - An array contains a pattern array if each element of the pattern is contained in some
    ///   element of the array, regardless of order and repetition.
    /// - A string, a number, `true`, `false` and `null` contain only an equal value.
    ///
    /// These are the rules of the `@>` operator of PostgreSQL for `jsonb` objects. Every document
    /// contains `{}`.
    #[must_use]
    pub fn contains(&self, pattern: &Self) -> bool {
        self.0.node.contains(&pattern.0.node)
    }

    /// Returns the document with a member, which replaces one with the same key.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the document exceeds a limit with it.
    pub fn with_member(&self, key: &str, value: &JsonText) -> Result<Self, InvalidValue> {
        let mut members = self.members()?;
        members.insert(key.to_owned(), value.clone());
        Self::of(&members)
    }

    /// Returns the document with the members of `added` in its member `key`, where they replace
    /// those with the same key. If that member is not an object, `added` replaces it.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the document exceeds a limit with them.
    pub fn merging(&self, key: &str, added: &Self) -> Result<Self, InvalidValue> {
        let existing = self.members()?.remove(key);
        let existing = existing.and_then(|member| Self::try_from(member).ok());
        let mut merged = existing.unwrap_or_default().members()?;
        merged.extend(added.members()?);
        self.with_member(key, &JsonText::of(&merged)?)
    }

    /// Returns a member, and the document without it.
    #[must_use]
    pub fn split_member(&self, key: &str) -> (Option<JsonText>, Self) {
        let Ok(mut members) = self.members() else {
            return (None, self.clone());
        };
        let member = members.remove(key);
        // Never fails: the document is smaller than before.
        let others = Self::of(&members).unwrap_or_default();
        (member, others)
    }

    fn members(&self) -> Result<BTreeMap<String, JsonText>, InvalidValue> {
        let invalid = |error| InvalidValue::new(FIELD, "a JSON object", format_args!("{error}"));
        self.deserialize().map_err(invalid)
    }

    fn of_text(json: &JsonText) -> Result<Self, InvalidValue> {
        let node = Node::parse(json.as_str())?;
        let text = node.to_json();
        if !matches!(node, Node::Object(_)) {
            return Err(InvalidValue::text(FIELD, "a JSON object", &text));
        }
        if text.len() > Self::MAX_BYTES {
            let limit = "at most 65536 bytes long as compact JSON";
            return Err(InvalidValue::new(FIELD, limit, text.len()));
        }
        let text: JsonText = text.parse()?;
        if text.depth() > Self::MAX_DEPTH {
            let limit = "nested at most 90 levels deep";
            return Err(InvalidValue::new(FIELD, limit, "a deeper one"));
        }
        Ok(Self(Arc::new(Parts { text, node })))
    }
}

/// The empty object.
impl Default for Document {
    fn default() -> Self {
        Self(Arc::new(Parts {
            text: JsonText::empty_object(),
            node: Node::Object(BTreeMap::new()),
        }))
    }
}

/// Two documents are equal if their texts are equal.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Document {}

impl TryFrom<JsonText> for Document {
    type Error = InvalidValue;

    fn try_from(json: JsonText) -> Result<Self, Self::Error> {
        Self::of_text(&json)
    }
}

impl From<Document> for JsonText {
    fn from(document: Document) -> Self {
        document.0.text.clone()
    }
}

impl FromStr for Document {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::of_text(&JsonText::parse_field(FIELD, text)?)
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(json)?;
        let text = JsonText::of_raw(FIELD, raw).map_err(D::Error::custom)?;
        Self::of_text(&text).map_err(D::Error::custom)
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.text.fmt(f)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({self})")
    }
}

#[cfg(test)]
mod tests;
