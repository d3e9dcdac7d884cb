//! The pieces of a context, and which of them are missing in a tree of sources.

use std::fs;
use std::path::{Path, PathBuf};

/// A piece: its path, in which `CONTEXT` is the name of the context, and what must be in it.
pub(crate) struct Piece {
    pub(crate) path: &'static str,
    problems: fn(&Context, &str) -> Vec<String>,
}

/// The pieces in the order in which you write them. `docs/ADDING-A-CONTEXT.md` explains each.
pub(crate) const PIECES: [Piece; 13] = [
    Piece::with("crates/domain/src/CONTEXT.rs", any),
    Piece::with("crates/domain/src/CONTEXT/repository.rs", port),
    Piece::with("crates/conformance/src/CONTEXT.rs", suite),
    Piece::with("crates/in-memory/src/store/CONTEXT.rs", any),
    Piece::with("crates/in-memory/src/CONTEXT.rs", implementation),
    Piece::with("crates/in-memory/tests/conformance.rs", suite_runs),
    Piece::with("migrations", commented_tables),
    Piece::with("crates/postgres/src/CONTEXT/sql", included_statements),
    Piece::with("crates/postgres/src/CONTEXT.rs", implementation),
    Piece::with("crates/postgres/src/CONTEXT/plans_of_all.rs", plan_test),
    Piece::with("crates/postgres/tests/conformance.rs", suite_runs),
    Piece::with("crates/resilience/tests/conformance.rs", suite_runs),
    Piece::with("docs/METRICS.md", operations),
];

impl Piece {
    const fn with(path: &'static str, problems: fn(&Context, &str) -> Vec<String>) -> Self {
        Self { path, problems }
    }
}

/// A context in a tree of sources.
pub(crate) struct Context {
    root: PathBuf,
    name: String,
}

impl Context {
    pub(crate) fn new(root: &Path, name: &str) -> Self {
        Self {
            root: root.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The contexts of a tree: modules of the domain that declare a port.
    pub(crate) fn all(root: &Path) -> Vec<Self> {
        let modules = files_below(&root.join("crates/domain/src"), "rs");
        let ports = modules.iter().filter_map(|file| {
            let source = fs::read_to_string(file).unwrap();
            let name = source.split("#[port(\"").nth(1)?.split('"').next()?;
            (file.file_stem()? == "repository").then(|| Self::new(root, name))
        });
        ports.collect()
    }

    /// Returns what is missing, each with the path where it belongs.
    pub(crate) fn missing(&self) -> Vec<String> {
        PIECES
            .iter()
            .flat_map(|piece| self.missing_of(piece))
            .collect()
    }

    fn missing_of(&self, piece: &Piece) -> Vec<String> {
        let path = piece.path.replace("CONTEXT", &self.name);
        let full = self.root.join(&path);
        if !full.exists() {
            return vec![format!("{path}: missing")];
        }
        let text = if full.is_dir() {
            String::new()
        } else {
            fs::read_to_string(full).unwrap()
        };
        let problems = (piece.problems)(self, &text);
        problems
            .iter()
            .map(|problem| format!("{path}: {problem}"))
            .collect()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }

    /// The methods of the port.
    fn methods(&self) -> Vec<String> {
        let port = self.read(&format!("crates/domain/src/{}/repository.rs", self.name));
        let methods = port.split("    async fn ").skip(1);
        methods.map(|method| name_at(method).to_owned()).collect()
    }
}

fn any(_: &Context, _: &str) -> Vec<String> {
    Vec::new()
}

fn port(context: &Context, source: &str) -> Vec<String> {
    let attribute = format!("#[port(\"{}\")]", context.name);
    unless(source.contains(&attribute), || format!("no {attribute}"))
}

/// Each case is a public function in a module of the suite, and is listed in the suite.
fn suite(context: &Context, list: &str) -> Vec<String> {
    let declared = list.contains(&format!("macro_rules! {}_suite", context.name));
    let folder = format!("crates/conformance/src/{}", context.name);
    let cases = files_below(&context.root.join(folder), "rs");
    let unlisted = cases.iter().flat_map(|file| {
        let source = fs::read_to_string(file).unwrap();
        let cases = source.split("\npub async fn ").skip(1).map(name_at);
        let unlisted = cases.filter(|case| !lists(list, case));
        unlisted
            .map(|case| format!("the case {case} is not listed"))
            .collect::<Vec<_>>()
    });
    let undeclared = unless(declared, || format!("no macro {}_suite", context.name));
    undeclared.into_iter().chain(unlisted).collect()
}

fn lists(list: &str, case: &str) -> bool {
    let mut words = list.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| word == case)
}

fn suite_runs(context: &Context, source: &str) -> Vec<String> {
    let run = format!("{}_suite!(", context.name);
    unless(source.contains(&run), || format!("no {run}…)"))
}

fn implementation(_: &Context, source: &str) -> Vec<String> {
    let complete = "#[deny(clippy::missing_trait_methods)]";
    unless(source.contains(complete), || {
        format!("no implementation of the port with {complete}")
    })
}

/// Each table that a migration creates has a comment. `tests/schema.rs` checks columns.
fn commented_tables(context: &Context, _: &str) -> Vec<String> {
    let ups = files_below(&context.root.join("migrations"), "sql");
    let ups = ups.iter().filter(|file| file.ends_with("up.sql"));
    let sql: String = ups.map(|file| fs::read_to_string(file).unwrap()).collect();
    let tables = sql.split("CREATE TABLE ").skip(1).map(name_at);
    let without = tables.filter(|table| !sql.contains(&format!("COMMENT ON TABLE {table} IS")));
    without
        .map(|table| format!("the table {table} has no comment"))
        .collect()
}

fn included_statements(context: &Context, _: &str) -> Vec<String> {
    let folder = context
        .root
        .join(format!("crates/postgres/src/{}", context.name));
    let modules = files_below(&folder, "rs");
    let modules = modules
        .iter()
        .filter(|file| !file.ends_with("plans_of_all.rs"));
    let sources: String = modules
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let statements = files_below(&folder.join("sql"), "sql");
    let names = statements
        .iter()
        .filter_map(|file| file.file_name()?.to_str());
    let unused = names.filter(|name| !sources.contains(&format!("sql/{name}\"")));
    unused
        .map(|name| format!("{name} is not included anywhere"))
        .collect()
}

/// The test itself fails for a statement without a plan.
fn plan_test(_: &Context, source: &str) -> Vec<String> {
    let checks = ["beyond_index_ranges(", "files_without_a_plan("];
    let absent = checks.iter().filter(|check| !source.contains(*check));
    absent
        .map(|check| format!("does not call {check}…)"))
        .collect()
}

fn operations(context: &Context, page: &str) -> Vec<String> {
    let names = context
        .methods()
        .into_iter()
        .map(|method| format!("{}.{method}", context.name));
    let absent = names.filter(|name| !page.contains(&format!("`{name}`")));
    absent
        .map(|name| format!("the operation {name} is not listed"))
        .collect()
}

fn unless(holds: bool, problem: impl FnOnce() -> String) -> Vec<String> {
    if holds { Vec::new() } else { vec![problem()] }
}

/// The identifier at the start of a text.
fn name_at(text: &str) -> &str {
    let text = text.trim_start_matches("IF NOT EXISTS ");
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path, extension)
            } else {
                vec![path]
            }
        })
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort_unstable();
    files
}
