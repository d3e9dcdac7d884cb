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

mod marking;

use std::io;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use serde::{Deserialize, Serialize, de};
use serde_json::{Map, Value};
use tasktrail_domain::task_history::{ResultLimit, TaskStepResult, UncheckedStepResult};

use self::marking::Marking;

const MARK: char = '␛';
const NUL: char = '␀';
const NUMBER: char = '#';

/// What every `jsonb` value begins with on its way: the version of its form.
const JSONB_VERSION: u8 = 1;

/// A step result on its way to the server, written straight from its parts.
#[derive(Debug, Clone, Copy, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub(crate) struct Document<'e>(pub(crate) &'e TaskStepResult);

impl ToSql<Jsonb, Pg> for Document<'_> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        io::Write::write_all(out, &[JSONB_VERSION])?;
        write(self.0, out)?;
        Ok(IsNull::No)
    }
}

fn write(value: &impl Serialize, out: impl io::Write) -> serde_json::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Marking))
}

/// A stored step result as it was read. What is wrong with it is for the one to tell who knows whose it is.
#[derive(Debug, FromSqlRow)]
pub(crate) struct StoredDocument(pub(crate) serde_json::Result<TaskStepResult>);

impl FromSql<Jsonb, Pg> for StoredDocument {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let Some((&JSONB_VERSION, json)) = value.as_bytes().split_first() else {
            return Err("jsonb of an unknown form".into());
        };
        Ok(Self(read(str::from_utf8(json)?)))
    }
}

/// A stored step result, for those who hold only so many bytes of them.
#[derive(Debug, FromSqlRow)]
pub(crate) struct MeasuredDocument {
    pub(crate) document: StoredDocument,
    /// Its length as it came.
    pub(crate) bytes: usize,
}

impl FromSql<Jsonb, Pg> for MeasuredDocument {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let bytes = value.as_bytes().len();
        let document = StoredDocument::from_sql(value)?;
        Ok(Self { document, bytes })
    }
}

fn read(json: &str) -> serde_json::Result<TaskStepResult> {
    let document = if json.contains(MARK) {
        UncheckedStepResult::deserialize(unmarked(serde_json::from_str(json)?)?)?
    } else {
        serde_json::from_str::<UncheckedStepResult>(json)?
    };
    // What was accepted once is read back, whatever today's limit is.
    let step_result = document.check(ResultLimit::UNLIMITED);
    step_result.map_err(de::Error::custom)
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

    fn stored(value: &Value) -> String {
        let mut bytes = Vec::new();
        write(value, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_jsonb_can_hold_is_stored_as_it_is() {
        let value =
            json!({"text": "a\\u0000 \u{1} é", "n": [1, -1, 1.5, 100.0, u64::MAX], "b": null});

        assert_eq!(stored(&value), value.to_string());
    }

    #[test]
    fn what_jsonb_cannot_hold_is_stored_behind_a_mark() {
        let value = json!({"a\0": "b\0c␛", "n": [1e17, -0.0, 5e-324]});

        assert_eq!(
            stored(&value),
            r#"{"a␛␀":"b␛␀c␛␛","n":["␛#1e+17","␛#-0.0","␛#5e-324"]}"#
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
            let stored = stored(&value);

            prop_assert!(!stored.contains("\\u0000"));
            prop_assert_eq!(unmarked(serde_json::from_str(&stored)?)?, value);
        }
    }
}
