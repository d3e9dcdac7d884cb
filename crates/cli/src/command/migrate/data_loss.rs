//! The data that reverting migrations would delete.

use tasktrail::{DatabaseContents, DatabaseManager, MigrationPlan};

use crate::failure::Failure;
use crate::output::counted;

/// Describes what the migrations of a plan delete, and the estimated contents of the database.
pub(super) async fn describe(
    plan: &MigrationPlan,
    manager: &DatabaseManager,
) -> Result<String, Failure> {
    let mut lines: Vec<String> = Vec::new();
    for migration in plan.migrations() {
        let (version, name, loss) = (migration.version, migration.name, migration.loss);
        lines.push(format!("Reverts {version} {name}. {loss}"));
    }
    lines.push(contents(manager).await?);
    Ok(lines.join("\n"))
}

async fn contents(manager: &DatabaseManager) -> Result<String, Failure> {
    if manager.database_contents().await? != Some(DatabaseContents::Histories) {
        return Ok("The database contains no histories.".to_owned());
    }
    let statistics = manager.storage_statistics().await?;
    let rows = statistics.map(|room| (room.tasks.live_rows, room.entries.live_rows));
    Ok(match rows {
        None | Some((0, 0)) => {
            "The database contains histories; the server has no estimate of their number yet."
                .to_owned()
        }
        Some((tasks, entries)) => format!(
            "The database contains about {} with about {}.",
            counted(tasks, "task", "tasks"),
            counted(entries, "entry", "entries")
        ),
    })
}
