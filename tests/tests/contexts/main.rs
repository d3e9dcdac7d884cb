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

#[test]
fn each_incomplete_piece_is_reported() {
    let case = "a_bookmark_is_read_as_it_was_put";
    for (path, text, by, problem) in [
        (
            "crates/domain/src/bookmarks/repository.rs",
            "#[port(\"bookmarks\")]",
            "",
            "no #[port(\"bookmarks\")]",
        ),
        (
            "crates/conformance/src/bookmarks.rs",
            case,
            "another",
            "the case a_bookmark_is_read_as_it_was_put is not listed",
        ),
        (
            "migrations/20270101000000_bookmarks/up.sql",
            "COMMENT ON TABLE",
            "-- COMMENT ON THE TABLE",
            "the table bookmark has no comment",
        ),
        (
            "crates/postgres/src/bookmarks/operations.rs",
            "sql/get.sql",
            "sql/put.sql",
            "get.sql is not included anywhere",
        ),
        (
            "crates/postgres/src/bookmarks/plans_of_all.rs",
            "files_without_a_plan(",
            "files_with_a_plan(",
            "does not call files_without_a_plan(…)",
        ),
        (
            "crates/in-memory/src/bookmarks.rs",
            "#[deny(clippy::missing_trait_methods)]",
            "",
            "no implementation of the port with #[deny(clippy::missing_trait_methods)]",
        ),
        (
            "crates/resilience/tests/conformance.rs",
            "bookmarks_suite!(",
            "suite!(",
            "no bookmarks_suite!(…)",
        ),
        (
            "docs/METRICS.md",
            "`bookmarks.get`",
            "",
            "the operation bookmarks.get is not listed",
        ),
    ] {
        let missing = Copy::missing_after_replacing(path, text, by);

        assert!(
            missing.len() == 1 && missing[0].ends_with(problem),
            "without {text} in {path}: {missing:?}"
        );
    }
}

#[test]
fn guide_lists_the_pieces_in_their_order() {
    let guide = fs::read_to_string(root().join("docs/ADDING-A-CONTEXT.md")).unwrap();
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `"));
    let paths: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    let pieces: Vec<_> = PIECES.iter().map(|piece| piece.path).collect();

    assert_eq!(paths, pieces);
}
