//! Reads a configuration file into a layer of settings.

mod toml;
mod yaml;

use std::fs;
use std::path::{Path, PathBuf};

use super::layer::{Given, Layer, Origin};
use super::problem::{ConfigProblem, HIDDEN, quoted};
use super::setting::{Kind, Setting};
use super::suggest;

/// The value of a key, with the line of the key. Not `Debug`, because it may be a password.
struct Node {
    line: usize,
    value: Content,
}

enum Content {
    Text(String),
    /// A number or a boolean, as text.
    Plain(String),
    Nothing,
    /// A type that no setting has, by its name in messages.
    Other(&'static str),
    /// Keys that are not texts are `None`.
    Table(Vec<(Option<String>, Node)>),
}

/// A syntax error: its position, and the parser's message, which quotes nothing of the file.
struct SyntaxError {
    line: usize,
    column: usize,
    words: String,
}

/// Returns the settings in a file and all problems with them; `None` if it cannot be read or
/// parsed.
pub(super) fn read(path: &Path) -> (Option<Layer>, Vec<ConfigProblem>) {
    let table = match parse(path) {
        Ok(table) => table,
        Err(problems) => return (None, problems),
    };
    let mut reader = Reader {
        path: path.to_owned(),
        layer: Layer::new(Origin::File(path.to_owned())),
        problems: Vec::new(),
    };
    reader.table("", table);
    (Some(reader.layer), reader.problems)
}

fn parse(path: &Path) -> Result<Vec<(Option<String>, Node)>, Vec<ConfigProblem>> {
    let name = path.display();
    let problem = |words: String| vec![ConfigProblem::new(name.to_string(), words)];
    let extension = path.extension().and_then(|extension| extension.to_str());
    let parse = match extension {
        Some("toml") => toml::parse,
        Some("yaml" | "yml") => yaml::parse,
        _ => {
            return Err(problem(
                "file name must end in .toml, .yaml or .yml".to_owned(),
            ));
        }
    };
    let text =
        fs::read_to_string(path).map_err(|error| problem(format!("cannot be read: {error}")))?;
    parse(&text).map_err(|errors| {
        let problems = errors.into_iter().map(
            |SyntaxError {
                 line,
                 column,
                 words,
             }| { ConfigProblem::new(format!("{name}:{line}:{column}"), words) },
        );
        problems.collect()
    })
}

struct Reader {
    path: PathBuf,
    layer: Layer,
    problems: Vec<ConfigProblem>,
}

impl Reader {
    /// Reads the settings of a section. The name of the top level is empty.
    fn table(&mut self, section: &str, table: Vec<(Option<String>, Node)>) {
        for (key, node) in table {
            let name = match (&key, section) {
                (Some(key), "") => key.clone(),
                (Some(key), section) => format!("{section}.{key}"),
                (None, _) => String::new(),
            };
            match Setting::named(&name) {
                Some(setting) => self.setting(setting, node),
                None if is_section(&name) => self.section(&name, node),
                None => self.unknown(&name, node.line),
            }
        }
    }

    fn section(&mut self, name: &str, node: Node) {
        match node.value {
            Content::Table(table) => self.table(name, table),
            // A section without settings.
            Content::Nothing => {}
            _ => {
                let words = format!("{name} must be a section of settings");
                self.problem(node.line, words);
            }
        }
    }

    fn setting(&mut self, setting: &'static Setting, node: Node) {
        let source = self.source(node.line);
        let kind = setting.kind;
        match node.value {
            // As with variables, an empty value counts as not set.
            Content::Text(text) if text.is_empty() => {}
            Content::Text(text) => self.take(setting, source, text),
            Content::Plain(text) if !kind.is_text() => self.take(setting, source, text),
            Content::Plain(text) => {
                let given = if kind.is_secret() {
                    HIDDEN.to_owned()
                } else {
                    quoted(&text)
                };
                let allowed = "a text, in quotes";
                let problem = ConfigProblem::value(source, setting.name, allowed, given);
                self.problems.push(problem);
            }
            Content::Nothing => self.refuse(setting, source, "nothing"),
            Content::Other(what) => self.refuse(setting, source, what),
            Content::Table(_) => self.refuse(setting, source, "a section"),
        }
    }

    fn take(&mut self, setting: &'static Setting, source: String, text: String) {
        self.layer.given.push(Given {
            setting,
            source,
            text: text.into(),
        });
    }

    fn refuse(&mut self, setting: &'static Setting, source: String, given: &str) {
        let allowed = match setting.kind {
            Kind::Password => "a text, in quotes",
            _ => &setting.expected(),
        };
        self.problems
            .push(ConfigProblem::value(source, setting.name, allowed, given));
    }

    fn unknown(&mut self, name: &str, line: usize) {
        let known = Setting::all().iter().map(|setting| setting.name);
        // With the sections, so that a misspelled section is not mistaken for a setting.
        let known = known.chain(sections());
        let words = if is_fit_for_print(name) {
            suggest::unknown(&format!("no setting is called `{name}`"), name, known)
        } else {
            "unknown key (not shown, it may hold a password)".to_owned()
        };
        self.problem(line, words);
    }

    fn problem(&mut self, line: usize, words: String) {
        let source = self.source(line);
        self.problems.push(ConfigProblem::new(source, words));
    }

    fn source(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

fn sections() -> impl Iterator<Item = &'static str> {
    let names = Setting::all().iter();
    names.filter_map(|setting| Some(setting.name.split_once('.')?.0))
}

fn is_section(name: &str) -> bool {
    sections().any(|section| section == name)
}

/// Whether a key looks like a name. Otherwise it may be part of a broken line, with a password.
fn is_fit_for_print(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=60).contains(&name.len()) && name.chars().all(is_word)
}
