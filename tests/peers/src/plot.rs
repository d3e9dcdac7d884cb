//! The charts: throughput of saves by number of callers, and latency of a page by number of tasks.

mod chart;

use std::path::Path;

use anyhow::Result;

use crate::case::{Case, Listed, Reader, Saver};
use crate::figures::{Figure, Rounds};
use crate::goals;
use chart::{Chart, Look, Series};

const CALLERS: [u32; 5] = [1, 16, 64, 256, 1024];
const TASKS: [u32; 3] = [100, 10_000, 1_000_000];

/// Writes the charts that have measurements into a folder.
pub(crate) fn write(folder: &Path, rounds: &Rounds) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    pictures(rounds).try_for_each(|(name, chart)| chart.write(&folder.join(name)))
}

/// Returns the file names of the charts, and their titles.
pub(crate) fn titles(rounds: &Rounds) -> impl Iterator<Item = (&'static str, &'static str)> {
    pictures(rounds).map(|(name, chart)| (name, chart.title))
}

fn pictures(rounds: &Rounds) -> impl Iterator<Item = (&'static str, Chart)> {
    let all = [
        ("saves-over-callers.svg", saves(rounds)),
        ("reads-over-size.svg", reads(rounds)),
    ];
    all.into_iter().filter(|(_, chart)| chart.has_lines())
}

fn saves(rounds: &Rounds) -> Chart {
    let over_callers = |saver| {
        points(&CALLERS, |callers| {
            rounds.median(Case::Save(saver, callers), Figure::PerSecond)
        })
    };
    // Other programs have a fixed number of clients: a horizontal line.
    let across = |value: Option<f64>| {
        let ends = value.map(|value| vec![(1.0, value), (1024.0, value)]);
        ends.unwrap_or_default()
    };
    let pgbench =
        |clients| rounds.median(Case::Save(Saver::Pgbench(1), clients), Figure::PerSecond);
    let limit = rounds.best(&goals::limit(), Figure::PerSecond);
    Chart {
        title: "Saves per second by number of callers",
        over: "concurrent callers",
        ticks: CALLERS.map(f64::from).to_vec(),
        unit: "/s",
        series: vec![
            Series::new("tasktrail", Look::Ours, over_callers(Saver::Grouped)),
            Series::new(
                "tasktrail, group commit off",
                Look::OursOtherwise,
                over_callers(Saver::Alone),
            ),
            Series::new(
                "Python original",
                Look::Original,
                over_callers(Saver::Original),
            ),
            Series::new(
                "limit (pgbench, 256 per statement)",
                Look::Limit,
                across(limit),
            ),
            Series::new("pgbench, 20 clients", Look::Pgbench, across(pgbench(20))),
            Series::new("pgbench, 1 client", Look::PgbenchAlone, across(pgbench(1))),
        ],
    }
}

fn reads(rounds: &Rounds) -> Chart {
    let over_tasks = |listed: fn(u32) -> Listed| {
        points(&TASKS, |tasks| {
            rounds.median(Case::List(Reader::Tasktrail, listed(tasks)), Figure::Median)
        })
    };
    Chart {
        title: "Median latency of a page of 100 tasks by tasks per user",
        over: "tasks per user",
        ticks: TASKS.map(f64::from).to_vec(),
        unit: " ms",
        series: vec![
            Series::new("all tasks", Look::Ours, over_tasks(Listed::all_of)),
            Series::new(
                "failed tasks, 1 in 1 000",
                Look::OursOtherwise,
                over_tasks(Listed::failed_of),
            ),
        ],
    }
}

fn points(places: &[u32], value: impl Fn(u32) -> Option<f64>) -> Vec<(f64, f64)> {
    let measured = places
        .iter()
        .filter_map(|place| Some((f64::from(*place), value(*place)?)));
    measured.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Figures, Round};

    #[test]
    fn only_measured_charts_and_series_are_drawn() {
        let folder = tempfile::tempdir().unwrap();
        let mut round = Round::default();
        round.add(CALLERS.map(|callers| {
            let figures = Figures::per_second(f64::from(callers) * 10.0);
            (Case::Save(Saver::Grouped, callers), figures)
        }));
        let mut rounds = Rounds::default();
        rounds.push(round);

        write(folder.path(), &rounds).unwrap();

        let saves = std::fs::read_to_string(folder.path().join("saves-over-callers.svg")).unwrap();
        assert!(
            saves.contains("concurrent callers") && saves.contains("<polyline"),
            "{saves}"
        );
        assert!(
            saves.contains(">1024\n") || saves.contains("1 024"),
            "{saves}"
        );
        assert!(!saves.contains("Python"), "{saves}");
        assert!(!folder.path().join("reads-over-size.svg").exists());
    }
}
