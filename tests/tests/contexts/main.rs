//! No context lacks a piece of `docs/ADDING-A-CONTEXT.md`.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a failed step of a test panics"
)]

mod recipe;

use std::fs;
use std::path::{Path, PathBuf};

use recipe::{Context, PIECES};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn sample() -> PathBuf {
    root().join("crates/postgres/tests/sample_context")
}

/// A copy of the sample context that a test changes.
struct Copy(tempfile::TempDir);

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&sample(), folder.path());
        Self(folder)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn missing(&self) -> Vec<String> {
        Context::new(self.0.path(), "bookmarks").missing()
    }

    /// Adds a context that has everything that `bookmarks` has, except a migration.
    fn add_context(&self, name: &str) {
        let renamed = |text: &str| text.replace("bookmark", name.trim_end_matches('s'));
        for file in files(self.0.path()) {
            let path = file.strip_prefix(self.0.path()).unwrap().to_str().unwrap();
            let text = fs::read_to_string(&file).unwrap();
            let target = self.path(&renamed(path));
            if target == file {
                fs::write(target, format!("{text}\n{}", renamed(&text))).unwrap();
            } else if !path.starts_with("migrations") {
                fs::create_dir_all(target.parent().unwrap()).unwrap();
                fs::write(target, renamed(&text)).unwrap();
            }
        }
    }

    fn missing_after_replacing(path: &str, text: &str, by: &str) -> Vec<String> {
        let copy = Self::new();
        let file = copy.path(path);
        let source = fs::read_to_string(&file).unwrap();
        assert!(source.contains(text), "{path} has no {text}");
        fs::write(file, source.replace(text, by)).unwrap();
        copy.missing()
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn every_context_is_complete() {
    let contexts = Context::all(&root());
    assert!(!contexts.is_empty());

    let missing: Vec<_> = contexts.iter().flat_map(Context::missing).collect();

    assert_eq!(missing, [""; 0]);
}

#[test]
fn sample_context_is_complete() {
    assert_eq!(Context::all(&sample()).len(), 1);
    assert_eq!(Copy::new().missing(), [""; 0]);
}

#[test]
fn each_removed_piece_is_reported() {
    for piece in &PIECES {
        let path = piece.path.replace("CONTEXT", "bookmarks");
        let copy = Copy::new();
        let removed = copy.path(&path);
        if removed.is_dir() {
            fs::remove_dir_all(removed).unwrap();
        } else {
            fs::remove_file(removed).unwrap();
        }

        let missing = copy.missing();

        assert!(missing.contains(&format!("{path}: missing")), "{missing:?}");
    }
}

/// Each piece with a text whose replacement makes it incomplete, and the problems to report.
const INCOMPLETE: &[(&str, &str, &str, &[&str])] = &[
    (
        "crates/domain/src/bookmarks/repository.rs",
        "#[port(\"bookmarks\")]",
        "// #[port(\"bookmarks\")]",
        &["no #[port(\"bookmarks\")]"],
    ),
    (
        "crates/domain/src/bookmarks/repository.rs",
        "async fn",
        "fn",
        &["no methods"],
    ),
    (
        "crates/conformance/src/bookmarks.rs",
        "a_bookmark_is_read_as_it_was_put",
        "another",
        &[
            "the case put::a_bookmark_is_read_as_it_was_put is not listed",
            "the listed case put::another does not exist",
        ],
    ),
    (
        "crates/conformance/src/bookmarks.rs",
        "                a_bookmark_is",
        "                // a_bookmark_is",
        &["the case put::a_bookmark_is_read_as_it_was_put is not listed"],
    ),
    (
        "crates/conformance/src/bookmarks.rs",
        "a_bookmark_is_read_as_it_was_put,",
        "a_bookmark_is_read_as_it_was_put, a_bookmark_is_read_as_it_was_put,",
        &["the name a_bookmark_is_read_as_it_was_put is listed twice"],
    ),
    (
        "crates/conformance/src/bookmarks/put.rs",
        "/// A bookmark is read as it was put; another name has none.",
        "",
        &["the case a_bookmark_is_read_as_it_was_put does not document its clause"],
    ),
    (
        "migrations/2027-01-01-000000-0000_create_bookmark/up.sql",
        "COMMENT ON TABLE",
        "-- COMMENT ON TABLE",
        &["the table bookmark has no comment"],
    ),
    (
        "migrations/2027-01-01-000000-0000_create_bookmark/up.sql",
        "CREATE TABLE",
        "-- CREATE TABLE",
        &["no migration creates the table bookmark"],
    ),
    (
        "crates/postgres/src/bookmarks/operations.rs",
        "sql/get.sql",
        "sql/put.sql",
        &["get.sql is not included anywhere"],
    ),
    (
        "crates/postgres/src/bookmarks/plans_of_all.rs",
        "statement_plans::problems(",
        "statement_plans::solutions(",
        &["does not call statement_plans::problems(…)"],
    ),
    (
        "crates/in-memory/src/bookmarks.rs",
        "#[deny(clippy::missing_trait_methods)]",
        "// #[deny(clippy::missing_trait_methods)]",
        &["no implementation of the port with #[deny(clippy::missing_trait_methods)]"],
    ),
    (
        "crates/resilience/tests/conformance.rs",
        "bookmarks_suite!(",
        "// bookmarks_suite!(",
        &["no bookmarks_suite!(…)"],
    ),
    (
        "docs/METRICS.md",
        "`bookmarks.get`",
        "",
        &["the operation bookmarks.get is not listed"],
    ),
];

#[test]
fn each_incomplete_piece_is_reported() {
    for (path, text, by, problems) in INCOMPLETE {
        let missing = Copy::missing_after_replacing(path, text, by);

        let reported = missing.iter().zip(*problems);
        let reported = reported.filter(|(missing, problem)| missing.ends_with(*problem));
        assert!(
            missing.len() == problems.len() && reported.count() == problems.len(),
            "without {text} in {path}: {missing:?}"
        );
    }
}

#[test]
fn context_without_cases_or_statements_is_reported() {
    let copy = Copy::new();
    fs::write(
        copy.path("crates/conformance/src/bookmarks.rs"),
        "macro_rules! bookmarks_suite",
    )
    .unwrap();
    fs::remove_file(copy.path("crates/conformance/src/bookmarks/put.rs")).unwrap();
    for statement in ["get", "put"] {
        fs::remove_file(copy.path(&format!(
            "crates/postgres/src/bookmarks/sql/{statement}.sql"
        )))
        .unwrap();
    }

    let missing = copy.missing();

    let expected = [
        "crates/conformance/src/bookmarks.rs: no cases",
        "migrations: no statement names a table",
        "crates/postgres/src/bookmarks/sql: no statements",
    ];
    assert_eq!(missing, expected);
}

/// A second context finds the files of the first one, which both share.
#[test]
fn second_context_without_its_migration_is_reported() {
    let copy = Copy::new();
    copy.add_context("labels");

    assert_eq!(copy.missing(), [""; 0]);
    let missing = Context::new(copy.0.path(), "labels").missing();

    assert_eq!(
        missing,
        ["migrations: no migration creates the table label"]
    );
}

#[test]
fn guide_lists_the_pieces_in_their_order() {
    let guide = fs::read_to_string(root().join("docs/ADDING-A-CONTEXT.md")).unwrap();
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `"));
    let paths: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    let pieces: Vec<_> = PIECES.iter().map(|piece| piece.path).collect();

    assert_eq!(paths, pieces);
}
