//! The pieces of a context, and which of them are missing in a tree of sources.

mod port;
mod suite;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use tasktrail_tests::sources::files_below;

pub(crate) use port::Port;

/// A piece: its path, and what must be in it. In the path, `CONTEXT` is the name of the context.
/// A piece with `PORT` or `AREA` in its path is one of each port of the context.
pub(crate) struct Piece {
    pub(crate) path: &'static str,
    problems: fn(&Context, &Port, &str) -> Vec<String>,
}

/// The pieces in the order in which you write them. `docs/ADDING-A-CONTEXT.md` explains each.
pub(crate) const PIECES: [Piece; 14] = [
    Piece::with("crates/domain/src/CONTEXT.rs", any),
    Piece::with("crates/domain/src/AREA/repository.rs", port),
    Piece::with("crates/conformance/src/PORT.rs", suite::problems),
    Piece::with("crates/in-memory/src/store/CONTEXT.rs", any),
    Piece::with("crates/in-memory/src/PORT.rs", implementation),
    Piece::with("crates/in-memory/tests/conformance.rs", suite_runs),
    Piece::with("migrations", tables::problems),
    Piece::with("crates/postgres/src/CONTEXT/sql", included_statements),
    Piece::with("crates/postgres/src/PORT.rs", implementation),
    Piece::with("crates/postgres/src/CONTEXT/plans_of_all.rs", plan_test),
    Piece::with("crates/postgres/tests/conformance.rs", suite_runs),
    Piece::with(
        "crates/postgres/tests/least_privilege/contract.rs",
        suite_runs,
    ),
    Piece::with("crates/resilience/tests/conformance.rs", suite_runs),
    Piece::with("docs/METRICS.md", operations),
];

impl Piece {
    const fn with(path: &'static str, problems: fn(&Context, &Port, &str) -> Vec<String>) -> Self {
        Self { path, problems }
    }

    /// The path of the piece of a port of a context.
    pub(crate) fn path_of(&self, context: &Context, port: &Port) -> String {
        self.path
            .replace("AREA", &port.area)
            .replace("PORT", &port.module())
            .replace("CONTEXT", &context.name)
    }
}

/// A context in a tree of sources.
pub(crate) struct Context {
    root: PathBuf,
    pub(crate) name: String,
    pub(crate) ports: Vec<Port>,
}

impl Context {
    pub(crate) fn new(root: &Path, name: &str, ports: Vec<Port>) -> Self {
        let (root, name) = (root.to_owned(), name.to_owned());
        Self { root, name, ports }
    }

    /// The contexts of a tree: modules of the domain that declare ports.
    pub(crate) fn all(root: &Path) -> Vec<Self> {
        let mut contexts: Vec<Self> = Vec::new();
        for port in Port::all(root) {
            match contexts
                .iter_mut()
                .find(|known| known.name == port.context())
            {
                Some(known) => known.ports.push(port),
                None => contexts.push(Self::new(root, port.context(), vec![port.clone()])),
            }
        }
        contexts
    }

    /// Returns what is missing, each with the path where it belongs.
    pub(crate) fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for piece in &PIECES {
            for problem in self
                .ports
                .iter()
                .flat_map(|port| self.missing_of(piece, port))
            {
                // A piece that the ports share has the same problem for each of them.
                if !missing.contains(&problem) {
                    missing.push(problem);
                }
            }
        }
        missing
    }

    fn missing_of(&self, piece: &Piece, port: &Port) -> Vec<String> {
        let path = piece.path_of(self, port);
        let full = self.root.join(&path);
        if !full.exists() {
            return vec![format!("{path}: missing")];
        }
        let text = if full.is_dir() {
            String::new()
        } else {
            code(&fs::read_to_string(full).unwrap())
        };
        let problems = (piece.problems)(self, port, &text);
        problems
            .iter()
            .map(|problem| format!("{path}: {problem}"))
            .collect()
    }

    /// The methods of a port.
    fn methods(&self, port: &Port) -> Vec<String> {
        let path = self.root.join(port.repository());
        methods_of(&code(&fs::read_to_string(path).unwrap_or_default()))
    }

    /// The folder of the statements.
    fn statements(&self) -> PathBuf {
        let folder = format!("crates/postgres/src/{}/sql", self.name);
        self.root.join(folder)
    }
}

/// Removes the lines that are comments.
fn code(source: &str) -> String {
    let lines = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.fold(String::new(), |code, line| code + line + "\n")
}

fn methods_of(port: &str) -> Vec<String> {
    let methods = port.split("    async fn ").skip(1);
    methods.map(|method| name_at(method).to_owned()).collect()
}

fn any(_: &Context, _: &Port, _: &str) -> Vec<String> {
    Vec::new()
}

fn port(_: &Context, port: &Port, source: &str) -> Vec<String> {
    let attribute = format!("#[port(\"{}\")]", port.required_name());
    let mut problems = unless(source.contains(&attribute), || format!("no {attribute}"));
    problems.extend(unless(!methods_of(source).is_empty(), || {
        "no methods".to_owned()
    }));
    problems
}

fn suite_runs(_: &Context, port: &Port, source: &str) -> Vec<String> {
    let run = format!("{}_suite!(", port.name);
    unless(source.contains(&run), || format!("no {run}…)"))
}

fn implementation(_: &Context, _: &Port, source: &str) -> Vec<String> {
    let complete = "#[deny(clippy::missing_trait_methods)]";
    unless(source.contains(&format!("{complete}\nimpl")), || {
        format!("no implementation of the port with {complete}")
    })
}

fn included_statements(context: &Context, _: &Port, _: &str) -> Vec<String> {
    let folder = context
        .root
        .join(format!("crates/postgres/src/{}", context.name));
    let modules = files_below(&folder, "rs");
    let modules = modules
        .iter()
        .filter(|file| !file.ends_with("plans_of_all.rs"));
    let sources: String = modules
        .map(|file| code(&fs::read_to_string(file).unwrap()))
        .collect();
    let statements = files_below(&context.statements(), "sql");
    if statements.is_empty() {
        return vec!["no statements".to_owned()];
    }
    let names = statements
        .iter()
        .filter_map(|file| file.file_name()?.to_str());
    let unused = names.filter(|name| !sources.contains(&format!("sql/{name}\"")));
    unused
        .map(|name| format!("{name} is not included anywhere"))
        .collect()
}

/// The test itself fails for a statement without a plan.
fn plan_test(_: &Context, _: &Port, source: &str) -> Vec<String> {
    let check = "statement_plans::problems(";
    unless(source.contains(check), || {
        format!("does not call {check}…)")
    })
}

fn operations(context: &Context, port: &Port, page: &str) -> Vec<String> {
    let names = context
        .methods(port)
        .into_iter()
        .map(|method| format!("{}.{method}", port.name));
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
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}
