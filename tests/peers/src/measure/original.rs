//! The Python `DatabaseManager` of the package `aiecs`, unmodified, on its own server.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::process::Command;

use super::Measured;
use crate::arguments::{Arguments, Group};
use crate::case::{Case, Listed, Reader, Saver};
use crate::figures::Figures;
use crate::workbench::run;

/// The measurements, and their names in the script.
const WORK: [(Group, &str); 4] = [
    (Group::Save, "save"),
    (Group::Status, "check"),
    (Group::Load, "load"),
    (Group::List, "user_tasks"),
];

/// The results of the original, and its versions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Original {
    pub(crate) measured: Measured,
    pub(crate) versions: String,
}

pub(crate) async fn measure(folder: &Path, arguments: &Arguments) -> Result<Original> {
    let wanted = WORK.iter().filter(|(group, _)| arguments.has(*group));
    let mut command = Command::new(folder.join("run.sh"));
    command
        .args(["--seconds", &arguments.seconds.to_string(), "--only"])
        .args(wanted.map(|(_, name)| name));
    let answer = run(&mut command).await?;
    read(&serde_json::from_str(&answer).context("the output of the original is not JSON")?)
}

pub(crate) fn is_wanted(arguments: &Arguments) -> bool {
    WORK.iter().any(|(group, _)| arguments.has(*group))
}

fn read(answer: &Value) -> Result<Original> {
    let figures = |work: &str, callers: u32| {
        let figures = answer.pointer(&format!("/{work}/callers_{callers}"))?;
        Some(Figures {
            per_second: figures.get("ops_per_s")?.as_f64()?,
            p50_ms: figures.get("p50_ms")?.as_f64(),
            p99_ms: figures.get("p99_ms")?.as_f64(),
            ..Figures::default()
        })
    };
    let saves = [1, 16, 64].into_iter().filter_map(|callers| {
        let saves = figures("i_save_task_history", callers)?;
        Some((Case::Save(Saver::Original, callers), saves))
    });
    let statuses = figures("ii_check_task_status", 64)
        .map(|figures| (Case::Status(Reader::Original, 64), figures));
    let loads = figures("iii_load_task_history_100_steps", 16)
        .map(|figures| (Case::Load(Reader::Original, 16), figures));
    let measured: Measured = saves
        .chain(statuses)
        .chain(loads)
        .chain(list(answer))
        .collect();
    anyhow::ensure!(
        !measured.is_empty(),
        "the output of the original has no figures: {answer}"
    );
    Ok(Original {
        measured,
        versions: versions(answer),
    })
}

/// Returns the list figures without the first five calls on a connection, which are faster.
fn list(answer: &Value) -> Option<(Case, Figures)> {
    let figures = answer.pointer("/iv_get_user_tasks_limit_100/user_with_10000_tasks")?;
    let mean_ms = figures.get("later_calls_mean_ms")?.as_f64()?;
    let figures = Figures {
        p50_ms: figures.get("p50_ms")?.as_f64(),
        ..Figures::per_second(1e3 / mean_ms)
    };
    Some((
        Case::List(Reader::Original, Listed::all_of(10_000)),
        figures,
    ))
}

fn versions(answer: &Value) -> String {
    let version = |name: &str| {
        let version = answer.pointer(&format!("/env/{name}"))?.as_str()?;
        Some(format!("{name} {version}"))
    };
    let known = ["aiecs", "asyncpg", "python"]
        .into_iter()
        .filter_map(version);
    known.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn its_figures_become_cases() {
        let figures =
            json!({ "ops_per_s": 4600.0, "mean_ms": 13.0, "p50_ms": 12.0, "p99_ms": 30.0 });
        let original = read(&json!({
            "env": { "aiecs": "2.2.0", "asyncpg": "0.32.0", "python": "3.11.2" },
            "i_save_task_history": { "callers_64": figures },
            "iv_get_user_tasks_limit_100": { "user_with_10000_tasks": {
                "p50_ms": 800.0, "later_calls_mean_ms": 1000.0
            } },
        }))
        .unwrap();

        let (case, saves) = original.measured[0];
        assert_eq!(case, Case::Save(Saver::Original, 64));
        assert_eq!(saves.p99_ms, Some(30.0));
        let (case, pages) = original.measured[1];
        assert_eq!(case, Case::List(Reader::Original, Listed::all_of(10_000)));
        assert!((pages.per_second - 1.0).abs() < 1e-9);
        assert_eq!(
            original.versions,
            "aiecs 2.2.0, asyncpg 0.32.0, python 3.11.2"
        );
    }

    #[test]
    fn output_without_figures_is_an_error() {
        assert!(read(&json!({ "env": {} })).is_err());
    }
}
