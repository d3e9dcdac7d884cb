//! The roles of `migrate roles`, created from the printed SQL and used by the tool.

use tasktrail_test_support::TestDatabase;

use super::files::{Folder, many};
use super::tool::run;

/// Roles belong to the whole server, so their names contain the name of the database.
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
fn owner_migrates_and_runtime_role_is_sufficient_for_services() {
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
            &format!("error: role runtime_of_{} may not change", database.name()),
            "run `tasktrail migrate` as the owner of the tables",
        );
        run(&["migrate", "--database-url", owner]).good();
        database.execute(&roles).unwrap();
        run(&import).good();

        run(&["migrate", "check", "--database-url", runtime]).good();
        run(&["health", "--timeout", "60", "--database-url", runtime]).good();
        run(&["stats", "--database-url", runtime]).good();
        run(&["cleanup", "--days", "1", "--database-url", runtime]).good();
        run(&["migrate", "down", "--yes", "--database-url", runtime]).failed(
            1,
            "error: role runtime_of_",
            "run `tasktrail migrate` as the owner of the tables",
        );
        run(&["migrate", "down", "--yes", "--database-url", owner]).good();
    }
}

#[test]
fn roles_are_printed_without_a_database_as_sql_or_json() {
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
fn invalid_names_are_invalid_usage() {
    let limit = "1 to 63 bytes long, without control characters and backslashes";
    run(["migrate", "roles", "--schema", ""]).failed(
        2,
        &format!("error: the schema must be {limit}, got "),
        "\"\"",
    );
    run(["migrate", "roles", "--owner", "a", "--runtime", "a"]).failed(
        2,
        "error: the runtime role must be different from the owner role",
        "\"a\"",
    );
}
