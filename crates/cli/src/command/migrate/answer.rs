//! The result of a migration or of a dry run.

use serde::Serialize;
use tasktrail::{MigrationPlan, SchemaState};

use crate::failure::Failure;
use crate::output::Output;

#[derive(Default, Serialize)]
pub(super) struct Answer {
    pub(super) dry_run: bool,
    pub(super) migrated: Vec<String>,
    pub(super) reverted: Vec<String>,
    pub(super) applied: Vec<String>,
    pub(super) pending: Vec<String>,
    pub(super) unknown: Vec<String>,
}

impl Answer {
    pub(super) fn of(state: SchemaState) -> Self {
        Self {
            applied: state.applied,
            pending: state.pending,
            unknown: state.unknown,
            ..Self::default()
        }
    }

    pub(super) fn print(&self, output: &mut Output) -> Result<(), Failure> {
        if output.is_json() {
            return output.json(self);
        }
        let (applied, reverted) = if self.dry_run {
            ("would apply", "would revert")
        } else {
            ("applied", "reverted")
        };
        let unknown = "applied by a newer version of tasktrail";
        for (verb, versions, why) in [
            (applied, &self.migrated, None),
            (reverted, &self.reverted, None),
            ("pending", &self.pending, None),
            ("unknown", &self.unknown, Some(unknown)),
        ] {
            for version in versions {
                match why {
                    None => output.line(format_args!("{verb} {version}"))?,
                    Some(why) => output.line(format_args!("{verb} {version}: {why}"))?,
                }
            }
        }
        if self.pending.is_empty() && self.unknown.is_empty() {
            let applied = self.applied.len();
            output.line(format_args!("the schema is up to date ({applied} applied)"))?;
        }
        Ok(())
    }
}

/// The versions of the migrations in a plan.
pub(super) fn versions(plan: &MigrationPlan) -> Vec<String> {
    let migrations = plan.migrations().into_iter();
    migrations.map(|migration| migration.version).collect()
}
