//! How each migration stands.

use std::collections::BTreeMap;

use tasktrail_domain::timestamp::Timestamp;

use super::account::Applied;
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
