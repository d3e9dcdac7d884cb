//! What is lost when migrations are taken back.

use tasktrail::{DatabaseContents, DatabaseManager, MigrationPlan};

use crate::failure::Failure;
use crate::output::grouped;

/// What goes, by the migrations' own words, and about how much there is.
pub(super) async fn describe(
    plan: &MigrationPlan,
    manager: &DatabaseManager,
) -> Result<String, Failure> {
    let mut lines: Vec<String> = Vec::new();
    for migration in plan.migrations() {
        let (version, name, loss) = (migration.version, migration.name, migration.loss);
        lines.push(format!("This takes back {version} {name}. {loss}"));
    }
    lines.push(held(manager).await?);
    Ok(lines.join("\n"))
}

async fn held(manager: &DatabaseManager) -> Result<String, Failure> {
    if manager.database_contents().await? != Some(DatabaseContents::Histories) {
        return Ok("The database holds no histories.".to_owned());
    }
    let statistics = manager.storage_statistics().await?;
    let rows = statistics.map(|room| (room.tasks.live_rows, room.entries.live_rows));
    Ok(match rows {
        None | Some((0, 0)) => {
            "The database holds histories; how many the server cannot tell yet.".to_owned()
        }
        Some((tasks, entries)) => format!(
            "The database holds about {} tasks with about {} entries.",
            grouped(tasks),
            grouped(entries)
        ),
    })
}
