//! The results, as tables for the terminal and for a document.

mod names;
mod number;
mod table;

use crate::case::{Case, Reader, Saver};
use crate::figures::{Figure, Rounds};
use crate::goals::{self, Asked, Goal, Verdict};
use crate::long::big_store;
use crate::long::bloat::Bloat;
use crate::long::layouts;
use crate::machine::Setting;
use crate::plot;
use names::names;
pub(crate) use number::grouped;
use number::{amount, ratio};
use table::Table;

/// The maximum growth of the summary table in the second half of a run that adds none.
const STEADY: Asked = Asked::AtMost(0.05);

/// The maximum time in seconds to drop a partition of a million entries.
const DROP: Asked = Asked::AtMost(1.0);

/// All results of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) rounds: Rounds,
    pub(crate) bloat: Option<Bloat>,
    pub(crate) dropped: Option<layouts::Drop>,
    pub(crate) number_of_rounds: u32,
    pub(crate) seconds: u32,
    /// The number of entries of the full store.
    pub(crate) entries: u32,
    /// The duration of `bloat`.
    pub(crate) minutes: u32,
    pub(crate) has_original: bool,
    pub(crate) has_loan_log: bool,
    pub(crate) setting: Setting,
}

impl Report {
    pub(crate) fn for_terminal(&self) -> String {
        let Setting {
            machine, versions, ..
        } = &self.setting;
        format!(
            "{}\n{}\n{machine}\n{versions}\n{}",
            self.verdicts().for_terminal(),
            self.everything().for_terminal(),
            self.method()
        )
    }

    pub(crate) fn for_document(&self) -> String {
        let Setting {
            date,
            machine,
            versions,
        } = &self.setting;
        format!(
            "## Comparison with other programs\n\n`scripts/bench-peers`, {date}. {machine}. {versions}.\n\n{}\n\n{}\n\n\
             ### All figures\n\nEach figure is the median of the rounds.\n\n{}\n\n{}{}",
            self.method(),
            self.verdicts().for_document(),
            self.everything().for_document(),
            self.pictures(),
            include_str!("report/peers.md"),
        )
    }

    fn pictures(&self) -> String {
        let pictures = plot::titles(&self.rounds);
        let links = pictures.map(|(name, title)| format!("![{title}](images/{name})\n\n"));
        links.collect()
    }

    fn method(&self) -> String {
        let rounds = match self.number_of_rounds {
            1 => "1 round".to_owned(),
            number => format!("{number} rounds"),
        };
        let method = format!(
            "{rounds}. Each round ran every measurement once, for {} s, one at a time, with a release build, on one server with \
             PostgreSQL's default settings (fsync and synchronous_commit on). The original ran on its own server. A figure is the median of \
             the rounds. A ratio is the median of the ratios of the rounds. A checkpoint preceded each measurement. Saves started with empty \
             tables, unless the row says otherwise. Tasktrail read tables that had just been filled; pgbench read tables that had also been \
             vacuumed. Tasktrail and the original warmed up for 0.3 s. An import ran until its file was read. The clock of a call starts after \
             Tasktrail's entry is built, but before the entry of a plain driver or of durare is built, which takes about 1 us. The limit is \
             pgbench with 256 entries per statement (Tasktrail's statement), with 1, 2, 4 or 20 clients, whichever was fastest in the round.",
            self.seconds
        );
        let entries = grouped(f64::from(big_store::entries(self.entries)));
        let has_full_store = self
            .rounds
            .cases()
            .contains(&Case::Save(Saver::IntoFull, 64));
        let full_store = has_full_store.then(|| format!("The full store holds {entries} entries."));
        let growth = self.bloat.as_ref();
        let growth = growth.map(|_| format!("The growth covers {} minutes.", self.minutes));
        let sentences = [Some(method), full_store, growth];
        sentences
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn verdicts(&self) -> Table {
        let mut table = Table::new([
            "workload",
            "Tasktrail",
            "compared with",
            "ratio",
            "target",
            "result",
        ]);
        for goal in goals::all() {
            table.push(self.verdict(&goal));
        }
        table.push(self.verdict_on_bloat());
        table.push(self.verdict_on_drop());
        table
    }

    fn verdict(&self, goal: &Goal) -> [String; 6] {
        let Goal {
            workload,
            figure,
            ours,
            baseline: (name, cases),
            asked,
        } = goal;
        let found = goal.found(&self.rounds);
        let shown = |value: Option<f64>| value.map(|value| amount(*figure, value));
        let theirs = shown(self.rounds.best(cases, *figure));
        let who = match self.rounds.leader(cases, *figure) {
            Some(Case::Save(Saver::Pgbench(_), clients)) if cases.len() > 1 => {
                format!("{name}, {clients} clients")
            }
            _ => (*name).to_owned(),
        };
        let alone = cases.is_empty();
        let in_figure = |value| {
            if alone {
                amount(*figure, value)
            } else {
                ratio(value)
            }
        };
        [
            (*workload).to_owned(),
            shown(self.rounds.median(*ours, *figure)).unwrap_or_default(),
            theirs.map_or_else(|| who.clone(), |theirs| format!("{theirs} ({who})")),
            found.filter(|_| !alone).map(ratio).unwrap_or_default(),
            in_words(*asked, in_figure),
            named(asked.verdict(found), self.why_not(goal)),
        ]
    }

    /// Returns the reason why a goal was not measured.
    fn why_not(&self, goal: &Goal) -> &'static str {
        let is_original = |case: &Case| {
            use {Reader::Original as Read, Saver::Original as Save};
            matches!(
                case,
                Case::Save(Save, _)
                    | Case::Status(Read, _)
                    | Case::Load(Read, _)
                    | Case::List(Read, _)
            )
        };
        match goal.ours {
            Case::Import if !self.has_loan_log => "left out: no --loan-log",
            Case::Save(Saver::IntoFull, _) => "left out: --only big-store",
            Case::Save(Saver::Partitioned, _) | Case::Load(Reader::Partitioned, _) => {
                "left out: --only layouts"
            }
            Case::Save(Saver::DuringCleanup, _) | Case::Cleanup => "left out: --only cleanup",
            _ if goal.baseline.1.iter().any(is_original) && !self.has_original => {
                "left out: no --aiecs"
            }
            ours if self.rounds.cases().contains(&ours) => "not reported",
            _ => "left out by --only",
        }
    }

    fn verdict_on_bloat(&self) -> [String; 6] {
        let bloat = self.bloat.as_ref();
        let growth = bloat.and_then(Bloat::growth_in_second_half);
        let saves = bloat.map(|bloat| amount(Figure::PerSecond, bloat.per_second));
        [
            "growth of the summary table, 10 000 tasks".to_owned(),
            growth.map(number::percent).unwrap_or_default(),
            saves.map_or_else(String::new, |saves| format!("{saves} in the second half")),
            String::new(),
            in_words(STEADY, number::percent),
            named(STEADY.verdict(growth), "left out: --only bloat"),
        ]
    }

    fn verdict_on_drop(&self) -> [String; 6] {
        let seconds = self.dropped.map(|dropped| dropped.seconds);
        let shown = |seconds: f64| format!("{seconds:.2} s");
        let baseline = self.dropped.map_or_else(String::new, |dropped| {
            let load = amount(Figure::P99, dropped.longest_load_ms);
            format!("longest concurrent load {load}")
        });
        [
            "dropping a partition of 1 000 000 entries".to_owned(),
            seconds.map(shown).unwrap_or_default(),
            baseline,
            String::new(),
            in_words(DROP, shown),
            named(DROP.verdict(seconds), "left out: --only layouts"),
        ]
    }

    fn everything(&self) -> Table {
        let columns = [
            "workload",
            "program",
            "callers",
            "per second",
            "median",
            "p99",
        ];
        let mut table = Table::new(columns);
        for case in self.rounds.cases() {
            let [workload, who, callers] = names(case);
            let shown = |figure| {
                let value = self.rounds.median(case, figure);
                value.map(|value| amount(figure, value)).unwrap_or_default()
            };
            let (median, p99) = (shown(Figure::Median), shown(Figure::P99));
            table.push([
                workload,
                who,
                callers,
                shown(Figure::PerSecond),
                median,
                p99,
            ]);
        }
        table
    }
}

fn in_words(asked: Asked, amount: impl Fn(f64) -> String) -> String {
    match asked {
        Asked::AtLeast(least) => format!("at least {}", amount(least)),
        Asked::AtMost(most) => format!("at most {}", amount(most)),
        Asked::Nothing => String::new(),
    }
}

/// Returns the name of a verdict, or the reason why there is none.
fn named(verdict: Verdict, why_not: &str) -> String {
    let name = match verdict {
        Verdict::Met => "met",
        Verdict::Missed => "missed",
        Verdict::Informational => "informational",
        Verdict::NotMeasured => why_not,
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Figures, Round};

    fn report(ours: f64, pgbench: f64) -> Report {
        let mut round = Round::default();
        round.add([
            (Case::Save(Saver::Grouped, 1), Figures::per_second(ours)),
            (
                Case::Save(Saver::Pgbench(1), 1),
                Figures::per_second(pgbench),
            ),
        ]);
        let mut report = Report::default();
        report.rounds.push(round);
        report
    }

    fn first_line(report: &Report) -> String {
        let document = report.verdicts().for_document();
        document.lines().nth(2).unwrap().to_owned()
    }

    #[test]
    fn a_row_has_both_figures_their_ratio_and_a_verdict() {
        assert_eq!(
            first_line(&report(1500.0, 1250.0)),
            "| saves, 1 caller | 1 500/s | 1 250/s (pgbench, 1 client) | 1.20 | at least 0.80 | met |"
        );
        assert!(first_line(&report(900.0, 1250.0)).ends_with("| 0.72 | at least 0.80 | missed |"));
    }

    #[test]
    fn a_row_has_the_reason_if_it_was_not_measured() {
        let nothing = Report::default().verdicts().for_document();
        let why: Vec<_> = nothing
            .lines()
            .skip(2)
            .filter_map(|line| line.rsplit("| ").next())
            .collect();

        assert!(
            why.iter().all(|why| why.starts_with("left out")),
            "{nothing}"
        );
        for absent in [
            "no --aiecs",
            "no --loan-log",
            "--only bloat",
            "--only big-store",
        ] {
            let absent = format!("left out: {absent} |");
            assert!(why.contains(&absent.as_str()), "{absent} in {nothing}");
        }
    }

    #[test]
    fn growth_of_the_summary_table_has_a_verdict() {
        let look = |bytes| crate::long::bloat::Look {
            seconds: 30.0,
            table_bytes: bytes,
            index_bytes: 0.0,
            dead_rows: 1.0,
        };
        let bloat = |last| Bloat {
            per_second: 9000.0,
            looks: vec![look(50.0), look(100.0), look(last)],
        };
        let shown = |last| {
            let bloat = Some(bloat(last));
            Report {
                bloat,
                ..Report::default()
            }
            .verdict_on_bloat()
        };
        assert_eq!(shown(101.0)[1], "1.0 %");
        assert_eq!(shown(101.0)[5], "met");
        assert_eq!(shown(120.0)[5], "missed");
    }
}
