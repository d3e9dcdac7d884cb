//! Documents, over random JSON.

use proptest::prelude::*;
use serde_json::Value;
use tasktrail_conformance::json_texts::{any_json, any_json_text};
use tasktrail_domain::JsonText;
use tasktrail_domain::task_history::{TaskStatus, TaskStepResult};

proptest! {
    #[test]
    fn a_text_is_refused_only_for_a_duplicate_key(json in any_json()) {
        if let Err(error) = json.parse::<JsonText>() {
            prop_assert!(error.to_string().contains("duplicate keys"), "{error}");
        }
    }

    #[test]
    fn the_text_of_a_document_is_that_document(document in any_json_text()) {
        let again: JsonText = document.as_str().parse().unwrap();

        prop_assert_eq!(again.as_str(), document.as_str());
        prop_assert_eq!(JsonText::of(&document).unwrap(), document);
    }

    #[test]
    fn a_step_result_is_read_as_it_was_written(document in any_json_text(), message: String) {
        let fetched = TaskStepResult::builder("fetch", TaskStatus::Running);
        let fetched = fetched.result(&document).message(message).build().unwrap();

        let json = serde_json::to_string(&fetched).unwrap();
        let read: TaskStepResult = serde_json::from_str(&json).unwrap();

        prop_assert_eq!(&read, &fetched);
        prop_assert_eq!(read.result(), &document);
    }

    /// Where `serde_json` reads a text, it reads the same from the document. The keys that `serde_json`
    /// uses itself are the exception: whether it reads an object with one of them depends on the order of
    /// the keys, and a document has them sorted.
    #[test]
    fn a_document_means_what_its_text_means(json in any_json()) {
        if let (Ok(value), Ok(document)) = (serde_json::from_str::<Value>(&json), json.parse::<JsonText>()) {
            match document.deserialize::<Value>() {
                Ok(read) => prop_assert_eq!(read, value),
                Err(error) => prop_assert!(json.contains("$serde_json::private::"), "{error}"),
            }
        }
    }

    #[test]
    fn a_value_that_is_given_is_the_same_document(document in any_json_text()) {
        if let Ok(value) = document.to_value() {
            let given = JsonText::of(&value).unwrap();
            prop_assert_eq!(given.to_value().unwrap(), value.clone());
            prop_assert_eq!(document.deserialize::<Value>().unwrap(), value);
        }
    }
}
