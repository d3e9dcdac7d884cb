//! The targets, and whether they are met.

use crate::case::{Case, Dispatcher, Listed, Reader, Saver};
use crate::figures::{Figure, Rounds};
use crate::measure::pgbench::{LIMIT_CLIENTS, LIMIT_ENTRIES};
use crate::plan::AGENTS;

/// A figure of Tasktrail, and its target compared with other cases.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    pub(crate) workload: &'static str,
    pub(crate) figure: Figure,
    pub(crate) ours: Case,
    /// The name and the cases to compare with. The largest figure of these cases counts. Empty if
    /// the target is for the figure itself.
    pub(crate) baseline: (&'static str, Vec<Case>),
    pub(crate) asked: Asked,
}

/// The target of a ratio, or of the figure itself if there is nothing to compare with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Asked {
    AtLeast(f64),
    AtMost(f64),
    /// No target: the figure is informational.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// There is no target.
    Informational,
    NotMeasured,
}

impl Asked {
    pub(crate) fn verdict(self, found: Option<f64>) -> Verdict {
        let met = match (self, found) {
            (_, None) => return Verdict::NotMeasured,
            (Self::Nothing, _) => return Verdict::Informational,
            (Self::AtLeast(least), Some(found)) => found >= least,
            (Self::AtMost(most), Some(found)) => found <= most,
        };
        if met { Verdict::Met } else { Verdict::Missed }
    }
}

impl Goal {
    /// Returns the ratio, or the figure if there is nothing to compare with.
    pub(crate) fn found(&self, rounds: &Rounds) -> Option<f64> {
        if self.baseline.1.is_empty() {
            rounds.median(self.ours, self.figure)
        } else {
            rounds.ratio(self.ours, &self.baseline.1, self.figure)
        }
    }
}

/// The limit: 256 entries per statement, with each number of clients. The fastest counts.
pub(crate) fn limit() -> Vec<Case> {
    LIMIT_CLIENTS
        .map(|clients| Case::Save(Saver::Pgbench(LIMIT_ENTRIES), clients))
        .to_vec()
}

const THE_ORIGINAL: &str = "the original";
const THE_LIMIT: &str = "the limit";

/// All goals, in the order of the table.
pub(crate) fn all() -> Vec<Goal> {
    [
        saves(),
        imports(),
        reads(),
        dispatch(),
        old_history(),
        plain_drivers(),
    ]
    .concat()
}

fn saves() -> Vec<Goal> {
    let ours = |callers| Case::Save(Saver::Grouped, callers);
    let pgbench = |clients| vec![Case::Save(Saver::Pgbench(1), clients)];
    let original = vec![Case::Save(Saver::Original, 64)];
    let alone = vec![Case::Save(Saver::Alone, 64)];
    let empty = vec![Case::Save(Saver::IntoEmpty, 64)];
    let goal = |workload, ours, baseline, asked| Goal {
        workload,
        figure: Figure::PerSecond,
        ours,
        baseline,
        asked,
    };
    let informational = |workload, figure| Goal {
        workload,
        figure,
        ours: ours(64),
        baseline: ("", Vec::new()),
        asked: Asked::Nothing,
    };
    let (one, many, all) = (
        "saves, 1 caller",
        "saves, 64 callers",
        "saves, 1 024 callers",
    );
    let into_full = Case::Save(Saver::IntoFull, 64);
    vec![
        goal(
            one,
            ours(1),
            ("pgbench, 1 client", pgbench(1)),
            Asked::AtLeast(0.8),
        ),
        goal(
            many,
            ours(64),
            ("pgbench, 20 clients", pgbench(20)),
            Asked::AtLeast(2.5),
        ),
        goal(
            many,
            ours(64),
            (THE_ORIGINAL, original),
            Asked::AtLeast(6.0),
        ),
        Goal {
            figure: Figure::P99,
            ..goal(
                "p99 of saves, 64 callers",
                ours(64),
                ("group commit off", alone),
                Asked::AtMost(1.0),
            )
        },
        goal(all, ours(1024), (THE_LIMIT, limit()), Asked::AtLeast(0.85)),
        goal(
            "saves into a full store",
            into_full,
            ("an empty store", empty),
            Asked::AtLeast(0.8),
        ),
        informational("WAL per save, 64 callers", Figure::WalBytes),
        informational("dead tuples per save, 64 callers", Figure::DeadRows),
    ]
}

fn imports() -> Vec<Goal> {
    let goal = |workload, figure, baseline, asked| Goal {
        workload,
        figure,
        ours: Case::Import,
        baseline,
        asked,
    };
    let mebibytes = f64::from(1 << 20);
    vec![
        goal(
            "import of the loan log, lines",
            Figure::PerSecond,
            (THE_LIMIT, limit()),
            Asked::AtLeast(0.6),
        ),
        goal(
            "peak memory of the import",
            Figure::ResidentBytes,
            ("", Vec::new()),
            Asked::AtMost(64.0 * mebibytes),
        ),
    ]
}

fn reads() -> Vec<Goal> {
    use Reader::{Original, Pgbench, Tasktrail};
    let goal = |workload, figure, ours, baseline, asked| Goal {
        workload,
        figure,
        ours,
        baseline,
        asked,
    };
    let list = |listed| Case::List(Tasktrail, listed);
    let (status, load, page) = (
        "status, 64 callers",
        "load of 100 steps, 16 callers",
        "first page, 10 000 tasks",
    );
    let pgbench = ("pgbench, 20 clients", vec![Case::Status(Pgbench, 20)]);
    let original = |case| (THE_ORIGINAL, vec![case]);
    let small = || ("100 tasks", vec![list(Listed::all_of(100))]);
    let (per_second, median) = (Figure::PerSecond, Figure::Median);
    let ours = Case::Status(Tasktrail, 64);
    let large = list(Listed::all_of(1_000_000));
    let rare = list(Listed::failed_of(1_000_000));
    vec![
        goal(status, per_second, ours, pgbench, Asked::AtLeast(1.0)),
        goal(
            status,
            per_second,
            ours,
            original(Case::Status(Original, 64)),
            Asked::AtLeast(8.0),
        ),
        goal(
            load,
            per_second,
            Case::Load(Tasktrail, 16),
            original(Case::Load(Original, 16)),
            Asked::AtLeast(8.0),
        ),
        goal(
            page,
            per_second,
            list(Listed::all_of(10_000)),
            original(Case::List(Original, Listed::all_of(10_000))),
            Asked::AtLeast(300.0),
        ),
        goal(
            "first page, 1 000 000 tasks",
            median,
            large,
            small(),
            Asked::AtMost(1.3),
        ),
        goal(
            "first page of failed tasks, 1 000 000 tasks",
            median,
            rare,
            small(),
            Asked::AtMost(1.3),
        ),
    ]
}

fn dispatch() -> Vec<Goal> {
    let goal = |name, dispatcher, asked| Goal {
        workload: "claim and report, 32 agents",
        figure: Figure::PerSecond,
        ours: Case::Dispatch(Dispatcher::Tasktrail, AGENTS),
        baseline: (name, vec![Case::Dispatch(dispatcher, AGENTS)]),
        asked,
    };
    vec![
        goal(
            "pgbench, the state only",
            Dispatcher::Pgbench,
            Asked::AtLeast(0.7),
        ),
        goal("river", Dispatcher::River, Asked::AtLeast(1.0)),
    ]
}

/// The cost of removing old history, and of partitions.
fn old_history() -> Vec<Goal> {
    let goal = |workload, figure, ours, baseline, asked| Goal {
        workload,
        figure,
        ours,
        baseline,
        asked,
    };
    let save = |saver, callers| Case::Save(saver, callers);
    let plain = |case| ("one table", vec![case]);
    let (per_second, load) = (Figure::PerSecond, |reader| Case::Load(reader, 16));
    vec![
        goal(
            "p99 of saves during a cleanup",
            Figure::P99,
            save(Saver::DuringCleanup, 64),
            ("no cleanup", vec![save(Saver::Undisturbed, 64)]),
            Asked::AtMost(2.0),
        ),
        goal(
            "entries removed by the cleanup",
            per_second,
            Case::Cleanup,
            ("", Vec::new()),
            Asked::Nothing,
        ),
        goal(
            "saves into partitions, 1 caller",
            per_second,
            save(Saver::Partitioned, 1),
            plain(save(Saver::Plain, 1)),
            Asked::AtLeast(0.95),
        ),
        goal(
            "saves into partitions, 64 callers",
            per_second,
            save(Saver::Partitioned, 64),
            plain(save(Saver::Plain, 64)),
            Asked::AtLeast(0.95),
        ),
        goal(
            "loads of 10 steps from 13 partitions",
            per_second,
            load(Reader::Partitioned),
            plain(load(Reader::Plain)),
            Asked::AtLeast(0.85),
        ),
    ]
}

/// The alternatives to Tasktrail. There are no targets for them.
fn plain_drivers() -> Vec<Goal> {
    let drivers = [
        ("tokio-postgres", Saver::TokioPostgres),
        ("diesel-async", Saver::DieselAsync),
        ("durare", Saver::Durare),
    ];
    let callers = [(1, "saves, 1 caller"), (64, "saves, 64 callers")];
    let goals = callers.iter().flat_map(|(callers, workload)| {
        drivers.map(|(name, driver)| Goal {
            workload,
            figure: Figure::PerSecond,
            ours: Case::Save(Saver::Grouped, *callers),
            baseline: (name, vec![Case::Save(driver, *callers)]),
            asked: Asked::Nothing,
        })
    });
    goals.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Figures, Round};

    #[test]
    fn a_verdict_follows_from_the_target() {
        assert_eq!(Asked::AtLeast(0.8).verdict(Some(0.8)), Verdict::Met);
        assert_eq!(Asked::AtLeast(0.8).verdict(Some(0.79)), Verdict::Missed);
        assert_eq!(Asked::AtMost(1.3).verdict(Some(1.3)), Verdict::Met);
        assert_eq!(Asked::AtMost(1.3).verdict(Some(1.31)), Verdict::Missed);
        assert_eq!(Asked::Nothing.verdict(Some(0.1)), Verdict::Informational);
        assert_eq!(Asked::AtLeast(0.8).verdict(None), Verdict::NotMeasured);
    }

    #[test]
    fn a_figure_without_comparison_is_checked_itself() {
        let memory = imports().remove(1);
        let mut rounds = Rounds::default();
        let mut round = Round::default();
        let figures = Figures {
            resident_bytes: Some(30e6),
            ..Figures::per_second(1.0)
        };
        round.add([(Case::Import, figures)]);
        rounds.push(round);

        let found = memory.found(&rounds);
        assert_eq!(found, Some(30e6));
        assert_eq!(memory.asked.verdict(found), Verdict::Met);
    }
}
