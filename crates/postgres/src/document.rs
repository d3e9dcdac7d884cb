//! Step results as `jsonb` documents, without loss.
//!
//! `jsonb` cannot hold the NUL character, and it keeps numbers as decimals: `1e17` would come back as
//! the integer `100000000000000000`, and `-0.0` as `0.0`. What it cannot hold is written as text
//! behind a mark, the character U+241B (`␛`, "symbol for escape"):
//!
//! | value | stored as |
//! | --- | --- |
//! | NUL in a text or a key | `␛␀` (U+2400, "symbol for null") |
//! | `␛` in a text or a key | `␛␛` |
//! | a number with an exponent, or a negative zero | the text `␛#` and the number |
//!
//! Everything else, which is nearly everything, is stored as it is and reads well in `psql`.

use serde_json::{Map, Number, Value};
use tasktrail_domain::task_history::{ResultLimit, TaskStepResult};

const MARK: char = '␛';
const NUL: char = '␀';
const NUMBER: char = '#';

/// The document of a step result, as it is stored.
pub(crate) fn encode(step_result: &TaskStepResult) -> serde_json::Result<Value> {
    serde_json::to_value(step_result).map(marked)
}

/// The step result of a stored document.
pub(crate) fn decode(document: Value) -> serde_json::Result<TaskStepResult> {
    // What was accepted once is read back, whatever today's limit is.
    TaskStepResult::from_json(unmarked(document)?, ResultLimit::UNLIMITED)
}

fn marked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(marked_text(text)),
        Value::Number(number) => marked_number(number),
        Value::Array(items) => items.into_iter().map(marked).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, member)| (marked_text(key), marked(member)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

fn marked_text(text: String) -> String {
    if !text.contains(['\0', MARK]) {
        return text;
    }
    let mut marked = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => marked.extend([MARK, NUL]),
            MARK => marked.extend([MARK, MARK]),
            other => marked.push(other),
        }
    }
    marked
}

fn marked_number(number: Number) -> Value {
    let text = number.to_string();
    let negative_zero = text.starts_with('-') && number.as_f64() == Some(0.0);
    if negative_zero || text.contains(['e', 'E']) {
        Value::String(format!("{MARK}{NUMBER}{text}"))
    } else {
        Value::Number(number)
    }
}

fn unmarked(value: Value) -> serde_json::Result<Value> {
    Ok(match value {
        Value::String(text) => match text
            .strip_prefix([MARK])
            .and_then(|t| t.strip_prefix(NUMBER))
        {
            Some(number) => Value::Number(number.parse()?),
            None => Value::String(unmarked_text(text)),
        },
        Value::Array(items) => {
            Value::Array(items.into_iter().map(unmarked).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => members
            .into_iter()
            .map(|(key, member)| Ok((unmarked_text(key), unmarked(member)?)))
            .collect::<serde_json::Result<Map<_, _>>>()?
            .into(),
        other => other,
    })
}

fn unmarked_text(text: String) -> String {
    if !text.contains(MARK) {
        return text;
    }
    let mut characters = text.chars();
    let mut unmarked = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        match (character, character == MARK) {
            (_, true) => {
                unmarked.extend(characters.next().map(|c| if c == NUL { '\0' } else { c }));
            }
            (other, false) => unmarked.push(other),
        }
    }
    unmarked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_jsonb_can_hold_is_stored_as_it_is() {
        let value =
            json!({"text": "a\\u0000 \u{1} é", "n": [1, -1, 1.5, 100.0, u64::MAX], "b": null});

        assert_eq!(marked(value.clone()), value);
    }

    #[test]
    fn what_jsonb_cannot_hold_is_stored_behind_a_mark() {
        let value = json!({"a\0": "b\0c␛", "n": [1e17, -0.0, 5e-324]});

        assert_eq!(
            marked(value),
            json!({"a␛␀": "b␛␀c␛␛", "n": ["␛#1e+17", "␛#-0.0", "␛#5e-324"]})
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = proptest::collection::vec(
            prop_oneof![
                Just('\0'),
                Just(MARK),
                Just(NUL),
                Just(NUMBER),
                any::<char>()
            ],
            0..6,
        )
        .prop_map(|characters| characters.into_iter().collect::<String>());
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("JSON has no NaN", |n| n.is_finite())
                .prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((text.clone(), inner), 0..6)
                    .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_comes_back_equal(value in any_value()) {
            let stored = marked(value.clone()).to_string();

            prop_assert!(!stored.contains("\\u0000"));
            prop_assert_eq!(unmarked(serde_json::from_str(&stored)?)?, value);
        }
    }
}
