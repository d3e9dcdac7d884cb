//! What the SQL of the roles grants, and who can run it.

use std::time::Duration;

use tasktrail_postgres_admin::DatabaseRoles;
use tasktrail_test_support::TestDatabase;

use super::{Fixture, SHOP, quoted};

#[tokio::test]
async fn runtime_role_has_exactly_these_privileges() {
    for schema in ["public", SHOP] {
        let fixture = Fixture::migrated(schema).await;
        let owner = &fixture.owner;

        let all = "SELECT INSERT UPDATE DELETE";
        let expected = [
            format!("agent of {owner}: {all}"),
            format!("agent_presence of {owner}: {all}"),
            format!("audit_log of {owner}: SELECT INSERT"),
            format!("audit_log_id_seq of {owner}: "),
            format!("task of {owner}: {all}"),
            format!("task_dependency of {owner}: SELECT INSERT DELETE"),
            format!("task_execution of {owner}: {all}"),
            format!("task_graph of {owner}: SELECT INSERT UPDATE"),
            format!("task_history of {owner}: SELECT INSERT DELETE"),
            // Needed to check that it is above all ids. The identity column does not need a
            // privilege to draw ids.
            format!("task_history_id_seq of {owner}: SELECT"),
            format!("task_queue of {owner}: SELECT INSERT"),
            format!("task_state of {owner}: {all}"),
            format!("task_summary of {owner}: {all}"),
            format!("tasktrail_migrations of {owner}: SELECT"),
        ];
        assert_eq!(fixture.rights(), expected, "{schema}");

        fixture.give_rights();
        assert_eq!(fixture.rights(), expected, "{schema}, again");
    }
}

#[tokio::test]
async fn tables_of_another_role_are_transferred_to_the_owner() {
    let fixture = Fixture::new("public");
    let superuser = fixture.connect("postgres", 0).await;
    superuser.migrate().await.unwrap();

    fixture.give_rights();

    let its = format!(" of {}: ", fixture.owner);
    let rights = fixture.rights();
    assert!(
        rights.iter().all(|table| table.contains(&its)),
        "{rights:?}"
    );
    let owner = fixture.connect(&fixture.owner, 0).await;
    assert!(!owner.revert().await.unwrap().is_empty());
}

#[tokio::test]
async fn partitions_get_the_privileges_of_their_table() {
    let fixture = Fixture::partitioned(SHOP).await;
    let owner = &fixture.owner;
    let partitions = ["2026_01", "2026_02", "before_2026_01", "from_2026_03"];
    let expected =
        partitions.map(|name| format!("task_history_{name} of {owner}: SELECT INSERT DELETE"));
    let found = || {
        let mut rights = fixture.rights();
        rights.retain(|table| table.starts_with("task_history_") && !table.contains("_id_seq"));
        rights
    };
    assert_eq!(found(), expected);

    let other = format!(
        "SET search_path TO {};
         ALTER TABLE task_history_2026_01 OWNER TO postgres;
         GRANT UPDATE ON task_history_2026_02 TO {}",
        quoted(SHOP),
        fixture.runtime
    );
    fixture.database.execute(&other).unwrap();
    fixture.give_rights();
    assert_eq!(found(), expected);
}

#[tokio::test]
async fn new_tables_cannot_be_updated_before_privileges_are_granted() {
    let fixture = Fixture::new("public");
    let owner = fixture.connect(&fixture.owner, 0).await;

    owner.migrate().await.unwrap();

    let rights = fixture.rights();
    let updatable = rights.iter().filter(|table| table.contains("UPDATE"));
    assert_eq!(updatable.count(), 0, "{rights:?}");
    assert!(rights[0].ends_with(": SELECT INSERT DELETE"), "{rights:?}");
    let runtime = fixture.connect(&fixture.runtime, 0).await;
    let health = runtime.health(Duration::from_secs(10)).await.unwrap();
    assert!(!health.permitted, "{health:?}");
}

#[tokio::test]
async fn database_owner_with_createrole_can_run_the_role_sql() {
    let database = TestDatabase::new();
    let (name, admin) = (database.name(), format!("admin_of_{}", database.name()));
    let create = format!("CREATE ROLE {admin} CREATEROLE; ALTER DATABASE {name} OWNER TO {admin}");
    database.execute(&create).unwrap();
    let (owner, runtime) = (format!("o_{name}"), format!("r_{name}"));
    for schema in ["public", SHOP] {
        let sql = DatabaseRoles::new(&owner, &runtime, schema).unwrap().sql();

        database
            .execute(&format!("SET ROLE {admin}; {sql}"))
            .unwrap();

        let asked = format!(
            "SELECT has_schema_privilege('{owner}', '{name}', 'CREATE'),
                    has_schema_privilege('{runtime}', '{name}', 'USAGE'),
                    has_schema_privilege('{runtime}', '{name}', 'CREATE')",
            name = schema.replace('\'', "''")
        );
        let answer: Vec<_> = database.execute(&asked).unwrap().remove(0);
        let answer: Vec<_> = answer.iter().flatten().map(String::as_str).collect();
        assert_eq!(answer, ["t", "t", "f"], "{schema}");
    }
}

#[test]
fn role_names_are_quoted() {
    let database = TestDatabase::new();
    let names = ["O'Brien \"$roles$\"", "RUN; DROP ROLE postgres"];
    let [owner, runtime] = names.map(|name| format!("{name} {}", database.name()));

    let sql = DatabaseRoles::new(&owner, &runtime, SHOP).unwrap().sql();
    database.execute(&sql).unwrap();

    let roles = "SELECT rolname FROM pg_roles WHERE rolname LIKE '%' || current_database()
                 ORDER BY rolname COLLATE \"C\"";
    let found: Vec<_> = database.execute(roles).unwrap().concat();
    assert_eq!(found, [Some(owner), Some(runtime)]);
}
