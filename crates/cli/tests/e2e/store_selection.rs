//! The choice of the store if a database has several stores or none.

use super::files::{Folder, line, text};
use super::imported::Imported;
use super::tool::run;

#[test]
fn every_command_refuses_to_guess_between_two_stores() {
    let imported = Imported::new();
    let database = &imported.database;
    imported.run(&["migrate", "--schema", "shop"]).good();
    let path = "SET search_path = shop, public";
    let alter = format!("ALTER DATABASE {} {path}", database.name());
    database.execute(&alter).unwrap();
    let folder = Folder::new();
    let file = folder.file("f.jsonl", text(&[line("z", 0, "running")]));
    let content = "SELECT summary::text, (SELECT count(*) FROM public.task_history)::text
                   FROM public.task_summary AS summary ORDER BY task_id";
    let before = database.execute(content).unwrap();

    let commands: [&[&str]; 17] = [
        &["import", file.to_str().unwrap()],
        &["tasks", "alice"],
        &["history", "alice", "a"],
        &["status", "alice", "a"],
        &["cancel", "bob", "c"],
        &["stats"],
        &["cleanup", "--days", "0", "--include-stuck"],
        &["export", "-"],
        &["explain", "load"],
        &["analyze"],
        &["reindex"],
        &["serve-metrics", "--listen", "127.0.0.1:0"],
        &["migrate"],
        &["migrate", "status"],
        &["migrate", "check"],
        &["migrate", "order"],
        &["migrate", "partition", "--dry-run"],
    ];
    for command in commands {
        imported.run(command).failed(
            1,
            "error: no schema is configured, and a store exists in a schema other than public: shop",
            "or to public to use that schema",
        );
    }

    assert_eq!(database.execute(content).unwrap(), before);
    let stats = ["stats", "--schema", "public", "--database-url"];
    run([&stats[..], &[&database.url()]].concat()).good();
}

/// A mistyped schema name does not create a store unnoticed.
#[test]
fn import_that_creates_a_store_reports_its_schema_and_database() {
    let imported = Imported::new();
    let import = ["import", &imported.path, "--schema", "typo"];

    let first = imported.run(&import);
    let again = imported.run(&import).good();

    let database = imported.database.name();
    let created = "created the store in schema typo of ";
    let of_it = format!("/{database} (2 migrations)\n");
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stderr.starts_with(created), "{first:?}");
    assert!(first.stderr.ends_with(&of_it), "{first:?}");
    assert_eq!(first.stderr.lines().count(), 1, "{first:?}");
    assert!(again.stdout.contains("duplicates"), "{again:?}");
}

#[test]
fn command_in_a_schema_without_a_store_reports_the_schemas_that_have_one() {
    let imported = Imported::new();
    imported.run(&["migrate", "--schema", "shop"]).good();

    let commands: [&[&str]; 5] = [
        &["tasks", "alice"],
        &["cancel", "bob", "c"],
        &["export", "-"],
        &["analyze"],
        &["reindex"],
    ];
    for command in commands {
        imported
            .run(&[command, &["--schema", "typo"]].concat())
            .failed(
                1,
                "error: schema typo has no store, but other schemas have one: public, shop; set",
                "run tasktrail migrate",
            );
    }
}
