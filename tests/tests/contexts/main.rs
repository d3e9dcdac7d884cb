//! No context lacks a piece of `docs/ADDING-A-CONTEXT.md`.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a failed step of a test panics"
)]

mod recipe;
mod sample;

use std::fs;

use recipe::{Context, PIECES, Piece};
use sample::{Copy, root, sample};

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
        let copy = Copy::new();
        assert_reported(&copy, &copy.context("bookmarks"), piece);
    }
}

/// Each port of a context with several ports has its own pieces.
#[test]
fn each_removed_piece_of_each_port_is_reported() {
    for piece in &PIECES {
        for port in 0..2 {
            let copy = Copy::with_two_ports();
            let mut context = copy.library();
            context.ports.rotate_left(port);
            assert_reported(&copy, &context, piece);
        }
    }
}

/// Removes a piece of the first port of a context.
#[track_caller]
fn assert_reported(copy: &Copy, context: &Context, piece: &Piece) {
    let path = piece.path_of(context, context.ports.first().unwrap());
    let removed = copy.path(&path);
    if removed.is_dir() {
        fs::remove_dir_all(removed).unwrap();
    } else {
        fs::remove_file(removed).unwrap();
    }

    let missing = context.missing();

    assert!(missing.contains(&format!("{path}: missing")), "{missing:?}");
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
    let missing = copy.context("labels").missing();

    assert_eq!(
        missing,
        ["migrations: no migration creates the table label"]
    );
}

#[test]
fn context_with_two_ports_is_complete() {
    let copy = Copy::with_two_ports();
    let contexts = Context::all(copy.folder());

    assert_eq!(contexts.len(), 1);
    assert_eq!(
        (contexts[0].name.as_str(), contexts[0].ports.len()),
        ("library", 2)
    );
    assert_eq!(contexts[0].missing(), [""; 0]);
}

/// What is in only one of two ports is missing in the other one.
#[test]
fn each_incomplete_piece_of_one_of_two_ports_is_reported() {
    for (path, text, reported) in [
        (
            "crates/domain/src/library/label/repository.rs",
            "async fn",
            "crates/domain/src/library/label/repository.rs: no methods",
        ),
        (
            "crates/in-memory/src/library/labels.rs",
            "#[deny(clippy::missing_trait_methods)]",
            "crates/in-memory/src/library/labels.rs: no implementation of the port with #[deny(clippy::missing_trait_methods)]",
        ),
        (
            "crates/conformance/src/library/labels/put.rs",
            "/// A label is read as it was put; another name has none.",
            "crates/conformance/src/library/labels.rs: the case a_label_is_read_as_it_was_put does not document its clause",
        ),
        (
            "crates/postgres/tests/conformance.rs",
            "labels_suite!(",
            "crates/postgres/tests/conformance.rs: no labels_suite!(…)",
        ),
        (
            "migrations/2027-01-01-000000-0000_create_bookmark/up.sql",
            "CREATE TABLE label",
            "migrations: no migration creates the table label",
        ),
        (
            "docs/METRICS.md",
            "`labels.get`",
            "docs/METRICS.md: the operation labels.get is not listed",
        ),
    ] {
        let copy = Copy::with_two_ports();
        copy.replace(path, text, "");

        let missing = copy.library().missing();

        assert_eq!(missing, [reported]);
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
