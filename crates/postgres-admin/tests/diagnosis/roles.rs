//! What the role of a service can see and do, and stores in other schemas.

use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::diagnosis::FindingCode;
use tasktrail_postgres_admin::{DatabaseRoles, TableMaintenanceError};
use tasktrail_test_support::{TableLock, TestDatabase};

use super::store::{Store, diagnosis, open, sound, the, troubles};

/// Creates a role with the privileges that a service needs, and returns its URL.
fn runtime(store: &Store) -> String {
    let role = format!("runtime_{}", store.database.name());
    let roles = DatabaseRoles::new("postgres", &role, "public").unwrap();
    store.run(&roles.sql());
    let url = store.database.url();
    url.replace("postgres@", &format!("{role}@"))
}

#[tokio::test]
async fn runtime_role_is_sufficient_and_hidden_facts_are_reported() {
    let store = Store::new().await;
    store.fill(1_000, 10);
    store.run("CREATE TABLE theirs (id int)");
    let _of_another_role = TableLock::on(&store.database, "theirs");
    let postgres = open(runtime(&store)).await;

    let found = diagnosis(&postgres).await;

    assert_eq!(troubles(&found), Vec::<&_>::new());
    let hidden = the(&found, FindingCode::MissingPrivilege);
    assert!(hidden.advice.contains("pg_read_all_stats"), "{hidden:?}");
    assert_eq!((found.tables.len(), found.indexes.len()), (11, 25));
    assert_eq!(found.growth.unwrap().entries, 1_000);
}

#[tokio::test]
async fn table_maintenance_requires_the_owner() {
    let store = Store::new().await;
    let postgres = open(runtime(&store)).await;

    let analyzed = postgres.admin().analyze(false).await.unwrap_err();
    let reindexed = postgres
        .admin()
        .reindex(&[], |_| {}, std::future::pending())
        .await;

    assert!(
        analyzed
            .to_string()
            .ends_with("may not maintain task_history: run this as its owner, postgres"),
        "{analyzed}"
    );
    let reindexed = reindexed.unwrap_err();
    assert!(
        matches!(reindexed, TableMaintenanceError::NotOwner { .. }),
        "{reindexed}"
    );
}

#[tokio::test]
async fn partition_of_another_owner_is_not_skipped() {
    let store = Store::new().await;
    let now = SystemClock.now();
    let parts = store.postgres.admin().partition(now, 1).await.unwrap();
    let owner = format!("owner_{}", store.database.name());
    store.run(&format!(
        "CREATE ROLE {owner} LOGIN;
         DO $$ DECLARE ours regclass; BEGIN
             FOR ours IN SELECT oid FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
                 AND relnamespace = 'public'::regnamespace
             LOOP
                 EXECUTE format('ALTER TABLE %s OWNER TO {owner}', ours);
             END LOOP;
         END $$"
    ));
    for part in &parts[1..] {
        store.run(&format!("ALTER TABLE {} OWNER TO {owner}", part.name));
    }
    let url = store.database.url();
    let postgres = open(url.replace("postgres@", &format!("{owner}@"))).await;

    let refused = postgres
        .admin()
        .reindex(&[], |_| {}, std::future::pending())
        .await;

    let part = &parts[0].name;
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!("role {owner} may not maintain {part}: run this as its owner, postgres")
    );
    store.run(&format!("ALTER TABLE {part} OWNER TO {owner}"));
    assert_eq!(postgres.admin().analyze(false).await.unwrap().len(), 11);
}

#[tokio::test]
async fn store_in_a_configured_schema_is_diagnosed() {
    let database = TestDatabase::create(sound());
    let url = format!("{}?schema=shop", database.url());
    let postgres = open(url).await;
    postgres.migrate().await.unwrap();

    let found = diagnosis(&postgres).await;
    let analyzed = postgres.admin().analyze(true).await.unwrap();
    let reindexed = postgres
        .admin()
        .reindex(&[], |_| {}, std::future::pending())
        .await
        .unwrap();

    assert_eq!(troubles(&found), Vec::<&_>::new());
    assert_eq!(found.connection.unwrap().schema.as_deref(), Some("shop"));
    assert_eq!((found.tables.len(), analyzed.len()), (11, 11));
    assert_eq!(reindexed.done.len(), 25);
    assert!(
        reindexed
            .done
            .iter()
            .all(|index| index.index.starts_with("shop."))
    );
}
