//! Property tests of JSON documents.

use proptest::prelude::*;
use serde_json::Value;
use tasktrail_conformance::json_texts::{any_json, any_json_text};
use tasktrail_domain::JsonText;
use tasktrail_domain::task_history::{TaskStatus, TaskStepResult};

proptest! {
    #[test]
    fn a_json_text_is_refused_only_for_a_duplicate_key(json in any_json()) {
        if let Err(error) = json.parse::<JsonText>() {
            prop_assert!(error.to_string().contains("duplicate keys"), "{error}");
        }
    }

    #[test]
    fn a_document_round_trips_through_its_text(document in any_json_text()) {
        let again: JsonText = document.as_str().parse().unwrap();

        prop_assert_eq!(again.as_str(), document.as_str());
        prop_assert_eq!(JsonText::of(&document).unwrap(), document);
    }

    #[test]
    fn a_step_result_round_trips_through_json(document in any_json_text(), message: String) {
        let fetched = TaskStepResult::builder("fetch", TaskStatus::Running);
        let fetched = fetched.result(&document).message(message).build().unwrap();

        let json = serde_json::to_string(&fetched).unwrap();
        let read: TaskStepResult = serde_json::from_str(&json).unwrap();

        prop_assert_eq!(&read, &fetched);
        prop_assert_eq!(read.result(), &document);
    }

    /// If `serde_json` can read a text, it reads the same value from the document. The exception is
    /// an object with one of the keys that `serde_json` reserves: whether it can read that object
    /// depends on the order of the keys, and a document sorts them.
    #[test]
    fn a_document_deserializes_like_its_text(json in any_json()) {
        if let (Ok(value), Ok(document)) = (serde_json::from_str::<Value>(&json), json.parse::<JsonText>()) {
            match document.deserialize::<Value>() {
                Ok(read) => prop_assert_eq!(read, value),
                Err(error) => prop_assert!(json.contains("$serde_json::private::"), "{error}"),
            }
        }
    }

    #[test]
    fn a_document_round_trips_through_a_value(document in any_json_text()) {
        if let Ok(value) = document.to_value() {
            let given = JsonText::of(&value).unwrap();
            prop_assert_eq!(given.to_value().unwrap(), value.clone());
            prop_assert_eq!(document.deserialize::<Value>().unwrap(), value);
        }
    }
}
