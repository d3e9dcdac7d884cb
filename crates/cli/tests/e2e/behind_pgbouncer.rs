//! The tool behind PgBouncer in transaction mode, with the roles of `migrate roles`.

use serde_json::json;
use tasktrail_test_support::{PgBouncer, PoolMode, Server, TestDatabase, wait_until};

use super::files::{Folder, line, many, text};
use super::tool::run;

/// Dropped in this order: PgBouncer closes its connections before the database is dropped.
struct Behind {
    bouncer: PgBouncer,
    database: TestDatabase,
    roles: [String; 2],
}

impl Behind {
    /// Roles belong to the whole server, so their names contain the name of the database.
    fn new() -> Self {
        let database = TestDatabase::new();
        let roles = ["owner", "runtime"].map(|role| format!("{role}_of_{}", database.name()));
        let names: Vec<&str> = roles.iter().map(String::as_str).collect();
        let server = Server::shared().addr();
        let bouncer = PgBouncer::start(server, PoolMode::Transaction, &names, "");
        let behind = Self {
            bouncer,
            database,
            roles,
        };
        behind.create_roles();
        behind
    }

    fn create_roles(&self) {
        let [owner, runtime] = &self.roles;
        let printed = run([
            "migrate",
            "roles",
            "--transaction-pooler",
            "--owner",
            owner,
            "--runtime",
            runtime,
        ]);
        self.database.execute(&printed.good().stdout).unwrap();
    }

    fn undeclared(&self, role: usize) -> String {
        let role = format!("{}@", self.roles[role]);
        let direct = self.database.url().replace("postgres@", &role);
        self.bouncer.url(&direct)
    }

    fn owner(&self) -> String {
        self.undeclared(0) + "?pooler=transaction"
    }

    fn runtime(&self) -> String {
        self.undeclared(1) + "?pooler=transaction"
    }
}

#[test]
fn every_command_of_the_life_of_a_store_works() {
    let behind = Behind::new();
    let (owner, runtime) = (behind.owner(), behind.runtime());
    let as_owner = |args: &[&str]| run([args, &["--database-url", &owner]].concat());
    let as_runtime = |args: &[&str]| run([args, &["--database-url", &runtime]].concat());
    let folder = Folder::new();
    let path = folder.file("f.jsonl", many(200));
    let exported = folder.path().join("exported.jsonl");
    let exported = exported.to_str().unwrap();

    as_owner(&["migrate"]).good();
    behind.create_roles();
    as_owner(&["migrate", "check"]).good();
    as_runtime(&["import", path.to_str().unwrap()]).good();
    as_runtime(&["cancel", "alice", "new"]).good();
    as_owner(&["migrate", "partition", "--yes"]).good();
    let pending = folder.file("g.jsonl", text(&[line("later", 0, "running")]));
    as_runtime(&["import", pending.to_str().unwrap()]).good();
    as_runtime(&["export", exported]).good();
    as_owner(&["analyze", "--vacuum"]).good();
    as_owner(&["reindex"]).good();
    let health = as_runtime(&["health", "--timeout", "60", "--format", "json"]);
    assert_eq!(health.good().json()["state"], json!("healthy"));
    let doctor = as_owner(&["doctor", "--format", "json"]);
    assert_eq!(
        doctor.json()["facts"]["connection"]["through_pooler"],
        json!(true),
        "{doctor:?}"
    );
    let cleanup = as_owner(&["cleanup", "--days", "1"]);
    assert_eq!(cleanup.code, Some(0), "{cleanup:?}");
    as_owner(&["migrate", "down", "--yes"]).good();

    let held = "SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                  AND (locktype = 'advisory' OR state LIKE 'idle in transaction%')";
    wait_until("no lock and no transaction is left", || {
        behind.database.execute(held).unwrap().is_empty()
    });
}

#[test]
fn benchmark_is_refused_with_the_remedy() {
    let behind = Behind::new();

    let refused = run(["bench", "--database-url", &behind.owner()]);

    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("use the URL of the server itself, without `pooler`"),
        "{refused:?}"
    );
}

#[test]
fn undeclared_pooler_is_refused_with_the_setting() {
    let behind = Behind::new();

    run(["migrate", "--database-url", &behind.undeclared(0)]).failed(
        1,
        "error: ",
        "see \"Behind a pooler\" in docs/CONFIGURATION.md",
    );
}
