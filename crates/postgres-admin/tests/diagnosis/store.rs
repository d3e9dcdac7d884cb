//! A migrated database and its diagnosis.

use std::sync::OnceLock;
use std::time::Duration;

use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::diagnosis::{
    Diagnosis, DiagnosisOptions, Finding, FindingCode, Severity,
};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase};

pub(crate) struct Store {
    pub(crate) database: TestDatabase,
    pub(crate) postgres: PostgresDatabase,
}

/// A server with durable settings.
pub(crate) fn sound() -> &'static Server {
    static SOUND: OnceLock<Server> = OnceLock::new();
    SOUND.get_or_init(|| ServerOptions::default().durable().start().unwrap())
}

pub(crate) async fn open(url: String) -> PostgresDatabase {
    let config = PostgresConfig::from_url(url).unwrap();
    let config = config.with_connections(1, 1).unwrap();
    PostgresDatabase::connect(config).await.unwrap()
}

impl Store {
    /// Creates a store on the durable server.
    pub(crate) async fn new() -> Self {
        Self::on(TestDatabase::create(sound())).await
    }

    pub(crate) async fn on(database: TestDatabase) -> Self {
        let postgres = open(database.url()).await;
        postgres.migrate().await.unwrap();
        Self { database, postgres }
    }

    /// Runs a statement as the owner.
    pub(crate) fn run(&self, sql: &str) {
        self.database.execute(sql).unwrap();
    }

    /// Adds tasks of one entry each, spread evenly over the last days.
    pub(crate) fn fill(&self, tasks: u32, days: u32) {
        self.run(&format!(
            "INSERT INTO task_history (user_id, task_id, step, entry_id, recorded_at, status, result)
             SELECT 'alice', 'task-' || n, 0, gen_random_uuid(),
                    now() - n * interval '{days} days' / {tasks}, 'completed', '{{}}'
             FROM generate_series(1, {tasks}) AS n"
        ));
        self.run(&format!(
            "INSERT INTO task_summary (user_id, task_id, step_status, last_step, last_entry, entries,
                                       created_at, last_updated)
             SELECT 'alice', 'task-' || n, 'completed', 0, n, 1,
                    now() - n * interval '{days} days' / {tasks}, now() - n * interval '{days} days' / {tasks}
             FROM generate_series(1, {tasks}) AS n"
        ));
    }

    pub(crate) async fn diagnosis(&self) -> Diagnosis {
        diagnosis(&self.postgres).await
    }
}

pub(crate) async fn diagnosis(postgres: &PostgresDatabase) -> Diagnosis {
    let options = DiagnosisOptions::default().with_long_transaction(Duration::from_secs(3600));
    postgres.admin().diagnose(&options).await.unwrap()
}

/// The finding with this code.
#[track_caller]
pub(crate) fn the(diagnosis: &Diagnosis, code: FindingCode) -> &Finding {
    let found = diagnosis.findings.iter().find(|found| found.code == code);
    found.unwrap_or_else(|| panic!("no {code} among {:#?}", diagnosis.findings))
}

/// The findings above a notice.
pub(crate) fn troubles(diagnosis: &Diagnosis) -> Vec<&Finding> {
    let findings = diagnosis.findings.iter();
    findings
        .filter(|found| found.severity > Severity::Notice)
        .collect()
}
