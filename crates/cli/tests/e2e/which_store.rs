//! Which store a command works on, where a database has several or none.

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
            "error: no schema is configured, and a store exists in another schema than public: shop",
            "or to public for one there",
        );
    }

    assert_eq!(database.execute(content).unwrap(), before);
    let stats = ["stats", "--schema", "public", "--database-url"];
    run([&stats[..], &[&database.url()]].concat()).good();
}

/// A mistyped schema does not become a store without notice.
#[test]
fn an_import_that_creates_the_store_names_its_schema_and_database() {
    let imported = Imported::new();
    let import = ["import", &imported.path, "--schema", "typo"];

    let first = imported.run(&import);
    let again = imported.run(&import).good();

    let database = imported.database.name();
    let created = "created the store in the schema typo of ";
    let of_it = format!("/{database} (1 migration)\n");
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stderr.starts_with(created), "{first:?}");
    assert!(first.stderr.ends_with(&of_it), "{first:?}");
    assert_eq!(first.stderr.lines().count(), 1, "{first:?}");
    assert!(again.stdout.contains("already there"), "{again:?}");
}

#[test]
fn a_command_in_a_schema_without_a_store_names_it_and_the_schemas_that_have_one() {
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
        imported.run(&[command, &["--schema", "typo"]].concat()).failed(
            1,
            "error: the schema typo has no store, and stores exist in other schemas: public, shop; set",
            "run tasktrail migrate",
        );
    }
}
