//! How each migration stands.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::timestamp::Timestamp;

use super::scripts::Script;

/// A migration, and how it stands in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// Its version: digits, by which migrations are ordered.
    pub version: String,
    /// What it does, such as `create_task_history`; `None` if this program does not know it.
    pub name: Option<String>,
    /// Whether the database has it.
    pub state: MigrationState,
    /// When it was applied, by the clock of the server; `None` while it is pending.
    pub applied_at: Option<Timestamp>,
}

/// Whether a database has a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    /// It has been applied.
    Applied,
    /// This program has it, and the database has not.
    Pending,
    /// It has been applied, by a newer program: this one does not know it.
    Unknown,
}

impl MigrationState {
    /// In one lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
        }
    }
}

/// A row of the table of migrations.
#[derive(QueryableByName)]
pub(super) struct Applied {
    #[diesel(sql_type = Text)]
    pub(super) version: String,
    #[diesel(sql_type = Timestamptz)]
    run_on: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    there: bool,
}

/// What has been applied, the oldest first; nothing if the table is not there.
pub(super) async fn applied(
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Vec<Applied>> {
    let question = "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS there";
    let table: Found = diesel::sql_query(question).get_result(connection).await?;
    if !table.there {
        return Ok(Vec::new());
    }
    // It was written by a session whose time zone is UTC.
    let rows = "SELECT version, run_on AT TIME ZONE 'UTC' AS run_on \
                FROM __diesel_schema_migrations ORDER BY version";
    diesel::sql_query(rows).load(connection).await
}

/// Those that this program knows and those that it does not, the oldest first.
pub(super) fn statuses(known: &[Script], applied: Vec<Applied>) -> Vec<MigrationStatus> {
    let pending = known.iter().map(|script| {
        let status = MigrationStatus {
            version: script.version(),
            name: Some(script.name().to_owned()),
            state: MigrationState::Pending,
            applied_at: None,
        };
        (status.version.clone(), status)
    });
    let mut statuses: BTreeMap<String, MigrationStatus> = pending.collect();
    for row in applied {
        let name = statuses.remove(&row.version).and_then(|known| known.name);
        let status = MigrationStatus {
            version: row.version.clone(),
            state: match name {
                Some(_) => MigrationState::Applied,
                None => MigrationState::Unknown,
            },
            name,
            applied_at: Timestamp::from_datetime(row.run_on).ok(),
        };
        statuses.insert(row.version, status);
    }
    statuses.into_values().collect()
}
