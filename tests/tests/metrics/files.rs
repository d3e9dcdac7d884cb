//! The dashboard and the alert rules: well-formed, complete, and only with existing metrics.

use std::collections::BTreeSet;
use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;

use crate::documented::Documented;

/// Reads a file of the project.
pub(crate) fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the metrics that a text names, without the suffixes of histograms.
fn named(text: &str, documented: &Documented) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words
        .filter(|word| word.starts_with("tasktrail_"))
        .map(|word| {
            let parts = ["_bucket", "_sum", "_count"];
            let histogram = parts.iter().find_map(|part| word.strip_suffix(part));
            let known = |name: &&str| {
                let metric = documented.metrics.get(*name);
                metric.is_some_and(|metric| metric.kind == "histogram")
            };
            histogram.filter(known).unwrap_or(word).to_owned()
        })
        .collect()
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let documented = Documented::read();
    let dashboard: Value = serde_json::from_str(&read("docs/grafana/tasktrail.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut shown = BTreeSet::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
        assert!(panel["title"].is_string(), "{panel}");
        for target in panel["targets"].as_array().unwrap() {
            shown.extend(named(target["expr"].as_str().unwrap(), &documented));
        }
    }
    let all: BTreeSet<_> = documented.metrics.keys().cloned().collect();
    assert_eq!(shown, all);
    let identities: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(identities.len(), panels.len(), "panel ids are unique");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let variables: Vec<_> = variables.iter().map(|variable| &variable["name"]).collect();
    assert_eq!(variables, ["datasource", "job"]);
}

#[test]
fn every_alert_has_an_expression_a_severity_and_annotations() {
    let documented = Documented::read();
    let text = read("docs/prometheus/alerts.yml");
    let file = Yaml::load_from_str(&text).unwrap();
    let mut rules = 0;
    for group in file[0]["groups"].as_vec().unwrap() {
        for rule in group["rules"].as_vec().unwrap() {
            let name = rule["alert"].as_str().unwrap();
            let expression = rule["expr"].as_str().unwrap();
            assert!(expression.contains("tasktrail"), "{name}");
            for metric in named(expression, &documented) {
                assert!(documented.metrics.contains_key(&metric), "{name}: {metric}");
            }
            assert!(rule["for"].as_str().is_some(), "{name}");
            let severity = rule["labels"]["severity"].as_str().unwrap();
            assert!(["critical", "warning"].contains(&severity), "{name}");
            for text in ["summary", "description", "runbook"] {
                let text = rule["annotations"][text].as_str();
                assert!(text.is_some_and(|text| !text.is_empty()), "{name}");
            }
            rules += 1;
        }
    }
    assert!(rules > 0);
}
