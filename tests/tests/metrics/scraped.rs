//! Scraping the endpoint like Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Sends one HTTP/1.1 request.
pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        body: body.to_owned(),
    }
}

/// The parsed text format.
#[derive(Debug, Default)]
pub(crate) struct Scraped {
    /// The type of each metric.
    pub(crate) kinds: BTreeMap<String, String>,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Debug)]
pub(crate) struct Sample {
    /// The full name, for histograms with `_bucket`, `_sum` or `_count`.
    name: String,
    pub(crate) metric: String,
    /// The labels, without the bound of a bucket.
    pub(crate) labels: BTreeMap<String, String>,
    bound: Option<String>,
    value: String,
}

impl Scraped {
    pub(crate) fn read(text: &str) -> Self {
        let mut scraped = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                scraped.kinds.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                let sample = scraped.sample(line);
                scraped.samples.push(sample);
            }
        }
        scraped
    }

    fn sample(&self, line: &str) -> Sample {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let mut labels: BTreeMap<_, _> = labels
            .trim_end_matches('}')
            .split(',')
            .filter(|label| !label.is_empty())
            .map(|label| {
                let (label, value) = label.split_once('=').unwrap();
                (label.to_owned(), value.trim_matches('"').to_owned())
            })
            .collect();
        let parts = ["_bucket", "_sum", "_count"];
        let of_histogram = parts.iter().find_map(|part| name.strip_suffix(part));
        let metric = of_histogram.unwrap_or(name).to_owned();
        if of_histogram.is_some() {
            assert_eq!(self.kinds[&metric], "histogram", "{line}");
        }
        Sample {
            name: name.to_owned(),
            metric,
            bound: labels.remove("le"),
            labels,
            value: value.to_owned(),
        }
    }

    /// Returns the value of a series, which must be an integer.
    #[track_caller]
    pub(crate) fn number(&self, name: &str, labels: &[(&str, &str)]) -> usize {
        let wanted = labels
            .iter()
            .map(|(label, value)| ((*label).to_owned(), (*value).to_owned()))
            .collect();
        let found = self
            .samples
            .iter()
            .find(|sample| sample.name == name && sample.labels == wanted)
            .unwrap_or_else(|| panic!("no {name} {labels:?}"));
        found.value.parse().unwrap()
    }

    /// Returns the bucket bounds of a histogram.
    pub(crate) fn bounds(&self, metric: &str) -> BTreeSet<&str> {
        let samples = self.samples.iter().filter(|sample| sample.metric == metric);
        samples
            .filter_map(|sample| sample.bound.as_deref())
            .collect()
    }
}
