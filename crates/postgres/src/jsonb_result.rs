//! Stores step results, and other JSON, as `jsonb` documents without loss.
//!
//! `jsonb` cannot store the NUL character and lone surrogates, and it normalizes numbers: `1e17`
//! would be read back as `100000000000000000`, and `-0.0` as `0.0`. Such values are escaped with
//! the character U+241B (`␛`, "symbol for escape"):
//!
//! | value | stored as |
//! | --- | --- |
//! | NUL in a string or a key | `␛␀` (U+2400, "symbol for null") |
//! | a lone surrogate, such as U+D835, in a string or a key | `␛ud835` |
//! | `␛` in a string or a key | `␛␛` |
//! | a number with an exponent, a negative zero, or one of more than 1000 characters | the string `␛#` and the number |
//!
//! Everything else is stored unchanged, and is easy to read in `psql`.

mod document;
mod escape;
mod json_text;

use std::borrow::Cow;
use std::io;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use serde::{Serialize, de};
use tasktrail_domain::task_history::{ResultLimit, TaskStepResult, UncheckedStepResult};

pub(crate) use self::document::{SentDocument, StoredDocument};
use self::escape::Escaper;
pub(crate) use self::json_text::{SentJson, StoredJson};

const MARK: char = '␛';
const NUL: char = '␀';
const NUMBER: char = '#';
const SURROGATE: char = 'u';

/// First byte of every `jsonb` value in binary format: the version of the format.
const JSONB_VERSION: u8 = 1;

/// A step result to be sent to the server. It is serialized without an intermediate copy.
#[derive(Debug, Clone, Copy, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub(crate) struct SentResult<'e>(pub(crate) &'e TaskStepResult);

impl ToSql<Jsonb, Pg> for SentResult<'_> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        io::Write::write_all(out, &[JSONB_VERSION])?;
        write(self.0, out)?;
        Ok(IsNull::No)
    }
}

fn write(value: &impl Serialize, out: impl io::Write) -> serde_json::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Escaper))
}

/// A stored step result. The caller reports a decoding error, because it knows the task.
#[derive(Debug, FromSqlRow)]
pub(crate) struct StoredResult(pub(crate) serde_json::Result<TaskStepResult>);

impl FromSql<Jsonb, Pg> for StoredResult {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(read(document_of(value.as_bytes())?)))
    }
}

/// The text of a `jsonb` value in binary format.
fn document_of(value: &[u8]) -> deserialize::Result<&str> {
    let Some((&JSONB_VERSION, json)) = value.split_first() else {
        return Err("unknown version of the jsonb format".into());
    };
    Ok(str::from_utf8(json)?)
}

/// A stored step result with its size, for callers that limit the bytes in memory.
#[derive(Debug, FromSqlRow)]
pub(crate) struct MeasuredResult {
    pub(crate) result: StoredResult,
    /// Size in bytes as received.
    pub(crate) bytes: usize,
}

impl FromSql<Jsonb, Pg> for MeasuredResult {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let bytes = value.as_bytes().len();
        let result = StoredResult::from_sql(value)?;
        Ok(Self { result, bytes })
    }
}

fn read(json: &str) -> serde_json::Result<TaskStepResult> {
    let document: UncheckedStepResult = serde_json::from_str(&unescaped(json))?;
    // An accepted result can always be read, even if today's limit is lower.
    let step_result = document.check(ResultLimit::UNLIMITED);
    step_result.map_err(de::Error::custom)
}

fn unescaped(json: &str) -> Cow<'_, str> {
    if json.contains(MARK) {
        unescape(json).into()
    } else {
        json.into()
    }
}

/// Replaces the escapes in a stored document.
fn unescape(json: &str) -> String {
    let mut unescape = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, marked)) = rest.split_once(MARK) {
        unescape.push_str(before);
        let mut characters = marked.chars();
        let first = characters.next();
        rest = characters.as_str();
        match first {
            Some(NUL) => unescape.push_str(r"\u0000"),
            // Four hexadecimal digits follow.
            Some(SURROGATE) => unescape.push_str(r"\u"),
            Some(NUMBER) => {
                // The number was stored as a string; remove the quotes.
                unescape.pop();
                let (number, after) = rest.split_once('"').unwrap_or((rest, ""));
                unescape.push_str(number);
                rest = after;
            }
            other => unescape.extend(other),
        }
    }
    unescape.push_str(rest);
    unescape
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tasktrail_conformance::json_texts::any_json_text;
    use tasktrail_domain::JsonText;
    use tasktrail_domain::task_history::TaskStatus;

    use super::*;

    fn document(result: &JsonText, message: &str) -> TaskStepResult {
        TaskStepResult::builder("fetch", TaskStatus::Running)
            .result(result)
            .message(message)
            .build()
            .unwrap()
    }

    fn stored(document: &TaskStepResult) -> String {
        let mut bytes = Vec::new();
        write(document, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// The stored form of a result, without the rest of the document.
    fn stored_result(json: &str) -> String {
        let stored = stored(&document(&json.parse().unwrap(), ""));
        let (_, result) = stored.split_once(r#""result":"#).unwrap();
        let (result, _) = result.rsplit_once(r#","completed""#).unwrap();
        result.to_owned()
    }

    #[test]
    fn values_that_jsonb_can_store_are_unchanged() {
        let whole =
            r#"{"a":"a\\u0000 \u0001 é “","n":[0,-1,1.50,100.0,18446744073709551616,0.00]}"#;

        assert_eq!(stored_result(whole), whole);
    }

    #[test]
    fn values_that_jsonb_cannot_store_are_escaped() {
        let long = "1".repeat(1001);
        let marked = [
            (r#"{"a\u0000":"b\u0000c␛"}"#, r#"{"a␛␀":"b␛␀c␛␛"}"#),
            (
                "[1e17,1E-5,-0,-0.00]",
                r#"["␛#1e17","␛#1E-5","␛#-0","␛#-0.00"]"#,
            ),
            (r#"{"\udc00":"\\\ud835x"}"#, r#"{"␛udc00":"\\␛ud835x"}"#),
            (&long, &format!("\"␛#{long}\"")),
        ];

        for (json, expected) in marked {
            assert_eq!(stored_result(json), expected);
        }
    }

    /// Written by versions before JSON was kept as text.
    #[test]
    fn earlier_documents_are_read_as_before() {
        let earlier = r#"{"step": "fetch", "result": {"a␛␀": "b␛␀c␛␛", "n": ["␛#1e+17", "␛#-0.0", 1.5]},
            "completed": false, "message": "␛␛#1", "status": "running", "error_code": null,
            "error_message": null}"#;
        let result = r#"{"a\u0000":"b\u0000c␛","n":[1e+17,-0.0,1.5]}"#.parse().unwrap();

        assert_eq!(read(earlier).unwrap(), document(&result, "␛#1"));
    }

    #[test]
    fn invalid_escape_is_refused() {
        let stored = stored(&document(&r#""x""#.parse().unwrap(), ""));

        for foreign in ["␛#x", "␛#", "␛uxyz0"] {
            let foreign = stored.replace('x', foreign);
            assert!(
                foreign.contains('␛') && read(&foreign).is_err(),
                "{foreign}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_document_comes_back_equal(result in any_json_text(), message in any::<String>()) {
            let document = document(&result, &message);
            let stored = stored(&document);

            prop_assert!(!stored.contains("\\u0000"), "{}", stored);
            prop_assert_eq!(read(&stored)?, document);
        }
    }
}
