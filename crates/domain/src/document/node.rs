use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{FIELD, number};
use crate::InvalidValue;

/// A value of a document.
pub(super) enum Node {
    Object(BTreeMap<String, Self>),
    Array(Vec<Self>),
    String(String),
    /// A number in its normal form, `true`, `false` or `null`.
    Literal(String),
}

impl Node {
    /// Parses valid JSON.
    pub(super) fn parse(json: &str) -> Result<Self, InvalidValue> {
        Ok(match json.as_bytes().first() {
            Some(b'{') => Self::Object(
                read::<BTreeMap<String, &RawValue>>(json)?
                    .into_iter()
                    .map(|(key, value)| Ok((without_nul(key)?, Self::parse(value.get())?)))
                    .collect::<Result<_, InvalidValue>>()?,
            ),
            Some(b'[') => Self::Array(
                read::<Vec<&RawValue>>(json)?
                    .into_iter()
                    .map(|element| Self::parse(element.get()))
                    .collect::<Result<_, _>>()?,
            ),
            Some(b'"') => Self::String(without_nul(read(json)?)?),
            Some(b'-' | b'0'..=b'9') => Self::Literal(number::normal(json)?),
            _ => Self::Literal(json.to_owned()),
        })
    }

    pub(super) fn to_json(&self) -> String {
        let list = |items: Vec<String>| items.join(",");
        match self {
            Self::Object(members) => {
                let member = |(key, value): (&String, &Self)| quoted(key) + ":" + &value.to_json();
                format!("{{{}}}", list(members.iter().map(member).collect()))
            }
            Self::Array(elements) => {
                format!("[{}]", list(elements.iter().map(Self::to_json).collect()))
            }
            Self::String(text) => quoted(text),
            Self::Literal(literal) => literal.clone(),
        }
    }

    pub(super) fn contains(&self, pattern: &Self) -> bool {
        match (self, pattern) {
            (Self::Object(members), Self::Object(wanted)) => wanted
                .iter()
                .all(|(key, value)| members.get(key).is_some_and(|held| held.contains(value))),
            (Self::Array(elements), Self::Array(wanted)) => wanted
                .iter()
                .all(|value| elements.iter().any(|held| held.contains(value))),
            (Self::String(text), Self::String(wanted))
            | (Self::Literal(text), Self::Literal(wanted)) => text == wanted,
            _ => false,
        }
    }
}

fn read<'j, T: Deserialize<'j>>(json: &'j str) -> Result<T, InvalidValue> {
    // The syntax is valid, so only a string that Rust cannot hold is refused.
    let surrogate = |error| {
        let limit = "free of lone surrogates";
        InvalidValue::new(FIELD, limit, format_args!("an error: {error}"))
    };
    serde_json::from_str(json).map_err(surrogate)
}

fn without_nul(text: String) -> Result<String, InvalidValue> {
    if text.contains('\0') {
        return Err(InvalidValue::text(FIELD, "free of NUL characters", &text));
    }
    Ok(text)
}

/// The JSON text of a string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
