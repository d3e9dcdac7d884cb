//! Results of measurements: the figures of a case, and medians and ratios over rounds.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::Case;

/// The result of one measurement of a case. Some programs do not report all figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) longest_ms: Option<f64>,
    /// Bytes of write-ahead log per save.
    pub(crate) wal_bytes: Option<f64>,
    /// Dead tuples per save.
    pub(crate) dead_rows: Option<f64>,
    /// The peak memory of the process.
    pub(crate) resident_bytes: Option<f64>,
}

impl Figures {
    pub(crate) fn per_second(per_second: f64) -> Self {
        Self {
            per_second,
            ..Self::default()
        }
    }
}

/// One of the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    PerSecond,
    Median,
    P99,
    WalBytes,
    DeadRows,
    ResidentBytes,
}

impl Figure {
    pub(crate) fn of(self, figures: &Figures) -> Option<f64> {
        match self {
            Self::PerSecond => Some(figures.per_second),
            Self::Median => figures.p50_ms,
            Self::P99 => figures.p99_ms,
            Self::WalBytes => figures.wal_bytes,
            Self::DeadRows => figures.dead_rows,
            Self::ResidentBytes => figures.resident_bytes,
        }
    }
}

/// The results of one round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round(BTreeMap<Case, Figures>);

impl Round {
    pub(crate) fn add(&mut self, measured: impl IntoIterator<Item = (Case, Figures)>) {
        self.0.extend(measured);
    }

    fn get(&self, case: Case, figure: Figure) -> Option<f64> {
        figure.of(self.0.get(&case)?)
    }

    /// Returns the largest figure of several cases.
    fn best(&self, cases: &[Case], figure: Figure) -> Option<f64> {
        let measured = cases.iter().filter_map(|case| self.get(*case, figure));
        measured.max_by(f64::total_cmp)
    }
}

/// All rounds of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds(Vec<Round>);

impl Rounds {
    pub(crate) fn push(&mut self, round: Round) {
        self.0.push(round);
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns all measured cases.
    pub(crate) fn cases(&self) -> BTreeSet<Case> {
        self.0
            .iter()
            .flat_map(|round| round.0.keys().copied())
            .collect()
    }

    /// Returns the median of a figure of a case over the rounds.
    pub(crate) fn median(&self, case: Case, figure: Figure) -> Option<f64> {
        self.best(&[case], figure)
    }

    /// Returns the median over the rounds of the largest figure of several cases.
    pub(crate) fn best(&self, cases: &[Case], figure: Figure) -> Option<f64> {
        median(self.0.iter().filter_map(|round| round.best(cases, figure)))
    }

    /// Returns the case with the largest median.
    pub(crate) fn leader(&self, cases: &[Case], figure: Figure) -> Option<Case> {
        let measured = cases
            .iter()
            .filter_map(|case| Some((*case, self.median(*case, figure)?)));
        let leader = measured.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
        Some(leader.0)
    }

    /// Returns the median of the ratios of a case to the largest of others in the same round. A
    /// slow round does not affect it.
    pub(crate) fn ratio(&self, of: Case, to: &[Case], figure: Figure) -> Option<f64> {
        let ratio = |round: &Round| Some(round.get(of, figure)? / round.best(to, figure)?);
        median(self.0.iter().filter_map(ratio))
    }
}

/// Returns the median, or `None` if there are no values.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Saver;

    const OURS: Case = Case::Save(Saver::Grouped, 64);
    const ONE: Case = Case::Save(Saver::Pgbench(256), 1);
    const TWO: Case = Case::Save(Saver::Pgbench(256), 2);

    fn rounds(figures: &[[f64; 3]]) -> Rounds {
        let mut rounds = Rounds::default();
        for [ours, one, two] in figures {
            let mut round = Round::default();
            round.add([
                (OURS, Figures::per_second(*ours)),
                (ONE, Figures::per_second(*one)),
                (TWO, Figures::per_second(*two)),
            ]);
            rounds.push(round);
        }
        rounds
    }

    #[test]
    fn the_median_of_an_even_number_is_a_mean() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median([7.0].into_iter()), Some(7.0));
        assert_eq!(median([].into_iter()), None);
    }

    #[test]
    fn a_ratio_is_the_median_of_the_ratios_per_round_to_the_best_other() {
        // Ratios 2, 0.5 and 4; the ratio of the medians would be 10 / 5.
        let rounds = rounds(&[[10.0, 5.0, 1.0], [1.0, 1.0, 2.0], [40.0, 10.0, 8.0]]);

        assert_eq!(
            rounds.ratio(OURS, &[ONE, TWO], Figure::PerSecond),
            Some(2.0)
        );
        assert_eq!(rounds.best(&[ONE, TWO], Figure::PerSecond), Some(5.0));
        assert_eq!(rounds.leader(&[ONE, TWO], Figure::PerSecond), Some(ONE));
    }

    #[test]
    fn an_unmeasured_case_has_no_ratio() {
        let rounds = rounds(&[[10.0, 5.0, 1.0]]);
        let absent = Case::Save(Saver::Original, 64);

        assert_eq!(rounds.ratio(OURS, &[absent], Figure::PerSecond), None);
        assert_eq!(rounds.ratio(absent, &[OURS], Figure::PerSecond), None);
        assert_eq!(rounds.ratio(OURS, &[ONE], Figure::P99), None);
    }
}
