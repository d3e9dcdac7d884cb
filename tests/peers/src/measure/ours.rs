//! `tasktrail bench`, on an empty database of the workbench.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use super::Measured;
use crate::case::{Case, Dispatcher, Listed, Reader, Saver};
use crate::figures::Figures;
use crate::workbench::Workbench;

/// The measurements of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Save(u32),
    Status(u32),
    Load(u32),
    Dispatch(u32),
    /// With one caller.
    List,
}

impl Work {
    fn arguments(self) -> (&'static str, u32) {
        match self {
            Self::Save(callers) => ("save", callers),
            Self::Status(callers) => ("status", callers),
            Self::Load(callers) => ("load", callers),
            Self::Dispatch(callers) => ("dispatch", callers),
            Self::List => ("list", 1),
        }
    }
}

pub(crate) async fn measure(bench: &Workbench, work: Work, seconds: u32) -> Result<Measured> {
    let database = bench.empty_database();
    let (only, callers) = work.arguments();
    let (callers, seconds) = (callers.to_string(), seconds.to_string());
    let arguments = [
        "bench",
        "--only",
        only,
        "--callers",
        &callers,
        "--seconds",
        &seconds,
    ];
    read(bench.tasktrail(&database, &arguments).await?)
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    workload: String,
    callers: Option<u32>,
    group_commit: Option<bool>,
    tasks: Option<u32>,
    filter: Option<String>,
    per_second: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    wal_bytes: Option<f64>,
    dead_rows: Option<f64>,
    resident_bytes: Option<f64>,
}

fn read(answer: Value) -> Result<Measured> {
    let answer: Answer =
        serde_json::from_value(answer).context("unknown output of tasktrail bench")?;
    let rows = answer.results.into_iter();
    rows.map(|row| {
        let case = row
            .case()
            .with_context(|| format!("unknown measurement of tasktrail bench: {}", row.workload))?;
        Ok((case, row.figures()))
    })
    .collect()
}

impl Row {
    fn case(&self) -> Option<Case> {
        let saver = match self.group_commit {
            Some(true) => Saver::Grouped,
            _ => Saver::Alone,
        };
        Some(match self.workload.as_str() {
            "save" => Case::Save(saver, self.callers?),
            "status" => Case::Status(Reader::Tasktrail, self.callers?),
            "dispatch" => Case::Dispatch(Dispatcher::Tasktrail, self.callers?),
            "load" => Case::Load(Reader::Tasktrail, self.callers?),
            "list" => Case::List(
                Reader::Tasktrail,
                Listed {
                    tasks: self.tasks?,
                    failed_only: self.filter.is_some(),
                },
            ),
            _ => return None,
        })
    }

    fn figures(&self) -> Figures {
        Figures {
            per_second: self.per_second,
            p50_ms: self.p50_ms,
            p99_ms: self.p99_ms,
            wal_bytes: self.wal_bytes,
            dead_rows: self.dead_rows,
            resident_bytes: self.resident_bytes,
            ..Figures::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(given: Value) -> Value {
        let mut row = json!({
            "workload": "save", "callers": 64, "group_commit": null, "tasks": null, "filter": null,
            "count": 9, "per_second": 1500.5, "p50_ms": 0.5, "p90_ms": 0.6, "p95_ms": 0.7,
            "p99_ms": 0.9, "max_ms": 2.0, "wal_bytes": null, "dead_rows": null,
            "resident_bytes": 12_000_000,
        });
        let Value::Object(given) = given else {
            panic!("{given}")
        };
        row.as_object_mut().unwrap().extend(given);
        row
    }

    #[test]
    fn the_rows_of_the_bench_become_cases() {
        let measured = read(json!({ "server": "15.14", "version": "0.1.0", "results": [
            row(json!({ "group_commit": true, "wal_bytes": 612.5, "dead_rows": 0.9 })),
            row(json!({ "group_commit": false })),
            row(json!({ "workload": "list", "callers": 1, "tasks": 100, "filter": "failed" })),
        ] }))
        .unwrap();

        let cases: Vec<_> = measured.iter().map(|(case, _)| *case).collect();
        assert_eq!(
            cases,
            [
                Case::Save(Saver::Grouped, 64),
                Case::Save(Saver::Alone, 64),
                Case::List(Reader::Tasktrail, Listed::failed_of(100)),
            ]
        );
        let (_, first) = measured[0];
        assert_eq!(first.wal_bytes, Some(612.5));
        assert_eq!(first.p99_ms, Some(0.9));
    }

    #[test]
    fn unknown_output_is_an_error() {
        assert!(read(json!({ "results": [row(json!({ "workload": "dance" }))] })).is_err());
        assert!(read(json!({ "rows": [] })).is_err());
    }
}
