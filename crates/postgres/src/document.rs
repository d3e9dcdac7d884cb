//! Step results as `jsonb` documents, without loss.
//!
//! `jsonb` cannot hold the NUL character and lone surrogates, and it keeps numbers as decimals: `1e17`
//! would come back as `100000000000000000`, and `-0.0` as `0.0`. What it cannot hold is written as text
//! behind a mark, the character U+241B (`␛`, "symbol for escape"):
//!
//! | value | stored as |
//! | --- | --- |
//! | NUL in a text or a key | `␛␀` (U+2400, "symbol for null") |
//! | a lone surrogate, such as U+D835, in a text or a key | `␛ud835` |
//! | `␛` in a text or a key | `␛␛` |
//! | a number with an exponent, a negative zero, or one of more than 1000 characters | the text `␛#` and the number |
//!
//! Everything else, which is nearly everything, is stored unchanged and reads well in `psql`.

mod escape;

use std::io;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use serde::{Serialize, de};
use tasktrail_domain::task_history::{ResultLimit, TaskStepResult, UncheckedStepResult};

use self::escape::Escaper;

const MARK: char = '␛';
const NUL: char = '␀';
const NUMBER: char = '#';
const SURROGATE: char = 'u';

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
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Escaper))
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
    let document: UncheckedStepResult = if json.contains(MARK) {
        serde_json::from_str(&unescape(json))?
    } else {
        serde_json::from_str(json)?
    };
    // What was accepted once is read back, whatever today's limit is.
    let step_result = document.check(ResultLimit::UNLIMITED);
    step_result.map_err(de::Error::custom)
}

/// The JSON that was marked.
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
            // Its four digits follow.
            Some(SURROGATE) => unescape.push_str(r"\u"),
            Some(NUMBER) => {
                // The quotes around it go as well.
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

    /// How a document of that result is stored, without what stands around the result.
    fn stored_result(json: &str) -> String {
        let stored = stored(&document(&json.parse().unwrap(), ""));
        let (_, result) = stored.split_once(r#""result":"#).unwrap();
        let (result, _) = result.rsplit_once(r#","completed""#).unwrap();
        result.to_owned()
    }

    #[test]
    fn what_jsonb_can_hold_is_stored_unchanged() {
        let whole =
            r#"{"a":"a\\u0000 \u0001 é “","n":[0,-1,1.50,100.0,18446744073709551616,0.00]}"#;

        assert_eq!(stored_result(whole), whole);
    }

    #[test]
    fn what_jsonb_cannot_hold_is_stored_behind_a_mark() {
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

    /// What versions before JSON was kept as text have written.
    #[test]
    fn earlier_documents_are_read_as_before() {
        let earlier = r#"{"step": "fetch", "result": {"a␛␀": "b␛␀c␛␛", "n": ["␛#1e+17", "␛#-0.0", 1.5]},
            "completed": false, "message": "␛␛#1", "status": "running", "error_code": null,
            "error_message": null}"#;
        let result = r#"{"a\u0000":"b\u0000c␛","n":[1e+17,-0.0,1.5]}"#.parse().unwrap();

        assert_eq!(read(earlier).unwrap(), document(&result, "␛#1"));
    }

    #[test]
    fn a_mark_that_nobody_wrote_is_no_document() {
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
