use serde::{Deserialize, Serialize};

use crate::{InvalidValue, JsonText};

/// A JSON value, such as the output of an execution. The default is `null`.
///
/// It is at most [`MAX_BYTES`](Self::MAX_BYTES) long in its compact form and
/// [`MAX_DEPTH`](Self::MAX_DEPTH) levels deep. Like a [`JsonText`], it keeps its exact text, and
/// deserializes with `serde_json` only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "JsonText")]
pub struct Payload(JsonText);

const FIELD: &str = "payload";

impl Payload {
    /// Maximum length of the compact form, in bytes: 1 MiB.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Maximum nesting of arrays and objects. Less than [`JsonText::MAX_DEPTH`], so that an entry
    /// of the audit log can contain a payload.
    pub const MAX_DEPTH: usize = 90;

    /// Serializes a value.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] as for [`JsonText::of`], or if it exceeds a limit of a [`Payload`].
    pub fn of(value: &impl Serialize) -> Result<Self, InvalidValue> {
        JsonText::of_field(FIELD, value)?.try_into()
    }

    /// Returns the JSON.
    #[must_use]
    pub const fn as_json(&self) -> &JsonText {
        &self.0
    }
}

impl TryFrom<JsonText> for Payload {
    type Error = InvalidValue;

    fn try_from(json: JsonText) -> Result<Self, Self::Error> {
        let size = json.as_str().len();
        if size > Self::MAX_BYTES {
            let limit = "at most 1048576 bytes long as compact JSON";
            return Err(InvalidValue::new(FIELD, limit, size));
        }
        if json.depth() > Self::MAX_DEPTH {
            let limit = "nested at most 90 levels deep";
            return Err(InvalidValue::new(FIELD, limit, "a deeper one"));
        }
        Ok(Self(json))
    }
}

impl std::str::FromStr for Payload {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        JsonText::parse_field(FIELD, text)?.try_into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(json: &str) -> String {
        json.parse::<Payload>().unwrap_err().to_string()
    }

    #[test]
    fn payload_keeps_its_text() {
        let text = r#"{"price":1.50,"title":"\ud835\u0000"}"#;
        let payload: Payload = text.parse().unwrap();

        assert_eq!(payload.as_json().as_str(), text);
        assert_eq!(serde_json::to_string(&payload).unwrap(), text);
        assert_eq!(serde_json::from_str::<Payload>(text).unwrap(), payload);
        assert_eq!(Payload::of(&json!(null)), Ok(Payload::default()));
    }

    #[test]
    fn payload_is_at_most_1_mib_of_compact_json() {
        let of_bytes = |bytes: usize| format!(r#" "{}" "#, "x".repeat(bytes - 2));
        let too_long = "payload must be at most 1048576 bytes long as compact JSON, got 1048577";

        assert!(of_bytes(Payload::MAX_BYTES).parse::<Payload>().is_ok());
        assert_eq!(refusal(&of_bytes(Payload::MAX_BYTES + 1)), too_long);
        let read = serde_json::from_str::<Payload>(&of_bytes(Payload::MAX_BYTES + 1));
        assert!(read.unwrap_err().to_string().starts_with(too_long));
    }

    #[test]
    fn payload_is_at_most_90_levels_deep() {
        let of_levels = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);

        assert!(of_levels(Payload::MAX_DEPTH).parse::<Payload>().is_ok());
        assert_eq!(
            refusal(&of_levels(Payload::MAX_DEPTH + 1)),
            "payload must be nested at most 90 levels deep, got a deeper one"
        );
    }
}
