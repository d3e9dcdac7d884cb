//! The embedded migrations.

use std::fmt;

/// Reads the two files in a folder of `migrations/`.
macro_rules! script {
    ($folder:literal, in_transaction: $in_transaction:literal) => {
        Script {
            folder: $folder,
            up: include_str!(concat!("../../../../migrations/", $folder, "/up.sql")),
            down: include_str!(concat!("../../../../migrations/", $folder, "/down.sql")),
            in_transaction: $in_transaction,
        }
    };
}

/// All migrations, oldest first.
pub(super) const MIGRATIONS: [Script; 2] = [
    script!(
        "2026-11-21-000000-0000_create_task_history",
        in_transaction: true
    ),
    script!(
        "2026-11-28-000000-0000_create_orchestration",
        in_transaction: true
    ),
];

/// A migration, with the SQL to apply and to revert it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) folder: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) in_transaction: bool,
}

impl Script {
    /// Its version: the digits of the folder's name.
    pub(super) fn version(&self) -> String {
        let (version, _name) = self.parts();
        version.replace('-', "")
    }

    /// The names of the tables that it creates, in order.
    pub(super) fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.up.lines().filter_map(|line| {
            let definition = line.strip_prefix("CREATE TABLE ")?;
            definition.strip_suffix(" (")
        })
    }

    /// Its name, such as `create_task_history`.
    pub(super) fn name(&self) -> &'static str {
        self.parts().1
    }

    /// Version and name, for output.
    pub(super) fn label(&self) -> String {
        format!("{} {}", self.version(), self.name())
    }

    /// What reverting it loses: the comment at the top of `down.sql`.
    pub(super) fn loss(&self) -> String {
        let comment = self.down.lines().map_while(|line| line.strip_prefix("--"));
        comment.map(str::trim).collect::<Vec<_>>().join(" ")
    }

    fn parts(&self) -> (&'static str, &'static str) {
        self.folder.split_once('_').unwrap_or((self.folder, ""))
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.folder)
    }
}

/// The error of a migration whose statement failed.
#[derive(Debug, thiserror::Error)]
#[error("{folder}")]
pub(super) struct Failed {
    folder: &'static str,
    source: diesel::result::Error,
}

impl Script {
    pub(super) fn failed(&self, source: diesel::result::Error) -> Failed {
        Failed {
            folder: self.folder,
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_contains_every_migration_folder_in_order() {
        let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        let entries = std::fs::read_dir(migrations).unwrap();
        let entries = entries.map(Result::unwrap);
        let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
        let mut folders: Vec<_> = folders
            .map(|folder| folder.file_name().into_string().unwrap())
            .collect();
        folders.sort();

        assert_eq!(MIGRATIONS.map(|script| script.folder.to_owned()), *folders);
    }

    #[test]
    fn tables_are_those_that_the_scripts_create() {
        let tables = MIGRATIONS.map(|script| script.tables().collect::<Vec<_>>());

        assert_eq!(
            tables,
            [
                vec!["task_history", "task_summary"],
                vec![
                    "agent",
                    "agent_presence",
                    "task",
                    "task_state",
                    "task_dependency",
                    "task_execution",
                    "task_queue",
                    "task_graph",
                    "audit_log",
                ],
            ]
        );
    }

    #[test]
    fn every_down_script_describes_the_loss() {
        for script in MIGRATIONS {
            assert!(!script.loss().is_empty(), "{script}");
        }
    }

    #[test]
    fn folder_name_contains_version_and_name() {
        let [first, ..] = MIGRATIONS;

        assert_eq!(first.label(), "202611210000000000 create_task_history");
    }
}
