//! The list of a port's cases: complete, each listed once under its module, with its clause.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use tasktrail_tests::sources::files_below;

use super::{Context, Port, unless};

/// A case: its module and its name.
type Case = (String, String);

/// Returns what is wrong with the suite in `list`, the source of the macro.
pub(super) fn problems(context: &Context, port: &Port, list: &str) -> Vec<String> {
    let suite = format!("macro_rules! {}_suite", port.name);
    let (listed, written) = (listed(list), written(context, port));
    let mut problems = unless(list.contains(&suite), || {
        format!("no macro {}_suite", port.name)
    });
    problems.extend(unless(!listed.is_empty(), || "no cases".to_owned()));
    let listed_once: BTreeSet<_> = listed.iter().collect();
    for (module, case) in written.difference(&listed.iter().cloned().collect()) {
        problems.push(format!("the case {module}::{case} is not listed"));
    }
    for (module, case) in listed_once.iter().filter(|case| !written.contains(**case)) {
        problems.push(format!("the listed case {module}::{case} does not exist"));
    }
    let mut names = BTreeSet::new();
    for (_, case) in listed
        .iter()
        .filter(|(_, case)| !names.insert(case.as_str()))
    {
        problems.push(format!("the name {case} is listed twice"));
    }
    problems.extend(without_clause(context, port));
    problems
}

/// The cases in the list, in the form `$fresh; module: case, case; module: case;`.
fn listed(list: &str) -> Vec<Case> {
    let list = list.split("$fresh;\n").nth(1).unwrap_or_default();
    let list = list.split('}').next().unwrap_or_default();
    list.split(';')
        .filter_map(|module| module.split_once(':'))
        .flat_map(|(module, cases)| cases.split(',').map(move |case| (module, case)))
        .map(|(module, case)| (module.trim().to_owned(), case.trim().to_owned()))
        .filter(|(_, case)| !case.is_empty())
        .collect()
}

/// The cases in the modules of the suite: their public functions.
fn written(context: &Context, port: &Port) -> BTreeSet<Case> {
    let modules = modules(context, port).into_iter();
    let cases = modules.flat_map(|file| {
        let module = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(file).unwrap();
        let cases = source.lines().filter_map(case_name);
        cases
            .map(|case| (module.clone(), case.to_owned()))
            .collect::<Vec<_>>()
    });
    cases.collect()
}

/// The first sentence of a case's documentation is the clause that it checks.
fn without_clause(context: &Context, port: &Port) -> Vec<String> {
    let mut problems = Vec::new();
    for file in modules(context, port) {
        let mut above = "";
        let source = fs::read_to_string(file).unwrap();
        for line in source.lines() {
            let clause = above.starts_with("/// ") && above.ends_with('.');
            if let Some(case) = case_name(line).filter(|_| !clause) {
                problems.push(format!("the case {case} does not document its clause"));
            }
            above = line;
        }
    }
    problems
}

fn case_name(line: &str) -> Option<&str> {
    line.strip_prefix("pub async fn ")?.split('(').next()
}

fn modules(context: &Context, port: &Port) -> Vec<PathBuf> {
    let folder = format!("crates/conformance/src/{}", port.module());
    files_below(&context.root.join(folder), "rs")
}
