//! The commands `doctor`, `explain`, `analyze` and `reindex`.

use serde_json::{Value, json};
use tasktrail_test_support::{ServerOptions, TestDatabase};

use super::imported::{Imported, saved};
use super::tool::run;

/// The codes of the findings, without the one that a loaded machine may add.
fn codes(answer: &Value) -> Vec<&str> {
    let findings = answer["findings"].as_array().unwrap().iter();
    findings
        .map(|found| found["code"].as_str().unwrap())
        .filter(|code| *code != "slow_round_trip")
        .collect()
}

#[test]
fn doctor_passes_a_healthy_database_and_lists_the_checks() {
    let server = ServerOptions::default().durable().start().unwrap();
    let database = TestDatabase::create(&server);
    let doctor = |more: &[&str]| {
        let url = database.url();
        run([&["doctor", "--database-url", &url], more].concat()).good()
    };
    run(["migrate", "--database-url", &database.url()]).good();

    let page = doctor(&[]).stdout;
    let answer = doctor(&["--format", "json"]).json();

    let summary = page.lines().next();
    assert!(matches!(summary, Some("1 notice" | "2 notices")), "{page}");
    for text in [
        "[pg_stat_statements_missing]",
        "task_created_idx",
        "smaller indexes: ",
        "checked: connection",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let widest = page.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(160), "{page}");
    assert_eq!(
        (codes(&answer), &answer["worst"]),
        (vec!["pg_stat_statements_missing"], &json!("notice"))
    );
    assert_eq!(answer["facts"]["tables"][0]["name"], "task_history");
    // The statement timeout is at least as long as an attempt of the tool, which is 120 seconds.
    assert_eq!(
        answer["facts"]["connection"]["statement_timeout_ms"],
        120_000
    );
}

#[test]
fn critical_findings_come_first_and_set_the_exit_status() {
    // The shared test server runs with `fsync = off`.
    let imported = Imported::new();

    let page = imported.run(&["doctor"]);
    let answer = imported.run(&["doctor", "--disk-free", "1kB", "--format", "json"]);

    assert_eq!((page.code, &*page.stderr), (Some(1), ""), "{page:?}");
    let first = page
        .stdout
        .lines()
        .find(|line| line.starts_with("critical: "));
    assert!(first.unwrap().contains("[fsync_off]"), "{page:?}");
    assert!(
        page.stdout.contains("  remedy:   set fsync = on"),
        "{page:?}"
    );
    assert_eq!(answer.code, Some(1));
    assert_eq!(
        codes(&answer.json())[..2],
        ["fsync_off", "full_page_writes_off"]
    );
}

#[test]
fn doctor_diagnoses_a_missing_schema_and_fails_without_a_server() {
    let database = TestDatabase::new();
    let url = database.url();

    let bare = run(["doctor", "--database-url", &url, "--format", "json"]);
    let gone = run(["doctor", "--database-url", "postgres://me@127.0.0.1:1/none"]);
    let planned = run(["explain", "load", "--database-url", &url]);
    let reindexed = run(["reindex", "--database-url", &url]);

    assert_eq!(bare.code, Some(1));
    assert!(codes(&bare.json()).contains(&"schema_missing"), "{bare:?}");
    gone.failed(1, "error: cannot connect to 127.0.0.1:1", ")");
    planned.failed(
        1,
        "error: schema public has no store",
        "run tasktrail migrate",
    );
    reindexed.failed(
        1,
        "error: schema public has no store",
        "run tasktrail migrate",
    );
}

#[test]
fn invalid_disk_size_is_refused() {
    let refused = run(["doctor", "--disk-free", "much"]);

    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("--disk-free"), "{refused:?}");
}

#[test]
fn explain_prints_the_task_and_its_statements() {
    let imported = Imported::new();

    let page = imported
        .run(&["explain", "load", "--analyze"])
        .good()
        .stdout;
    let answer = imported.json(&["explain", "list", "--user", "bob"]);
    let save = imported.json(&["explain", "save"]);
    let refused = imported.run(&["explain", "save", "--analyze"]);

    let begins = "task_history.load: task a of alice has 3 entries, the most among";
    assert!(page.starts_with(begins), "{page}");
    assert!(
        page.contains("SELECT DISTINCT ON") && page.contains("actual time"),
        "{page}"
    );
    assert_eq!(
        (&answer["user_id"], &answer["task_id"]),
        (&json!("bob"), &json!("c"))
    );
    assert_eq!(answer["chosen"], "largest");
    let good = "\n  good: it reads ranges of one user in task_history_step_idx; pages read: ";
    assert!(page.contains(good), "{page}");
    let verdict = &answer["statements"][0]["verdict"];
    assert_eq!(
        (&verdict["good"], &verdict["access"], &verdict["pages"]),
        (&json!(true), &json!("one_user"), &json!(null)),
        "{verdict}"
    );
    assert_eq!(save["statements"].as_array().unwrap().len(), 2);
    assert_eq!(saved(&imported.database), 5);
    refused.failed(2, "error: --analyze executes statements", "write");
}

#[test]
fn analyze_and_reindex_process_all_tables() {
    let imported = Imported::new();

    let analyzed = imported.json(&["analyze", "--vacuum"]);
    let planned = imported.json(&["reindex", "--dry-run"]);
    let one = imported.json(&["reindex", "task_summary_list_idx"]);
    let all = imported.run(&["reindex"]).good().stdout;
    let planned_one = imported.json(&["reindex", "--dry-run", "task_summary_list_idx"]);
    let unknown = imported.run(&["reindex", "nothing"]);
    let planned_unknown = imported.run(&["reindex", "--dry-run", "nothing"]);

    assert_eq!(analyzed["tables"][0]["rows_after"], 5);
    assert_eq!(planned["indexes"].as_array().unwrap().len(), 25);
    assert_eq!(
        (&planned["dry_run"], &one["dry_run"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(one["indexes"][0]["index"], "public.task_summary_list_idx");
    assert!(all.contains("public.task_history_pkey"), "{all}");
    assert_eq!(planned_one["indexes"].as_array().unwrap().len(), 1);
    for unknown in [unknown, planned_unknown] {
        unknown.failed(
            1,
            "error: no index of the histories has the name nothing",
            "task_summary_pkey",
        );
    }
}
