use serde_json::{Value, json};

use super::files::{Folder, line};
use super::imported::Imported;

/// The counts of what is removed, and of what is kept as stuck. The imported tasks were never
/// finished.
fn counts(answer: &Value) -> [u64; 4] {
    let count = |value: &Value| value.as_u64().unwrap();
    [
        count(&answer["tasks"]),
        count(&answer["entries"]),
        count(&answer["stuck"]["tasks"]),
        count(&answer["stuck"]["entries"]),
    ]
}

const CLEANUP: [&str; 4] = ["cleanup", "--days", "1", "--include-unfinished"];

#[test]
fn dry_run_reports_and_cleanup_removes_the_same_tasks() {
    let imported = Imported::new();
    let dry_run = [&CLEANUP[..], &["--dry-run"]].concat();
    let dry = imported.json(&dry_run);

    assert_eq!(counts(&dry), [2, 4, 1, 1]);
    assert_eq!(
        (&dry["dry_run"], &dry["complete"]),
        (&json!(true), &json!(true))
    );
    assert!(dry["bytes"].as_u64().unwrap() > 0, "{dry}");
    assert_eq!(imported.json(&["stats"])["tasks"], 3);
    imported.prints(&dry_run, "would remove 2 tasks with 4 entries, about ");

    let real = imported.json(&CLEANUP);

    assert_eq!(counts(&real), [2, 4, 1, 1]);
    assert_eq!(real["partitions"], json!([]));
    assert_eq!(imported.json(&["stats"])["entries"], 1);
    imported.prints(
        &CLEANUP,
        "removed 0 tasks with 0 entries\nkept as stuck: 1 task with 1 entry, pending or running",
    );
    assert_eq!(
        counts(&imported.json(&["cleanup", "--days", "1", "--include-stuck"])),
        [1, 1, 0, 0]
    );
    assert_eq!(imported.json(&["stats"])["entries"], 0);
}

#[test]
fn unfinished_tasks_are_kept_and_reported() {
    let imported = Imported::new();
    imported.json(&["cancel", "alice", "b"]);
    let days = "--days=0";

    let dry = imported.json(&["cleanup", days, "--dry-run"]);
    assert_eq!(counts(&dry), [1, 1, 1, 1]);
    assert_eq!(dry["unfinished"], json!({ "tasks": 1, "entries": 3 }));
    imported.prints(
        &["cleanup", days],
        "kept as unfinished: 1 task with 3 entries, never finished",
    );
    assert_eq!(imported.task_ids(&["--all"]), ["a", "c"]);

    imported.prints(
        &["cleanup", days, "--include-unfinished", "--include-stuck"],
        "removed 2 tasks with 4 entries",
    );
}

#[test]
fn options_narrow_what_is_removed() {
    let imported = Imported::new();
    let removed = |args: &[&str]| imported.json(&[&CLEANUP, args].concat());

    assert_eq!(removed(&["--keep", "2"])["tasks"], 0);
    assert_eq!(
        removed(&["--user", "bob", "--status", "failed"])["tasks"],
        0
    );
    assert_eq!(
        removed(&["--user", "alice", "--status", "failed"])["tasks"],
        1
    );
    assert_eq!(imported.json(&["stats", "--user", "alice"])["tasks"], 1);
    assert_eq!(
        removed(&["--user", "bob", "--status", "running"])["tasks"],
        1
    );
}

#[test]
fn configured_rules_are_applied_only_if_asked_for() {
    let imported = Imported::new();
    let folder = Folder::new();
    let file = folder.file(
        "t.toml",
        "[retention]\ncompleted = \"2d\"\nfailed = \"36500d\"\ncancelled = \"2d\"\nkeep_unfinished = false\n",
    );
    let configured = [
        "--config",
        file.to_str().unwrap(),
        "cleanup",
        "--configured",
    ];

    let neither = imported.run(&["--config", file.to_str().unwrap(), "cleanup"]);
    let unset = imported.run(&["cleanup", "--configured"]);
    let both = imported.run(&["cleanup", "--configured", "--keep", "1"]);
    for (refused, words) in [
        (neither, "--days"),
        (unset, "no retention"),
        (both, "--keep"),
    ] {
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(words), "{words}: {refused:?}");
    }
    assert_eq!(imported.json(&["stats"])["tasks"], 3);
    let dry = imported.json(&[&configured[..], &["--dry-run"]].concat());
    imported.prints(
        &[&configured[..], &["--dry-run"]].concat(),
        "completed or cancelled for 2 days:\nwould remove 1 task with 3 entries",
    );
    let real = imported.json(&configured);

    for answer in [&dry["rules"], &real["rules"]] {
        assert_eq!(answer[0]["statuses"], json!(["completed", "cancelled"]));
        assert_eq!(answer[0]["older_than_s"], 172_800);
        assert_eq!(counts(&answer[0])[..2], [1, 3]);
        assert_eq!(answer[1]["statuses"], json!(["failed"]));
        assert_eq!(counts(&answer[1])[..2], [0, 0]);
    }
    assert_eq!(imported.task_ids(&["alice"]), ["b"]);
}

#[test]
fn option_is_suggested_only_if_it_would_remove_more() {
    let imported = Imported::new();
    let hints = |args: &[&str]| {
        let cleanup = ["cleanup", "--days", "1", "--dry-run"];
        let printed = imported.run(&[&cleanup, args].concat()).good().stdout;
        [
            "kept as stuck",
            "--include-stuck",
            "kept as unfinished",
            "--include-unfinished",
        ]
        .map(|text| printed.contains(text))
    };
    let [yes, no] = [true, false];

    assert_eq!(hints(&[]), [yes, yes, yes, yes]);
    assert_eq!(hints(&["--include-stuck"]), [no, no, yes, yes]);
    assert_eq!(hints(&["--include-unfinished"]), [yes, yes, no, no]);
    assert_eq!(
        hints(&["--include-stuck", "--include-unfinished"]),
        [no, no, no, no]
    );
    assert_eq!(hints(&["--status", "failed"]), [yes, no, yes, yes]);
    // It is the only task of its user.
    assert_eq!(hints(&["--keep", "1"]), [no, no, yes, yes]);
}

#[test]
fn task_with_recent_activity_keeps_all_its_entries() {
    let mut recent = line("a", 1, "completed");
    recent.as_object_mut().unwrap().remove("recorded_at");
    let imported = Imported::of(&[line("a", 0, "running"), recent, line("b", 0, "completed")]);

    let removed = imported.json(&CLEANUP);

    assert_eq!(removed["tasks"], 1);
    assert_eq!(imported.json(&["stats", "--user", "alice"])["entries"], 2);
}

#[test]
fn cleanup_spans_batches_and_stops_when_the_time_budget_is_used_up() {
    let lines: Vec<_> = (0..250)
        .map(|n| line(&format!("t{n}"), 0, "completed"))
        .collect();
    let imported = Imported::of(&lines);
    let cleanup = CLEANUP;

    let at_once = imported.json(&[cleanup.as_slice(), &["--time-budget", "0s"]].concat());
    imported.prints(
        &[cleanup.as_slice(), &["--time-budget", "0s"]].concat(),
        "run the command again to continue",
    );
    let rest = imported.json(
        &[
            cleanup.as_slice(),
            &["--time-budget", "1h", "--no-throttle"],
        ]
        .concat(),
    );

    assert_eq!(
        (&at_once["tasks"], &at_once["complete"]),
        (&json!(0), &json!(false))
    );
    // The time budget covers the whole command, so nothing is estimated.
    assert_eq!(
        (&at_once["stuck"], &at_once["bytes"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(
        (&rest["tasks"], &rest["complete"]),
        (&json!(250), &json!(true))
    );
}

#[test]
fn cleanup_of_a_partitioned_store_reports_partitions() {
    let imported = Imported::new();
    imported.prints(
        &["migrate", "partition", "--dry-run"],
        "the entries are not partitioned",
    );
    let refused = imported.run(&["migrate", "partition"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("--yes"), "{refused:?}");

    let made = imported.json(&["migrate", "partition", "--yes", "--months-ahead", "1"]);
    let again = imported.json(&["migrate", "partition", "--months-ahead", "1"]);
    imported.prints(&["migrate", "partition"], "months ahead");
    imported.prints(&["migrate", "check"], "the schema matches this version");
    let kept = imported.json(&["cleanup", "--days", "1", "--dry-run"]);
    let removed = imported.json(&[&CLEANUP[..], &["--include-stuck"]].concat());

    let first = made["made"][0].as_str().unwrap();
    assert!(first.starts_with("task_history_before_"), "{made}");
    assert_eq!(again["made"], json!([]));
    // The number of months between the first and the last one depends on the day of the month.
    assert_eq!(again["partitions"], made["partitions"]);
    let partitions = made["partitions"].as_array().unwrap();
    assert!(partitions.len() >= 2, "{made}");
    for pair in partitions.windows(2) {
        assert_eq!(pair[0]["until"], pair[1]["from"], "{made}");
    }
    // The first partition ends in the future, so its tasks are removed row by row.
    let kept = kept["kept_partitions"].as_array().unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(kept[0]["partition"], partitions[0]["name"]);
    assert_eq!(kept[0]["reason"], "ends_after_cutoff");
    assert!(kept[0]["droppable_from"].is_string(), "{kept:?}");
    assert_eq!(removed["kept_partitions"], json!([]));
    assert_eq!(
        (&removed["tasks"], &removed["partitions"]),
        (&json!(3), &json!([]))
    );
    assert_eq!(imported.json(&["stats"])["entries"], 0);
}

#[test]
fn kept_partition_is_listed_with_its_reason() {
    let imported = Imported::of(&[line("a", 0, "running")]);
    assert_eq!(
        imported.json(&["cleanup", "--days", "1", "--dry-run"])["kept_partitions"],
        json!([])
    );
    imported.json(&["migrate", "partition", "--yes", "--months-ahead", "1"]);

    for args in [["--days", "90"].as_slice(), &["--days", "90", "--dry-run"]] {
        let answer = imported.json(&[&["cleanup"], args].concat());
        let [kept] = answer["kept_partitions"].as_array().unwrap().as_slice() else {
            panic!("one partition has entries: {answer}");
        };
        assert_eq!(kept["reason"], "ends_after_cutoff", "{kept}");
        assert!(kept["droppable_from"].is_string(), "{kept}");
    }
    imported.prints(
        &["cleanup", "--days", "90", "--dry-run"],
        "it ends after the cutoff; it can be dropped from",
    );
    let narrow = imported.json(&["cleanup", "--days", "90", "--keep", "5"]);
    assert_eq!(narrow["kept_partitions"][0]["reason"], "narrow_policy");
}

#[test]
fn removed_tasks_are_reported_even_if_partitions_cannot_be_inspected() {
    let imported = Imported::new();
    imported.json(&["migrate", "partition", "--yes"]);
    let foreign = "CREATE TABLE rest PARTITION OF task_history DEFAULT";
    imported.database.execute(foreign).unwrap();

    let removed = imported.run(&[&CLEANUP[..], &["--format", "json"]].concat());

    assert_eq!(removed.code, Some(0), "{removed:?}");
    let answer: Value = serde_json::from_str(&removed.stdout).unwrap();
    assert_eq!(counts(&answer), [2, 4, 1, 1]);
    assert_eq!(answer["drop_failures"].as_array().unwrap().len(), 1);
    let stderr = &removed.stderr;
    assert!(
        stderr.contains("cannot determine why partitions are kept: "),
        "{stderr}"
    );
}
