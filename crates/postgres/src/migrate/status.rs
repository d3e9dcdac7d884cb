//! The state of each migration.

use std::collections::BTreeMap;

use tasktrail_domain::timestamp::Timestamp;

use super::migrations_table::Applied;
use super::scripts::Script;

/// A migration and its state in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// Its version: digits that determine the order of migrations.
    pub version: String,
    /// Its name, such as `create_task_history`; `None` if this program does not know it.
    pub name: Option<String>,
    /// Whether it is applied.
    pub state: MigrationState,
    /// When it was applied, by the server's clock; `None` if it is pending.
    pub applied_at: Option<Timestamp>,
}

/// Whether a migration is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationState {
    /// It is applied.
    Applied,
    /// It is not applied.
    Pending,
    /// It is applied, but this program does not know it. A newer version applied it.
    Unknown,
}

impl MigrationState {
    /// Returns `applied`, `pending` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
        }
    }
}

/// Known and unknown migrations, oldest first.
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
