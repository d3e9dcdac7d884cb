use serde::{Deserialize, Serialize};

use crate::{InvalidValue, JsonText};

/// Any JSON up to [`MAX_BYTES`](Self::MAX_BYTES), such as the output of an execution.
///
/// It keeps its exact text, as a [`JsonText`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "JsonText")]
pub struct Payload(JsonText);

impl Payload {
    /// Maximum length of the compact JSON, in bytes: 1 MiB.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Serializes a value.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] as for [`JsonText::of`], or if the JSON is longer than
    /// [`MAX_BYTES`](Self::MAX_BYTES).
    pub fn of(value: &impl Serialize) -> Result<Self, InvalidValue> {
        JsonText::of(value)?.try_into()
    }

    /// Returns the JSON document.
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
            let limit = "at most 1048576 bytes long as JSON";
            return Err(InvalidValue::new(
                "payload",
                limit,
                format_args!("{size} bytes"),
            ));
        }
        Ok(Self(json))
    }
}

impl std::str::FromStr for Payload {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<JsonText>()?.try_into()
    }
}
