//! IDs, times and texts at the limits of the domain.

use serde_json::{Value, json};
use tasktrail_domain::task_history::TaskStatus::{Failed, Running};
use tasktrail_domain::task_history::{
    ErrorCode, FinalStatus, RemovalLimits, ResultLimit, RetentionPolicy, TaskFilter, TaskStepResult,
};
use tasktrail_domain::timestamp::Timestamp;

use crate::History;
use crate::fixture::{Edit, INSTANT, Writer, task, task_of, user, with_error};

/// IDs, names and codes may contain any characters except NUL, and up to 255 bytes.
pub async fn ids_may_hold_any_characters(history: &History) {
    let writer = Writer::default();
    let long = ["a".repeat(255), "ä".repeat(127), "🦀".repeat(63)];
    for text in ID_TEXTS.into_iter().chain(long.iter().map(String::as_str)) {
        let key = task_of(text, text);
        let code = ErrorCode::new(text).unwrap();
        let step_result = TaskStepResult::builder(text, Failed).error(code.clone(), text);
        let entry = writer
            .step(&key, 1, Failed)
            .with(step_result.build().unwrap());
        history.save(&entry).await;

        assert_eq!(history.save(&entry).await, Failed, "{text:?} again");
        assert_eq!(history.steps(&key).await, [entry], "{text:?}");
        let found = history.list(&key.user, &with_error(code)).await;
        assert_eq!(
            found.iter().map(|found| &found.task).collect::<Vec<_>>(),
            [&key]
        );
    }
}

const ID_TEXTS: [&str; 30] = [
    "it's",
    "\"quoted\"",
    "100%",
    "a_b",
    "a,b",
    "{a}",
    "{\"a\",NULL}",
    "NULL",
    "(a)",
    "a\\b",
    "\\N",
    "\\x00",
    "\\u0000",
    "$1",
    ":name",
    "?",
    "--",
    "/* */",
    ";",
    "line\nbreak",
    "tab\t",
    " ",
    "\u{1}",
    "\u{7f}",
    "\u{feff}",
    "\u{e000}",
    "\u{fffd}",
    "\u{ffff}",
    "\u{10ffff}",
    "🦀",
];

/// Messages may contain any characters, including NUL.
pub async fn messages_may_hold_any_characters(history: &History) {
    let writer = Writer::default();
    let texts = [
        "",
        "\0",
        "a\0b\0",
        "\\u0000",
        "\u{1}",
        "\u{fffe}",
        "\u{e000}0",
        "\r\n",
        "\"'\\🦀",
    ];
    for (step, text) in (0..).zip(texts) {
        let failed = TaskStepResult::builder("fetch", Failed).message(text);
        let failed = failed.error(ErrorCode::EXECUTION, text).build().unwrap();
        let entry = writer.step(&task("report"), step, Failed).with(failed);
        history.save(&entry).await;

        assert_eq!(history.save(&entry).await, Failed, "{text:?} again");
        let loaded = history.steps(&entry.task).await;
        assert_eq!(loaded.last(), Some(&entry), "{text:?}");
    }
}

/// A step result may have an error code without a message, or the reverse, with any status.
pub async fn error_code_and_message_are_independent(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let halves = [
        (json!("E003"), Value::Null),
        (Value::Null, json!("refused")),
        (json!("E003"), json!("")),
        (Value::Null, json!("")),
    ];
    for (step, (code, message)) in (0..).zip(halves) {
        let entry = writer.step(&report, step, Running);
        let mut document = serde_json::to_value(&entry.step_result).unwrap();
        document["error_code"] = code.clone();
        document["error_message"] = message;
        let entry = entry.with(serde_json::from_value(document).unwrap());
        history.save(&entry).await;

        let summary = history.summary(&report).await;
        assert_eq!(history.steps(&report).await.last(), Some(&entry));
        assert_eq!(json!(summary.error_code), code);
    }
}

/// Instants are stored with microsecond precision, from year 1 to year 9999.
pub async fn instants_are_kept_to_the_microsecond(history: &History) {
    let writer = Writer::default();
    let instants = ascending_instants();
    for (n, instant) in instants.into_iter().enumerate() {
        let task = task(&n.to_string());
        let entry = writer.step(&task, 1, Running).recorded(instant);
        history.save(&entry).await;
        history.finish(&task, FinalStatus::Failed, instant).await;

        let summary = history.summary(&task).await;
        assert_eq!(history.steps(&task).await, [entry]);
        assert_eq!(summary.finished_at, Some(instant));
        assert_eq!(
            (summary.created_at, summary.last_updated),
            (instant, instant)
        );
    }
    let pages = history
        .list_pages(&user("alice"), &TaskFilter::default(), 1)
        .await;
    let listed: Vec<_> = pages
        .concat()
        .iter()
        .map(|summary| summary.last_updated)
        .rev()
        .collect();
    assert_eq!(listed, instants);
}

fn ascending_instants() -> [Timestamp; 8] {
    let (first, epoch, last) = (Timestamp::MIN, Timestamp::default(), Timestamp::MAX);
    [
        first,
        first.saturating_add(INSTANT),
        "1969-07-20T20:17:40.123457Z".parse().unwrap(),
        epoch.saturating_sub(INSTANT),
        epoch,
        epoch.saturating_add(INSTANT),
        last.saturating_sub(INSTANT),
        last,
    ]
}

/// The first and the last instant also work in filters and as cutoffs.
pub async fn the_first_and_last_instants_work_as_bounds(history: &History) {
    let writer = Writer::default();
    for (id, time) in [("first", Timestamp::MIN), ("last", Timestamp::MAX)] {
        history
            .save(&writer.step(&task(id), 1, Running).recorded(time))
            .await;
    }
    let between = TaskFilter::default()
        .with_since(Timestamp::MIN)
        .with_until(Timestamp::MAX);

    let found = history.list(&user("alice"), &between).await;
    let policy = RetentionPolicy::every_task_before(Timestamp::MAX);
    let removed = history.remove(&policy, &RemovalLimits::default()).await;

    assert_eq!(
        found
            .into_iter()
            .map(|found| found.task)
            .collect::<Vec<_>>(),
        [task("first")]
    );
    assert_eq!((removed.tasks, removed.entries), (1, 1));
    assert_eq!(history.status(&task("last")).await, Some(Running));
}

/// Entry IDs may have the smallest and the greatest value.
pub async fn entry_ids_may_be_the_smallest_and_the_greatest(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let ids = [
        "ffffffff-ffff-7fff-bfff-ffffffffffff",
        "00000000-0000-7000-8000-000000000000",
        "80000000-0000-7000-8000-000000000000",
        "7fffffff-ffff-7fff-bfff-ffffffffffff",
    ];
    let entries = ids.map(|id| writer.step(&report, 1, Running).under(id.parse().unwrap()));

    for entry in &entries {
        history.save(entry).await;
    }

    assert_eq!(history.trail(&report).await, entries);
    assert_eq!(history.steps(&report).await, [entries[3].clone()]);
}

/// A result and its messages may be as large as the limit, including a raised one.
pub async fn results_and_messages_may_be_as_large_as_the_limit(history: &History) {
    const MIB: usize = 1 << 20;
    let writer = Writer::default();
    let limits = [
        (MIB, ResultLimit::DEFAULT),
        (2 * MIB, ResultLimit::bytes(2 * MIB)),
    ];
    for (step, (size, limit)) in (0..).zip(limits) {
        let large = TaskStepResult::builder("fetch", Failed)
            .result(json!("é".repeat(size / 2 - 1)))
            .message("m".repeat(size))
            .error(ErrorCode::EXECUTION, "e\0".repeat(size / 2))
            .limit(limit);
        let entry = writer
            .step(&task("report"), step, Failed)
            .with(large.build().unwrap());
        history.save(&entry).await;

        assert_eq!(history.save(&entry).await, Failed, "again");
        let loaded = history.steps(&entry.task).await;
        assert!(loaded.last() == Some(&entry), "{size} bytes were changed");
    }
}
