//! The settings of each source, and their precedence.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use super::problem::{ConfigProblem, HIDDEN, quoted};
use super::setting::Setting;

/// The settings of one source.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) origin: Origin,
    pub(super) given: Vec<Given>,
}

/// Where a layer comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Code,
    /// The variables that start with this prefix.
    Variables(&'static str),
    #[cfg_attr(
        not(feature = "config-file"),
        expect(dead_code, reason = "no files then")
    )]
    File(PathBuf),
}

/// A setting with its value in a source.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) setting: &'static Setting,
    /// The variable, or the file with the line.
    pub(super) source: String,
    pub(super) text: SecretString,
}

impl Given {
    pub(super) fn text(&self) -> &str {
        self.text.expose_secret()
    }

    /// The value for messages, without secrets.
    pub(super) fn shown(&self) -> String {
        if self.setting.kind.is_secret() {
            return HIDDEN.to_owned();
        }
        quoted(self.text())
    }

    pub(super) fn refused(&self, allowed: &str) -> ConfigProblem {
        ConfigProblem::value(&self.source, self.setting.name, allowed, self.shown())
    }
}

impl Layer {
    pub(super) fn new(origin: Origin) -> Self {
        let given = Vec::new();
        Self { origin, given }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Given> {
        self.given.iter().find(|given| given.setting.name == name)
    }

    /// Removes values that cannot be parsed. A variable of two settings is reported once.
    pub(super) fn refuse_unreadable(&mut self, problems: &mut Vec<ConfigProblem>) {
        let mut reported: Vec<String> = Vec::new();
        self.given.retain(|given| {
            // Locations are checked later, and only the one in effect.
            let kind = given.setting.kind;
            let good = kind.is_of_location() || kind.reads(given.text());
            if !good && !reported.contains(&given.source) {
                problems.push(given.refused(&given.setting.expected()));
                reported.push(given.source.clone());
            }
            good
        });
    }

    /// Settings that this source sets twice, to different values.
    pub(super) fn contradictions(&self) -> impl Iterator<Item = (&Given, &Given)> {
        self.given.iter().filter_map(|given| {
            let first = self.find(given.setting.name)?;
            let agree = given.setting.kind.agree(first.text(), given.text());
            (!agree).then_some((first, given))
        })
    }
}

/// The settings in effect, each with its source. Without the location, which comes from one source.
#[derive(Debug, Default)]
pub(super) struct Settings(Vec<Given>);

impl Settings {
    /// Merges the layers, highest precedence first: the first layer that gives a setting wins.
    pub(super) fn merged(layers: &[Layer]) -> Self {
        let mut merged: Vec<Given> = Vec::new();
        for given in layers.iter().flat_map(|layer| &layer.given) {
            let name = given.setting.name;
            let is_known = merged.iter().any(|known| known.setting.name == name);
            if !is_known && !given.setting.kind.is_of_location() {
                merged.push(given.clone());
            }
        }
        Self(merged)
    }

    /// The value of a setting, if it was given.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.find(name).map(Given::text)
    }

    /// The source of the value.
    pub(super) fn source(&self, name: &str) -> Option<&str> {
        self.find(name).map(|given| given.source.as_str())
    }

    /// The parsed value of a setting, if it was given.
    pub(super) fn read<V>(&self, name: &str, read: impl Fn(&str) -> Option<V>) -> Option<V> {
        self.text(name).and_then(read)
    }

    fn find(&self, name: &str) -> Option<&Given> {
        self.0.iter().find(|given| given.setting.name == name)
    }
}

/// Settings for which two variables of a layer differ, unless a layer of higher precedence sets
/// them.
pub(super) fn contradictions(layers: &[Layer]) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    let mut above: Vec<&Layer> = Vec::new();
    for layer in layers {
        for (one, other) in layer.contradictions() {
            let name = one.setting.name;
            let is_decided = above.iter().any(|layer| layer.find(name).is_some());
            if !is_decided && !one.setting.kind.is_of_location() {
                problems.push(contradiction(one, other));
            }
        }
        above.push(layer);
    }
    problems
}

/// Two sources of the same precedence with different values.
pub(super) fn contradiction(one: &Given, other: &Given) -> ConfigProblem {
    let name = one.setting.name;
    let words = if one.setting.kind.is_of_location() {
        format!(
            "{name} differs from the one in {}: set only one of them",
            one.source
        )
    } else {
        format!(
            "{name} is {} here and {} in {}: set only one of them",
            other.shown(),
            one.shown(),
            one.source
        )
    };
    ConfigProblem::new(&other.source, words).about(name)
}
