//! The service's own table, its migrations, and a substitute in memory.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable};
use diesel_async::{AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use serde::Serialize;
use tasktrail::{DatabaseManager, TaskKey, Transaction};

use self::schema::report;

/// Any error: the HTTP layer looks for those that it knows.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The service's migrations. Tasktrail records its own in a table of its own.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("report-service/migrations");

mod schema {

    diesel::table! {
        report (user_id, id) {
            user_id -> Text,
            id -> Text,
            title -> Text,
            url -> Nullable<Text>,
        }
    }
}

/// A report: its key is that of the task that makes it.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Serialize)]
#[diesel(table_name = report)]
pub struct Report {
    /// The user who ordered it.
    pub user_id: String,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it is, once it is made.
    pub url: Option<String>,
}

/// The reports of all users. Each method runs in a transaction that also records history.
#[async_trait]
pub trait Reports: fmt::Debug + Send + Sync {
    /// Adds a report.
    async fn insert(&self, transaction: &mut Transaction, new: &Report) -> Result<()>;

    /// Sets the address of a report. Fails if there is no such report.
    async fn set_url(&self, transaction: &mut Transaction, key: &TaskKey, to: &str) -> Result<()>;

    /// Returns a report.
    async fn find(&self, transaction: &mut Transaction, key: &TaskKey) -> Result<Option<Report>>;
}

/// Reports in PostgreSQL, on the connection of the transaction.
#[derive(Debug, Clone, Copy)]
pub struct PostgresReports;

#[async_trait]
impl Reports for PostgresReports {
    async fn insert(&self, transaction: &mut Transaction, new: &Report) -> Result<()> {
        diesel::insert_into(report::table)
            .values(new)
            .execute(transaction.connection()?)
            .await?;
        Ok(())
    }

    async fn set_url(&self, transaction: &mut Transaction, key: &TaskKey, to: &str) -> Result<()> {
        let report = report::table.find((key.user.as_str(), key.task.as_str()));
        let updated = diesel::update(report)
            .set(report::url.eq(to))
            .execute(transaction.connection()?)
            .await?;
        if updated == 1 {
            Ok(())
        } else {
            Err("no such report".into())
        }
    }

    async fn find(&self, transaction: &mut Transaction, key: &TaskKey) -> Result<Option<Report>> {
        let found = report::table
            .find((key.user.as_str(), key.task.as_str()))
            .first(transaction.connection()?)
            .await
            .optional()?;
        Ok(found)
    }
}

/// Reports in memory, for unit tests. Unlike the history they do not take part in the transaction.
#[derive(Debug, Default)]
pub struct InMemoryReports(Mutex<BTreeMap<(String, String), Report>>);

#[async_trait]
impl Reports for InMemoryReports {
    async fn insert(&self, _: &mut Transaction, new: &Report) -> Result<()> {
        let key = (new.user_id.clone(), new.id.clone());
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reports.insert(key, new.clone());
        Ok(())
    }

    async fn set_url(&self, _: &mut Transaction, key: &TaskKey, to: &str) -> Result<()> {
        let key = (key.user.to_string(), key.task.to_string());
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let report = reports.get_mut(&key).ok_or("no such report")?;
        report.url = Some(to.to_owned());
        Ok(())
    }

    async fn find(&self, _: &mut Transaction, key: &TaskKey) -> Result<Option<Report>> {
        let key = (key.user.to_string(), key.task.to_string());
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(reports.get(&key).cloned())
    }
}

/// Brings the service's own schema up to date, on a connection with the manager's configuration.
///
/// Diesel needs a role that may create tables, and takes no lock: two processes must not do this at
/// the same time. It blocks a thread, so it needs the multi-threaded runtime.
///
/// # Errors
///
/// If a migration fails. It is rolled back then.
pub async fn migrate(history: &DatabaseManager) -> Result<()> {
    let mut harness = AsyncMigrationHarness::new(history.open_connection().await?);
    harness.run_pending_migrations(MIGRATIONS)?;
    Ok(())
}
