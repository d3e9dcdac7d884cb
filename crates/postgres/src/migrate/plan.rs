//! Chooses the migrations of a plan.

use tasktrail_domain::InvalidValue;
use tasktrail_postgres_client::config::StoreSchema;

use super::SchemaState;
use super::bootstrap::Bootstrap;
use super::scripts::{MIGRATIONS, Script};
use crate::error::MigrateError;

/// The desired state of a schema. A migration is identified by its version, its name, or a unique
/// prefix of either.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MigrationTarget {
    /// Apply all pending migrations.
    UpToDate,
    /// Apply pending migrations up to and including this one.
    UpTo(String),
    /// Revert the newest migration.
    DownOne,
    /// Revert all migrations after this one.
    DownTo(String),
    /// Revert all migrations.
    DownAll,
}

/// Migrations to apply or to revert, in order.
///
/// Inspect or print a plan before you [run](crate::PostgresDatabase::run_migration) it. The default
/// plan is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationPlan {
    down: bool,
    bootstrap: Bootstrap,
    scripts: Vec<Script>,
}

/// A migration of a [`MigrationPlan`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedMigration {
    /// Its version: digits that determine the order of migrations.
    pub version: String,
    /// Its name, such as `create_task_history`.
    pub name: String,
    /// What reverting it loses, as a sentence.
    pub loss: String,
}

impl MigrationPlan {
    /// Plans to apply all migrations of this program in a schema without any.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if this cannot be the name of a schema.
    pub fn from_nothing(schema: &str) -> Result<Self, InvalidValue> {
        let schema = StoreSchema::named(schema)?;
        Ok(Self {
            down: false,
            bootstrap: Bootstrap {
                // The default schema exists in every database.
                lacks_schema: schema.name() != StoreSchema::Unset.name(),
                lacks_migrations_table: true,
                schema,
                ..Bootstrap::default()
            },
            scripts: MIGRATIONS.to_vec(),
        })
    }

    /// Returns whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scripts.is_empty()
    }

    /// Returns whether the plan reverts migrations.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.down
    }

    /// Returns the migrations in the order in which they are applied or reverted.
    #[must_use]
    pub fn migrations(&self) -> Vec<PlannedMigration> {
        let planned = self.scripts.iter().map(|script| PlannedMigration {
            version: script.version(),
            name: script.name().to_owned(),
            loss: script.loss(),
        });
        planned.collect()
    }

    pub(super) fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    pub(super) fn schema(&self) -> &str {
        self.bootstrap.schema.name()
    }

    pub(super) fn bootstrap(&self) -> &Bootstrap {
        &self.bootstrap
    }

    pub(super) fn on(self, bootstrap: Bootstrap) -> Self {
        Self { bootstrap, ..self }
    }

    pub(super) fn choose(
        known: &[Script],
        state: &SchemaState,
        target: &MigrationTarget,
    ) -> Result<Self, MigrateError> {
        match target {
            MigrationTarget::UpToDate => Self::up(known, state, |_| true),
            MigrationTarget::UpTo(wanted) => {
                let last = find(known, wanted)?.version();
                Self::up(known, state, |version| *version <= *last)
            }
            MigrationTarget::DownOne => {
                let newest = state.applied.iter().max();
                Self::down(known, state, |version| Some(version) == newest)
            }
            MigrationTarget::DownTo(wanted) => {
                let last = find(known, wanted)?;
                let version = last.version();
                if !state.applied.contains(&version) {
                    return Err(MigrateError::NotApplied(last.label()));
                }
                Self::down(known, state, |other| *other > version)
            }
            MigrationTarget::DownAll => Self::down(known, state, |_| true),
        }
    }

    fn up(
        known: &[Script],
        state: &SchemaState,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Self, MigrateError> {
        if !state.unknown.is_empty() {
            return Err(MigrateError::Newer(state.unknown.clone()));
        }
        let pending = known.iter().filter(|script| {
            let version = script.version();
            state.pending.contains(&version) && wanted(&version)
        });
        Ok(Self {
            down: false,
            bootstrap: Bootstrap::default(),
            scripts: pending.copied().collect(),
        })
    }

    fn down(
        known: &[Script],
        state: &SchemaState,
        wanted: impl Fn(&String) -> bool,
    ) -> Result<Self, MigrateError> {
        let unknown = state.unknown.iter().filter(|version| wanted(version));
        let unknown: Vec<String> = unknown.cloned().collect();
        if !unknown.is_empty() {
            return Err(MigrateError::Newer(unknown));
        }
        let applied = known.iter().rev().filter(|script| {
            let version = script.version();
            state.applied.contains(&version) && wanted(&version)
        });
        Ok(Self {
            down: true,
            bootstrap: Bootstrap::default(),
            scripts: applied.copied().collect(),
        })
    }

    /// The rest of the plan, given that other processes may have migrated since.
    pub(super) fn left(&self, state: &SchemaState) -> Result<Self, MigrateError> {
        let planned: Vec<String> = self.scripts.iter().map(Script::version).collect();
        let is_done = |version: &String| state.applied.contains(version) != self.down;
        if self.down {
            // Migrations that were applied on top may depend on those to be reverted.
            let newer = |version: &&String| {
                !planned.contains(version) && planned.iter().any(|ours| ours < *version)
            };
            let newer: Vec<String> = state.applied.iter().filter(newer).cloned().collect();
            if !newer.is_empty() {
                return Err(MigrateError::SchemaChanged(newer));
            }
        } else if !state.unknown.is_empty() {
            return Err(MigrateError::Newer(state.unknown.clone()));
        }
        let left = self
            .scripts
            .iter()
            .filter(|script| !is_done(&script.version()));
        Ok(Self {
            scripts: left.copied().collect(),
            ..self.clone()
        })
    }
}

/// Finds the migration with this version or name, or the only one with this prefix.
fn find(known: &[Script], wanted: &str) -> Result<Script, MigrateError> {
    let matches = |fits: fn(&str, &str) -> bool| -> Vec<&Script> {
        let fitting = known.iter().filter(|script| {
            let names = [script.folder, script.name(), &script.version()];
            !wanted.is_empty() && names.into_iter().any(|name| fits(name, wanted))
        });
        fitting.collect()
    };
    if let [exact] = matches(|name, wanted| name == wanted).as_slice() {
        return Ok(**exact);
    }
    let labels = |scripts: &[&Script]| scripts.iter().map(|script| script.label()).collect();
    match matches(|name, wanted| name.starts_with(wanted)).as_slice() {
        [only] => Ok(**only),
        [] => Err(MigrateError::UnknownVersion {
            wanted: wanted.to_owned(),
            known: labels(&known.iter().collect::<Vec<_>>()),
        }),
        several => Err(MigrateError::AmbiguousVersion {
            wanted: wanted.to_owned(),
            matching: labels(several),
        }),
    }
}

#[cfg(test)]
mod tests;
