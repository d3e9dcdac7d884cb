//! The tables of `docs/METRICS.md`.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::read;
use crate::scraped::Scraped;

/// The metrics and the values of their labels.
pub(crate) struct Documented {
    pub(crate) metrics: BTreeMap<String, Metric>,
    values: BTreeMap<String, BTreeSet<String>>,
}

pub(crate) struct Metric {
    pub(crate) kind: String,
    labels: BTreeSet<String>,
}

impl Documented {
    pub(crate) fn read() -> Self {
        let text = read("docs/METRICS.md");
        let rows: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        let (metrics, labels): (Vec<_>, Vec<_>) = rows
            .iter()
            .partition(|row| row[0].starts_with("`tasktrail_"));
        let metric = |row: &&Vec<&str>| {
            assert_eq!(row.len(), 6, "{row:?}");
            let metric = Metric {
                kind: row[1].to_owned(),
                labels: quoted(row[3]),
            };
            (only(row[0]), metric)
        };
        let mut values: BTreeMap<_, _> = labels
            .iter()
            .map(|row| (only(row[0]), quoted(row[1])))
            .collect();
        let kinds = values["kind"].clone();
        values.get_mut("outcome").unwrap().extend(kinds);
        Self {
            metrics: metrics.iter().map(metric).collect(),
            values,
        }
    }

    /// Panics unless the scraped metrics are exactly the documented ones, with types and labels.
    #[track_caller]
    pub(crate) fn assert_matches(&self, scraped: &Scraped) {
        let emitted: BTreeMap<_, _> = scraped
            .kinds
            .iter()
            .filter(|(name, _)| name.starts_with("tasktrail_"))
            .collect();
        let documented: BTreeMap<_, _> = self
            .metrics
            .iter()
            .map(|(name, metric)| (name, &metric.kind))
            .collect();
        assert_eq!(documented, emitted);
        for sample in &scraped.samples {
            let metric = &self.metrics[&sample.metric];
            let labels: BTreeSet<_> = sample.labels.keys().cloned().collect();
            assert_eq!(metric.labels, labels, "{sample:?}");
            for (label, value) in &sample.labels {
                assert!(self.values[label].contains(value), "{sample:?}");
            }
        }
    }
}

/// Returns the texts in backquotes.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn only(cell: &str) -> String {
    quoted(cell).pop_first().unwrap()
}
