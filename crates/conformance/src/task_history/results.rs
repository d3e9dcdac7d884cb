//! Step results: any JSON is returned exactly as it was saved.

use serde::Serialize;
use serde_json::{Map, Value, json};
use tasktrail_domain::JsonText;
use tasktrail_domain::task_history::TaskStatus::Running;
use tasktrail_domain::task_history::{ResultLimit, operation};

use crate::History;
use crate::fixture::{Edit, Writer, assert_conflict, task};

/// Lone surrogate escapes are returned as saved.
pub async fn lone_surrogates_come_back_as_given(history: &History) {
    let writer = Writer::default();
    let halves = [
        r"\ud835",
        r"\udc00",
        r"\udfff\ud800",
        r"a\ud83db",
        r"\u0000\ud835␛ud835",
    ];

    for half in halves {
        assert_kept(history, &writer, text(&format!(r#""{half}""#))).await;
        let nested = format!(r#"[{{"{half}":["{half}"]}},"\\{half}"]"#);
        assert_kept(history, &writer, text(&nested)).await;
    }
}

/// The order of an object's members and the spelling of its strings are not part of a result.
pub async fn spellings_of_a_result_are_the_same_result(history: &History) {
    let entry = Writer::default().step(&task("report"), 1, Running);
    let spellings = [
        r#"{"a":"é\n/","bb":{"c":1.50,"é":2}}"#,
        r#" { "bb" : { "\u00e9" : 2, "c" : 1.50 }, "a" : "\u00E9\u000a\/" } "#,
    ];

    for json in spellings {
        history.save(&entry.clone().giving(text(json))).await;
    }

    let steps = history.steps(&entry.task).await;
    assert_eq!(steps, [entry.giving(text(spellings[0]))]);
}

pub(super) fn text(json: &str) -> JsonText {
    json.parse().unwrap()
}

/// Texts are returned as saved, including NUL and characters that a store may use as escapes.
pub async fn texts_come_back_as_given(history: &History) {
    let writer = Writer::default();
    for text in AWKWARD {
        assert_kept(history, &writer, json!(text)).await;
        assert_kept(
            history,
            &writer,
            json!([[text], { "text": format!("a{text}b{text}{text}") }]),
        )
        .await;
    }
    assert_kept(history, &writer, json!(AWKWARD.concat())).await;
}

/// Keys are returned as saved, even if they are similar.
pub async fn keys_come_back_as_given(history: &History) {
    let writer = Writer::default();
    let object: Map<_, _> = AWKWARD
        .iter()
        .map(|key| ((*key).to_owned(), json!(key)))
        .collect();

    assert_kept(history, &writer, Value::Object(object.clone())).await;
    assert_kept(history, &writer, json!([{ "nested": { "\0": object } }])).await;
    for key in AWKWARD {
        assert_kept(
            history,
            &writer,
            json!({ key: null, (format!("{key}{key}")): key }),
        )
        .await;
    }
}

/// A result that looks like a document or an escape of the store itself is returned as saved.
pub async fn look_alikes_come_back_as_given(history: &History) {
    let writer = Writer::default();
    let look_alikes = [
        json!({
            "step": "x", "result": 1, "completed": true, "message": "", "status": "failed",
            "error_code": null, "error_message": null,
        }),
        json!("{\"a\":1}"),
        json!("null"),
        json!("\"\\u0000\""),
        json!("\\\\u0000\0"),
        json!({ "$numberLong": "1" }),
        json!({ "$serde_json::private::Number": "1e17" }),
        json!({ "$serde_json::private::RawValue": "1e17" }),
        json!([{ "a": { "$serde_json::private::RawValue": { "b": "[" } } }]),
        json!([{ "$serde_json::private::Number": "x", "b": 1 }]),
        json!("\u{241b}ud835"),
        json!({ "\\ud835": "\\ud835" }),
        json!({ "$escaped": "\0" }),
        json!({ "__nul": true }),
        json!("1e17"),
        json!("1.0"),
        json!({ "1e17": 1e17, "1.0": 1.0 }),
    ];

    for look_alike in look_alikes {
        assert_kept(history, &writer, look_alike).await;
    }
}

/// Empty and small values are returned as saved, and differ from a missing value.
pub async fn small_values_come_back_as_given(history: &History) {
    let writer = Writer::default();
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(""),
        json!([]),
        json!({}),
        json!([null]),
        json!({ "": "" }),
        json!([[], {}, "", null]),
        json!({ "null": null, "b": [], "a": {} }),
    ];

    for value in values {
        assert_kept(history, &writer, value).await;
    }
}

/// A result may be 100 levels deep: arrays, objects, or keys that need escapes.
pub async fn deep_results_come_back_as_given(history: &History) {
    let writer = Writer::default();
    let levels = 0..ResultLimit::MAX_DEPTH;
    let arrays = levels.clone().fold(json!(1e17), |inner, _| json!([inner]));
    let objects = levels
        .clone()
        .fold(json!("\0"), |inner, _| json!({ "a": inner }));
    let awkward = levels.fold(json!("\0"), |inner, _| json!({ "\0": inner }));

    for deep in [arrays, objects, awkward] {
        assert_kept(history, &writer, deep).await;
    }
}

/// Results that differ only in characters that a store may use as escapes are different results.
pub async fn similar_results_are_distinct(history: &History) {
    let writer = Writer::default();
    for stored in AWKWARD {
        let entry = writer
            .step(&task("report"), 1, Running)
            .giving(json!({ stored: stored }));
        history.save(&entry).await;
        for other in AWKWARD.into_iter().filter(|other| *other != stored) {
            for result in [json!({ stored: other }), json!({ other: stored })] {
                let answer = history.port().save(&entry.clone().giving(result)).await;
                assert_conflict(answer, operation::SAVE, entry.id);
            }
        }
    }
}

/// Characters that a store may escape, or use as escapes.
const AWKWARD: [&str; 36] = [
    "",
    "\0",
    "\0\0",
    "\0u0000",
    "\\u0000",
    "\\\0",
    "\\",
    "\\\\",
    "\\0",
    "\\u",
    "\u{1}",
    "\u{1}\0",
    "\u{1}\u{1}",
    "\u{10}",
    "\u{1a}",
    "\u{1b}",
    "\u{1b}0",
    "\u{7f}",
    "%00",
    "&#0;",
    "\u{2400}",
    "\u{241b}",
    "\u{241b}\0",
    "\u{241b}\u{241b}",
    "\u{241b}\u{2400}",
    "\u{241b}#1e17",
    "\u{241b}#",
    "#1e17",
    "\u{e000}",
    "\u{e000}\0",
    "\u{e000}0",
    "\u{f8ff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{10ffff}",
];

/// Saves a result twice, and panics unless it is returned as saved.
pub(super) async fn assert_kept(history: &History, writer: &Writer, result: impl Serialize) {
    let entry = writer.step(&task("report"), 0, Running).giving(result);
    history.save(&entry).await;
    history.save(&entry).await;

    let loaded = history.steps(&entry.task).await;

    assert_eq!(loaded, [entry]);
}
