//! Databases with an encoding other than UTF8, and sessions with another client encoding.

use serde_json::json;
use tasktrail_domain::TaskKey;
use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_domain::id::{IdGenerator, RandomIdGenerator};
use tasktrail_domain::task_history::{
    HistoryEntry, StepNumber, TaskHistoryRepository, TaskHistoryRepositoryExt, TaskStatus,
    TaskStepResult,
};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::diagnosis::{DiagnosisOptions, FindingCode, Severity};
use tasktrail_test_support::{Server, TestDatabase};

use super::{as_new_role, objects, open, plain, words};

#[tokio::test]
async fn other_encodings_are_refused_with_a_remedy() {
    for encoding in ["LATIN1", "EUC_JP", "WIN1252", "SQL_ASCII"] {
        let database = TestDatabase::in_encoding(Server::shared(), encoding);
        let before = objects(&database);
        let postgres = plain(&database).await;

        let migrated = postgres.migrate().await.unwrap_err();
        let checked = postgres.check_schema().await.unwrap_err();
        let diagnosis = postgres
            .admin()
            .diagnose(&DiagnosisOptions::default())
            .await;

        let expected = format!(
            "the database {} has the encoding {encoding}, which cannot store every character: create a \
             database with ENCODING 'UTF8' TEMPLATE template0",
            database.name()
        );
        assert_eq!(words(&migrated), expected);
        assert_eq!(words(&checked), expected);
        let findings = diagnosis.unwrap().findings;
        let found = findings
            .iter()
            .find(|found| found.code == FindingCode::Encoding);
        assert_eq!(found.unwrap().severity, Severity::Critical);
        assert_eq!(found.unwrap().evidence, expected);
        assert_eq!(objects(&database), before, "nothing was created");
    }
}

#[tokio::test]
async fn sessions_use_utf8_regardless_of_role_and_url() {
    let database = TestDatabase::new();
    plain(&database).await.migrate().await.unwrap();
    let (role, url) = as_new_role(&database);
    let settings = format!(
        "ALTER ROLE {role} SET client_encoding = 'LATIN1';
         GRANT SELECT, INSERT, DELETE ON task_history TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON task_summary TO {role};
         GRANT SELECT ON tasktrail_migrations TO {role}"
    );
    database.execute(&settings).unwrap();
    for url in [
        url.clone(),
        format!("{url}?options=-cclient_encoding%3DLATIN1"),
    ] {
        let postgres = open(&url, |config| config).await;
        postgres.migrate().await.unwrap();
        let now = SystemClock.now();
        let step = TaskStepResult::builder("größe", TaskStatus::Running)
            .result(json!({ "漢字": "🦀 é" }))
            .build()
            .unwrap();
        let entry = HistoryEntry::new(
            RandomIdGenerator::default().next(now).into(),
            TaskKey::new("ü", "🦀").unwrap(),
            StepNumber::from(0),
            step,
            now,
        );
        let history = postgres.task_history();

        history.save(&entry).await.unwrap();

        let loaded = history.load_all(&entry.task).await.unwrap();
        assert_eq!(loaded, [entry]);
    }
}
