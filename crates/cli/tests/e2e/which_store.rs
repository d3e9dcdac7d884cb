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
        &["cleanup", "--days", "0", "--stuck"],
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
