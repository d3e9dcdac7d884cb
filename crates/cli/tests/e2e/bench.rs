//! `tasktrail bench`: its results and its arguments.

mod database;

use serde_json::{Value, json};
use tasktrail_test_support::{ServerOptions, TestDatabase};

use super::tool::run;

/// All workloads, with minimal durations and sizes.
const SHORT: [&str; 13] = [
    "bench",
    "--seconds=0.2",
    "--callers=1,3",
    "--connections=4",
    "--status-tasks=50",
    "--list-tasks",
    "100",
    "1500",
    "--import-lines=2500",
    "--cleanup-tasks=250",
    "--dispatch-tasks=5000",
    "--format",
    "json",
];

const KEYS: [&str; 14] = [
    "workload",
    "callers",
    "group_commit",
    "tasks",
    "filter",
    "count",
    "per_second",
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "max_ms",
    "wal_bytes",
    "dead_rows",
];

/// The names of all user tables and schemas.
fn tables_and_schemas(database: &TestDatabase) -> Vec<String> {
    let names = "SELECT format('%s.%s', schemaname, tablename) FROM pg_tables
                 WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
                 UNION ALL
                 SELECT nspname FROM pg_namespace
                 WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1";
    let rows = database.execute(names).unwrap();
    rows.into_iter().flatten().flatten().collect()
}

fn figure(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("{key}: {row}"))
}

#[test]
fn every_workload_has_its_rows_and_the_schema_is_removed() {
    // WAL is counted for the whole server, so the test needs a server of its own.
    let server = ServerOptions::default().start().unwrap();
    let database = TestDatabase::create(&server);
    let url = database.url();

    let answer = run(SHORT.into_iter().chain(["--database-url", &url]))
        .good()
        .json();

    assert!(answer["server"].as_str() > Some("1"), "{answer}");
    assert_eq!(answer["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&answer["connections"], &answer["seconds"]),
        (&json!(4), &json!(0.2))
    );
    let results = answer["results"].as_array().unwrap();
    let shape = |row: &Value| {
        let keys = ["workload", "callers", "group_commit", "tasks", "filter"];
        keys.map(|key| row[key].to_string()).join(" ")
    };
    assert_eq!(
        results.iter().map(shape).collect::<Vec<_>>(),
        [
            r#""save" 1 true null null"#,
            r#""save" 1 false null null"#,
            r#""save" 3 true null null"#,
            r#""save" 3 false null null"#,
            r#""status" 1 null null null"#,
            r#""status" 3 null null null"#,
            r#""load" 1 null null null"#,
            r#""load" 3 null null null"#,
            r#""list" 1 null 100 null"#,
            r#""list" 1 null 1500 null"#,
            r#""list" 1 null 100 "failed""#,
            r#""list" 1 null 1500 "failed""#,
            r#""list" 3 null 100 null"#,
            r#""list" 3 null 1500 null"#,
            r#""list" 3 null 100 "failed""#,
            r#""list" 3 null 1500 "failed""#,
            r#""import" 1 null null null"#,
            r#""cleanup" 1 null null null"#,
            r#""plan" 1 null null null"#,
            r#""plan" 3 null null null"#,
            r#""dispatch" 1 null null null"#,
            r#""dispatch" 3 null null null"#,
            r#""heartbeat" 1 null null null"#,
            r#""heartbeat" 3 null null null"#,
        ]
    );
    results.iter().for_each(assert_plausible_figures);
    let of = |workload: &str| {
        results
            .iter()
            .find(|row| row["workload"] == workload)
            .unwrap()
    };
    assert_eq!(of("import")["count"], 2500);
    assert_eq!(of("cleanup")["count"], 2500);
    assert_eq!(tables_and_schemas(&database), ["public"]);
}

fn assert_plausible_figures(row: &Value) {
    let object = row.as_object().unwrap();
    let documented = KEYS.into_iter().chain(["resident_bytes"]);
    assert!(documented.clone().all(|key| object.contains_key(key)));
    assert_eq!(object.len(), documented.count(), "{row}");
    assert!(row["count"].as_u64() > Some(0), "{row}");
    assert!(figure(row, "per_second") > 0.0, "{row}");
    let steps = ["p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms"].map(|key| figure(row, key));
    assert!(steps[0] > 0.0 && steps.is_sorted(), "{row}");
    assert!(figure(row, "resident_bytes") > 1e6, "{row}");
    let workload = row["workload"].as_str().unwrap();
    let counts_rows = ["save", "import", "cleanup"].contains(&workload);
    let writes = counts_rows || ["plan", "dispatch", "heartbeat"].contains(&workload);
    assert_eq!(row["wal_bytes"].is_number(), writes, "{row}");
    assert_eq!(row["dead_rows"].is_number(), counts_rows, "{row}");
    if row["workload"] == "save" {
        assert!(
            (300.0..5_000.0).contains(&figure(row, "wal_bytes")),
            "{row}"
        );
        // Ten steps of a task replace its summary nine times; the last task may be incomplete.
        assert!((0.5..=0.95).contains(&figure(row, "dead_rows")), "{row}");
    }
    if row["workload"] == "cleanup" {
        let dead = figure(row, "dead_rows");
        assert!(
            (dead - 1.1).abs() < 0.001,
            "{row}: one entry and a tenth of a summary"
        );
    }
}

#[test]
fn tables_and_charts_fit_in_100_columns() {
    let database = TestDatabase::new();
    let url = database.url();
    let bench = ["bench", "--only", "save", "status", "--callers=2"];
    let short = ["--seconds=0.1", "--status-tasks=10", "--database-url", &url];

    let seen = run(bench.into_iter().chain(short)).good();

    let widest = seen.stdout.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}: {}", seen.stdout);
    for text in [
        "connections, 0.1 s each",
        "WAL",
        "Saves per second",
        "group commit, 2 callers ",
        "no group commit, 2 callers ",
        "Reads per second",
        "status, 2 callers █",
    ] {
        assert!(seen.stdout.contains(text), "{text}: {}", seen.stdout);
    }
}

#[test]
fn missing_database_is_reported_with_the_remedy() {
    let database = TestDatabase::new();
    let url = database.url().replace(database.name(), "nowhere");

    let refused = run(["bench", "--database-url", &url]);

    refused.failed(
        1,
        "error: cannot connect to ",
        "create it with createdb nowhere",
    );
}

#[test]
fn invalid_arguments_are_refused() {
    let wrong: [&[&str]; 9] = [
        &["--only", "everything"],
        &["--only"],
        &["--callers", "0"],
        &["--callers", "10001"],
        &["--callers", "1,many"],
        &["--seconds", "0.01"],
        &["--seconds", "forever"],
        &["--connections", "0"],
        &["--list-tasks", "0"],
    ];
    for args in wrong {
        let refused = run(["bench"].iter().chain(args));

        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.starts_with("error: "), "{refused:?}");
    }
}
