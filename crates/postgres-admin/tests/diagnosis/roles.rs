//! What a role that may do no more than a service needs can see, and where the tables may be.

use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::TableMaintenanceError;
use tasktrail_postgres_admin::diagnosis::FindingCode;
use tasktrail_test_support::{TableLock, TestDatabase};

use super::store::{Store, diagnosis, open, sound, the, troubles};

/// A role with the privileges that the ports need, and the URL to be it.
fn runtime(store: &Store) -> String {
    let role = format!("runtime_{}", store.database.name());
    store.run(&format!(
        "CREATE ROLE {role} LOGIN;
         GRANT SELECT, INSERT, DELETE ON task_history TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON task_summary TO {role};
         GRANT SELECT ON tasktrail_migrations TO {role}"
    ));
    let url = store.database.url();
    url.replace("postgres@", &format!("{role}@"))
}

#[tokio::test]
async fn a_role_of_a_service_is_enough_and_what_it_may_not_see_is_told() {
    let store = Store::new().await;
    store.fill(1_000, 10);
    store.run("CREATE TABLE theirs (id int)");
    let _of_another_role = TableLock::on(&store.database, "theirs");
    let postgres = open(runtime(&store)).await;

    let found = diagnosis(&postgres).await;

    assert_eq!(troubles(&found), Vec::<&_>::new());
    let hidden = the(&found, FindingCode::MissingPrivilege);
    assert!(hidden.advice.contains("pg_read_all_stats"), "{hidden:?}");
    assert_eq!((found.tables.len(), found.indexes.len()), (2, 5));
    assert_eq!(found.growth.unwrap().entries, 1_000);
}

#[tokio::test]
async fn care_is_for_the_owner() {
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
            .ends_with("is not the owner of task_history, which is postgres"),
        "{analyzed}"
    );
    let reindexed = reindexed.unwrap_err();
    assert!(
        matches!(reindexed, TableMaintenanceError::NotOwner { .. }),
        "{reindexed}"
    );
}

#[tokio::test]
async fn a_partition_of_somebody_else_is_not_passed_over() {
    let store = Store::new().await;
    let now = SystemClock.now();
    let parts = store.postgres.admin().partition(now, 1).await.unwrap();
    let owner = format!("owner_{}", store.database.name());
    store.run(&format!(
        "CREATE ROLE {owner} LOGIN; ALTER TABLE task_history OWNER TO {owner};
         ALTER TABLE task_summary OWNER TO {owner}"
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
        format!("the role {owner} is not the owner of {part}, which is postgres")
    );
    store.run(&format!("ALTER TABLE {part} OWNER TO {owner}"));
    assert_eq!(postgres.admin().analyze(false).await.unwrap().len(), 2);
}

#[tokio::test]
async fn tables_in_another_schema_are_found_by_the_setting() {
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
    assert_eq!((found.tables.len(), analyzed.len()), (2, 2));
    assert_eq!(reindexed.done.len(), 5);
    assert!(
        reindexed
            .done
            .iter()
            .all(|index| index.index.starts_with("shop."))
    );
}
