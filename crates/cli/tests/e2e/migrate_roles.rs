//! The roles that `migrate roles` prints: made by psql's means, and used by the tool.

use tasktrail_test_support::TestDatabase;

use super::files::{Folder, many};
use super::tool::run;

/// Roles are the whole server's, so they are named after the database.
fn printed(database: &TestDatabase, more: &[&str]) -> String {
    let [owner, runtime] =
        ["owner", "runtime"].map(|role| format!("{role}_of_{}", database.name()));
    let args = ["migrate", "roles", "--owner", &owner, "--runtime", &runtime];
    run([&args, more].concat()).good().stdout
}

fn url(database: &TestDatabase, role: &str) -> String {
    let role = format!("{role}_of_{}@", database.name());
    database.url().replace("postgres@", &role)
}

#[test]
fn the_owner_migrates_and_services_work_by_the_runtime_role() {
    for schema in [&[][..], &["--schema", "shop"]] {
        let database = TestDatabase::new();
        let roles = printed(&database, schema);
        let (owner, runtime) = (url(&database, "owner"), url(&database, "runtime"));
        let folder = Folder::new();
        let path = folder.file("f.jsonl", many(10));
        let (runtime, owner) = (&*runtime, &*owner);
        let run = |args: &[&str]| run([args, schema].concat());
        let import = ["import", path.to_str().unwrap(), "--database-url", runtime];

        database.execute(&roles).unwrap();
        run(&import).failed(
            1,
            &format!(
                "error: the role runtime_of_{} may not change",
                database.name()
            ),
            "the owner of its tables has to run `tasktrail migrate`",
        );
        run(&["migrate", "--database-url", owner]).good();
        database.execute(&roles).unwrap();
        run(&import).good();

        run(&["migrate", "check", "--database-url", runtime]).good();
        run(&["health", "--database-url", runtime]).good();
        run(&["stats", "--database-url", runtime]).good();
        run(&["cleanup", "--days", "1", "--database-url", runtime]).good();
        run(&["migrate", "down", "--yes", "--database-url", runtime]).failed(
            1,
            "error: the role runtime_of_",
            "has to run `tasktrail migrate`",
        );
        run(&["migrate", "down", "--yes", "--database-url", owner]).good();
    }
}

#[test]
fn the_roles_are_printed_without_a_database_also_as_a_document() {
    let text = run(["migrate", "roles"]).good().stdout;
    let json = run(["migrate", "roles", "--format", "json"]).good().json();

    assert!(
        text.contains("tasktrail.owner = 'tasktrail_owner'"),
        "{text}"
    );
    assert!(
        text.contains("tasktrail.runtime = 'tasktrail_runtime'"),
        "{text}"
    );
    assert_eq!(json["sql"], text);
}

#[test]
fn names_that_cannot_be_are_wrong_usage() {
    let limit = "1 to 63 bytes long, without control characters and backslashes";
    run(["migrate", "roles", "--schema", ""]).failed(
        2,
        &format!("error: the schema must be {limit}, got "),
        "\"\"",
    );
    run(["migrate", "roles", "--owner", "a", "--runtime", "a"]).failed(
        2,
        "error: the runtime role must be another one than the owner role",
        "\"a\"",
    );
}
