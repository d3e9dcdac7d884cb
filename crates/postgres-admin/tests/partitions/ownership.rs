//! The owner of partitions, and roles that do not own them.

use tasktrail_domain::task_history::TaskStatus::Completed;
use tasktrail_domain::task_history::{
    RetentionPolicy, TaskHistoryRepository, TaskHistoryRepositoryExt,
};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::PartitionError;
use tasktrail_test_support::TestDatabase;

use super::fixture::{DAY, EntryFactory, on, open};

#[tokio::test]
async fn new_partitions_belong_to_the_owner_of_the_table() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let role = format!("owner_of_{}", database.name());
    database
        .execute(&format!(
            "CREATE ROLE {role}; GRANT CREATE, USAGE ON SCHEMA public TO {role};
             ALTER TABLE task_history OWNER TO {role}; ALTER TABLE task_summary OWNER TO {role}"
        ))
        .unwrap();

    postgres
        .admin()
        .partition(on("2026-02-10"), 1)
        .await
        .unwrap();
    postgres
        .admin()
        .partition(on("2026-02-10"), 3)
        .await
        .unwrap();
    let task = EntryFactory::default()
        .save(&postgres.task_history(), "old", &["2026-01-05"], Completed)
        .await;
    let policy = RetentionPolicy::every_task_before(on("2026-04-15"));
    let results = postgres
        .admin()
        .drop_expired_partitions(&policy, None)
        .await
        .unwrap();

    assert!(results[0].dropped, "{results:?}");
    assert_eq!(postgres.task_history().status(&task).await.unwrap(), None);
    let owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class
                  WHERE relname LIKE 'task_history%' AND relkind IN ('r', 'p')";
    assert_eq!(database.execute(owners).unwrap(), [[Some(role.clone())]]);
    database
        .execute(&format!(
            "REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}"
        ))
        .unwrap();
}

#[tokio::test]
async fn runtime_role_can_save_but_not_partition() {
    let database = TestDatabase::new();
    let owner = open(&database).await;
    owner.admin().partition(on("2026-02-10"), 2).await.unwrap();
    let role = format!("runtime_of_{}", database.name());
    database
        .execute(&format!(
            "CREATE ROLE {role} LOGIN;
             GRANT SELECT, INSERT, DELETE ON task_history TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON task_summary TO {role};
             GRANT SELECT ON tasktrail_migrations TO {role}"
        ))
        .unwrap();
    let url = database.url().replace("postgres@", &format!("{role}@"));
    let runtime = PostgresDatabase::connect(PostgresConfig::from_url(url).unwrap())
        .await
        .unwrap();
    let (histories, factory) = (runtime.task_history(), EntryFactory::default());

    let days = ["2026-02-11", "2026-03-11", "2030-01-01"];
    let task = factory.save(&histories, "report", &days, Completed).await;
    let policy = RetentionPolicy::every_task_before(on("2030-01-01").saturating_add(DAY));
    let refused = runtime
        .admin()
        .partition(on("2026-09-10"), 2)
        .await
        .unwrap_err();
    let removed = histories
        .remove_all_expired(&policy, <_>::default(), |_| ())
        .await
        .unwrap();

    let dropped = runtime
        .admin()
        .drop_expired_partitions(&policy, None)
        .await
        .unwrap_err();
    for refused in [refused, dropped] {
        assert!(matches!(&refused, PartitionError::NotOwner { owner } if owner == "postgres"));
    }
    assert_eq!((removed.tasks, removed.entries), (1, 3));
    assert_eq!(histories.status(&task).await.unwrap(), None);
    drop((histories, runtime));
    database
        .execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .unwrap();
}
