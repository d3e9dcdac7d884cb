use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::TaskStepResult;
use crate::task_history::{ErrorCode, ResultLimit, StepName, TaskStatus};
use crate::{InvalidValue, JsonText};

/// A deserialized step result whose result and messages are not validated yet.
///
/// Use it to apply your own limit, to report the invalid key, or to replace invalid values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncheckedStepResult {
    step: StepName,
    result: Box<RawValue>,
    completed: bool,
    message: Message,
    status: TaskStatus,
    #[serde(deserialize_with = "present")]
    error_code: Option<ErrorCode>,
    #[serde(deserialize_with = "present")]
    error_message: Option<Message>,
}

impl UncheckedStepResult {
    /// Validates the result and the messages.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if one of them exceeds the limit, if the result is nested too deeply or has
    /// duplicate keys (see [`JsonText`]), or if a message has a lone surrogate.
    pub fn check(self, limit: ResultLimit) -> Result<TaskStepResult, InvalidValue> {
        let error_message = self.error_message.map(|text| text.check("error_message"));
        TaskStepResult {
            step: self.step,
            result: JsonText::of_raw("result", self.result)?,
            completed: self.completed,
            message: self.message.check("message")?,
            status: self.status,
            error_code: self.error_code,
            error_message: error_message.transpose()?,
        }
        .within(limit)
    }

    /// Validates the result and the messages, and replaces what is invalid. Returns the step
    /// result, and the reasons for replacements in the order of the keys.
    ///
    /// An invalid result is replaced by an object with the reason. `original` is the given text, or
    /// `null` if the object would then exceed the limit:
    ///
    /// ```json
    /// {"replaced_result": {"reason": "…", "bytes": 17, "original": "{\"a\": 1, \"a\": 2}"}}
    /// ```
    ///
    /// A message that is too long is truncated. A lone surrogate in a message becomes U+FFFD.
    #[must_use]
    pub fn replace(self, limit: ResultLimit) -> (TaskStepResult, Vec<InvalidValue>) {
        let mut reasons = Vec::new();
        let replaced = TaskStepResult {
            step: self.step,
            result: result_or_replacement(&self.result, limit, &mut reasons),
            completed: self.completed,
            message: self.message.cut("message", limit, &mut reasons),
            status: self.status,
            error_code: self.error_code,
            error_message: self
                .error_message
                .map(|text| text.cut("error_message", limit, &mut reasons)),
        };
        (replaced, reasons)
    }
}

impl TryFrom<UncheckedStepResult> for TaskStepResult {
    type Error = InvalidValue;

    fn try_from(document: UncheckedStepResult) -> Result<Self, Self::Error> {
        document.check(ResultLimit::DEFAULT)
    }
}

#[derive(Serialize)]
struct Replacement<'a> {
    replaced_result: Replaced<'a>,
}

#[derive(Serialize)]
struct Replaced<'a> {
    reason: String,
    bytes: usize,
    original: Option<&'a str>,
}

fn result_or_replacement(
    given: &RawValue,
    limit: ResultLimit,
    reasons: &mut Vec<InvalidValue>,
) -> JsonText {
    let checked = JsonText::of_raw("result", given.to_owned())
        .and_then(|text| limit.check_result(&text).map(|()| text));
    let reason = match checked {
        Ok(text) => return text,
        Err(reason) => reason,
    };
    let replacement = |original| {
        let replaced_result = Replaced {
            reason: reason.to_string(),
            bytes: given.get().len(),
            original,
        };
        // Always succeeds: three flat keys are a valid document.
        JsonText::of(&Replacement { replaced_result }).unwrap_or_default()
    };
    let whole = replacement(Some(given.get()));
    let replaced = limit.check_result(&whole).map(|()| whole);
    let replaced = replaced.unwrap_or_else(|_| replacement(None));
    reasons.push(reason);
    replaced
}

/// A deserialized text, with U+FFFD for each lone surrogate.
#[derive(Debug)]
struct Message {
    text: String,
    is_whole: bool,
}

impl Message {
    fn check(self, field: &'static str) -> Result<String, InvalidValue> {
        self.flaw(field).map_or(Ok(self.text), Err)
    }

    fn flaw(&self, field: &'static str) -> Option<InvalidValue> {
        let flaw = || InvalidValue::new(field, "free of lone surrogates", "half of a character");
        (!self.is_whole).then(flaw)
    }

    fn cut(
        mut self,
        field: &'static str,
        limit: ResultLimit,
        reasons: &mut Vec<InvalidValue>,
    ) -> String {
        reasons.extend(self.flaw(field));
        if let Err(flaw) = limit.check_message(field, &self.text) {
            reasons.push(flaw);
            limit.cut(&mut self.text);
        }
        self.text
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(json)?;
        let other = match raw.get().as_bytes() {
            [b'"', ..] => None,
            [b'{', ..] => Some(Unexpected::Map),
            [b'[', ..] => Some(Unexpected::Seq),
            [b't' | b'f', ..] => Some(Unexpected::Other("boolean")),
            [b'n', ..] => Some(Unexpected::Other("null")),
            _ => Some(Unexpected::Other("number")),
        };
        if let Some(other) = other {
            return Err(D::Error::invalid_type(other, &"a string"));
        }
        if let Ok(text) = serde_json::from_str(raw.get()) {
            let is_whole = true;
            return Ok(Self { text, is_whole });
        }
        // When it reads bytes, `serde_json` accepts lone surrogates.
        let bytes = serde_json::Deserializer::from_str(raw.get()).deserialize_bytes(Surrogates);
        let is_whole = false;
        bytes
            .map_err(D::Error::custom)
            .map(|text| Self { text, is_whole })
    }
}

/// Reads UTF-8 that contains encoded surrogates, and replaces them.
struct Surrogates;

impl Visitor<'_> for Surrogates {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<String, E> {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            // Each of the three bytes of a surrogate is a chunk. The first byte is 0xed.
            if chunk.invalid().starts_with(&[0xed]) {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Ok(text)
    }
}

/// With its own deserializer, a missing `Option` field is an error. Otherwise serde reads it as
/// `None`.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}
