//! The tables of a context: each one that a statement names is created and commented by a migration.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use tasktrail_tests::sources::files_below;

use super::{Context, Port, name_at};

/// Returns the tables that no migration creates or comments. `tests/schema.rs` checks columns.
pub(super) fn problems(context: &Context, _: &Port, _: &str) -> Vec<String> {
    let ups = files_below(&context.root.join("migrations"), "sql");
    let ups = ups.into_iter().filter(|file| file.ends_with("up.sql"));
    let migrations = sql(ups);
    let created = named_after(&migrations, "CREATE TABLE");
    let commented = named_after(&migrations, "COMMENT ON TABLE");
    let tables = tables(&sql(files_below(&context.statements(), "sql")));
    if tables.is_empty() {
        return vec!["no statement names a table".to_owned()];
    }
    let problems = tables.iter().filter_map(|table| {
        if !created.contains(table) {
            Some(format!("no migration creates the table {table}"))
        } else if !commented.contains(table) {
            Some(format!("the table {table} has no comment"))
        } else {
            None
        }
    });
    problems.collect()
}

/// The tables that the statements read and write, without the queries that a statement names.
fn tables(statements: &str) -> BTreeSet<String> {
    let statements = statements.replace("DISTINCT FROM", "=");
    let mut tables: BTreeSet<_> = ["FROM", "JOIN", "INTO", "USING", "UPDATE"]
        .iter()
        .flat_map(|word| named_after(&statements, word))
        .collect();
    tables.retain(|name| !is_query(name, &statements));
    tables
}

/// Whether a name is that of a query, such as `WITH one AS (…)` or `WITH RECURSIVE one (id) AS (…)`.
fn is_query(name: &str, statements: &str) -> bool {
    ["WITH ", ", ", "RECURSIVE "].iter().any(|begin| {
        let begin = format!("{begin}{name} ");
        statements.split(&begin).skip(1).any(|rest| {
            let columns = rest
                .strip_prefix('(')
                .and_then(|rest| rest.split_once(") "));
            let rest = columns.map_or(rest, |(_, rest)| rest);
            let forms = ["AS (", "AS MATERIALIZED (", "AS NOT MATERIALIZED ("];
            forms.iter().any(|form| rest.starts_with(form))
        })
    })
}

/// The names that follow a word: in lower case, and not called as a function.
fn named_after(sql: &str, word: &str) -> BTreeSet<String> {
    let words = format!(" {word} ");
    let rests = sql.split(&words).skip(1);
    let names = rests.filter_map(|rest| {
        let rest = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest);
        let name = name_at(rest.strip_prefix("ONLY ").unwrap_or(rest));
        let lower = name.starts_with(|c: char| c.is_ascii_lowercase());
        let called = rest[name.len()..].starts_with('(');
        (lower && !called).then(|| name.to_owned())
    });
    names.collect()
}

/// The text of files without comments, in one line.
fn sql(files: impl IntoIterator<Item = PathBuf>) -> String {
    let texts = files
        .into_iter()
        .map(|file| fs::read_to_string(file).unwrap());
    texts.fold(String::from(" "), |sql, text| {
        let lines = text.lines().filter_map(|line| line.split("--").next());
        let words = lines.flat_map(|line| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        words.fold(sql, |sql, word| sql + &word + " ") + "; "
    })
}

#[test]
fn tables_are_named_by_statements_and_not_queries_functions_or_columns() {
    let statement = " WITH wanted AS ( SELECT * FROM unnest($1) ), added AS MATERIALIZED ( \
                     INSERT INTO one SELECT * FROM wanted ) \
                     SELECT * FROM added JOIN two USING (id) WHERE n IS DISTINCT FROM m \
                     ON CONFLICT (id) DO UPDATE SET n = 1 FOR UPDATE SKIP LOCKED ; \
                     UPDATE three SET n = 1 FROM ( SELECT 1 ) AS four ; \
                     WITH RECURSIVE tree (id, n) AS ( SELECT id, n FROM one JOIN tree USING (id) ) \
                     SELECT * FROM tree ; ";

    let tables: Vec<_> = tables(statement).into_iter().collect();

    assert_eq!(tables, ["one", "three", "two"]);
}
