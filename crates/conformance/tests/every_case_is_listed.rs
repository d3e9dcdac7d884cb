//! The list of cases in `src/task_history.rs` is complete.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_case_is_listed_once_under_its_module() {
    let listed = listed();
    let distinct: BTreeSet<_> = listed.iter().cloned().collect();

    assert_eq!(distinct, written(), "left: listed, right: written");
    assert_eq!(listed.len(), distinct.len(), "a case is listed twice");
}

#[test]
fn no_two_cases_share_a_name() {
    let names: BTreeSet<_> = listed().into_iter().map(|(_, case)| case).collect();

    assert_eq!(names.len(), listed().len());
}

#[test]
fn every_case_states_its_clause() {
    for file in case_files() {
        let source = fs::read_to_string(&file).unwrap();
        let lines: Vec<_> = source.lines().collect();
        for pair in lines.windows(2).filter(|pair| case_name(pair[1]).is_some()) {
            let clause = pair[0].starts_with("/// ") && pair[0].ends_with('.');
            assert!(clause, "{}: {} has no clause", file.display(), pair[1]);
        }
    }
}

/// The cases in the list, each with its module.
fn listed() -> Vec<(String, String)> {
    let source = fs::read_to_string(sources().with_extension("rs")).unwrap();
    let list = source.split("$fresh;\n").nth(1).unwrap();
    let list = list.split('}').next().unwrap();
    list.split(';')
        .filter_map(|concern| concern.split_once(':'))
        .flat_map(|(concern, cases)| cases.split(',').map(move |case| (concern, case)))
        .map(|(concern, case)| (concern.trim().to_owned(), case.trim().to_owned()))
        .collect()
}

/// The cases in the source files, each with its module.
fn written() -> BTreeSet<(String, String)> {
    let mut written = BTreeSet::new();
    for file in case_files() {
        let concern = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(&file).unwrap();
        let cases = source.lines().filter_map(case_name);
        written.extend(cases.map(|case| (concern.clone(), case.to_owned())));
    }
    written
}

fn case_name(line: &str) -> Option<&str> {
    line.strip_prefix("pub async fn ")?.split('(').next()
}

fn case_files() -> Vec<PathBuf> {
    let files = fs::read_dir(sources()).unwrap();
    files.map(|file| file.unwrap().path()).collect()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/task_history")
}
