//! Which migrations a change takes.

use tasktrail_domain::InvalidValue;
use tasktrail_postgres_client::config::StoreSchema;

use super::SchemaState;
use super::scripts::{MIGRATIONS, Script};
use super::sql::Ground;
use crate::error::MigrateError;

/// Where a schema is to be brought. A migration is named by its version, its name, or the beginning of
/// one of them that no other has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrationTarget {
    /// All that are pending are applied.
    UpToDate,
    /// Those that are pending are applied, up to this one and with it.
    UpTo(String),
    /// The newest one is taken back.
    DownOne,
    /// Those after this one are taken back, and it stays.
    DownTo(String),
    /// All are taken back.
    DownAll,
}

/// What is to be done to a schema: migrations to apply, or to take back, in their order.
///
/// A value to be looked at, shown, or asked about before it is carried out. The default does nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationPlan {
    down: bool,
    ground: Ground,
    scripts: Vec<Script>,
}

/// A migration of a [`MigrationPlan`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedMigration {
    /// Its version: digits, by which migrations are ordered.
    pub version: String,
    /// What it does, such as `create_task_history`.
    pub name: String,
    /// What is lost when it is taken back, as a sentence.
    pub loss: String,
}

impl MigrationPlan {
    /// To apply every migration of this program to a database that has none, in this schema.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if no schema can have that name.
    pub fn from_nothing(schema: &str) -> Result<Self, InvalidValue> {
        let schema = StoreSchema::named(schema)?;
        Ok(Self {
            down: false,
            ground: Ground {
                // Every database has the default one.
                lacks_schema: schema.name() != StoreSchema::Unset.name(),
                lacks_account: true,
                schema,
                ..Ground::default()
            },
            scripts: MIGRATIONS.to_vec(),
        })
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scripts.is_empty()
    }

    /// Whether migrations are taken back, and not applied.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.down
    }

    /// The migrations, in the order in which they are applied or taken back.
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
        self.ground.schema.name()
    }

    pub(super) fn ground(&self) -> &Ground {
        &self.ground
    }

    pub(super) fn on(self, ground: Ground) -> Self {
        Self { ground, ..self }
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
                let stays = find(known, wanted)?;
                let version = stays.version();
                if !state.applied.contains(&version) {
                    return Err(MigrateError::NotApplied(stays.label()));
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
            ground: Ground::default(),
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
            ground: Ground::default(),
            scripts: applied.copied().collect(),
        })
    }

    /// What is left of it when others may have migrated since.
    pub(super) fn left(&self, state: &SchemaState) -> Result<Self, MigrateError> {
        let planned: Vec<String> = self.scripts.iter().map(Script::version).collect();
        let is_done = |version: &String| state.applied.contains(version) != self.down;
        if self.down {
            // What was applied on top may need what would be taken back.
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

/// The migration of that version or name, or the only one that begins so.
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
