//! Saves while a million entries are removed row by row, compared with undisturbed saves.

use std::time::Duration;

use anyhow::{Result, ensure};
use tasktrail::CleanupOptions;
use tasktrail::task_history::RetentionPolicy;
use tasktrail::timestamp::Timestamp;

use crate::arguments::Arguments;
use crate::case::{Case, Saver};
use crate::figures::{Figures, Round, Rounds};
use crate::measure::{TABLES, through_library};
use crate::output::say;
use crate::store::{Month, fill_month};
use crate::workbench::{Workbench, client};

const CALLERS: u32 = 64;

/// The number of removed tasks, with ten entries each.
const TASKS: u32 = 100_000;

pub(crate) async fn measure(bench: &Workbench, arguments: &Arguments) -> Result<Rounds> {
    let database = bench.database().await?;
    let filling = client(&database).await?;
    let old = Month {
        number: 0,
        tasks: TASKS,
        from: "2020-01-01T00:00:00Z".to_owned(),
        until: "2020-02-01T00:00:00Z".to_owned(),
    };
    let cutoff: Timestamp = "2020-03-01T00:00:00Z".parse()?;
    let time = Duration::from_secs(u64::from(arguments.seconds.max(5)));
    let mut rounds = Rounds::default();
    for round in 0..arguments.rounds {
        say(format_args!("round {}: saves during a cleanup", round + 1));
        let mut measured = Round::default();
        bench.truncate(&database, TABLES).await?;
        fill_month(&filling, &old).await?;
        filling
            .batch_execute("VACUUM ANALYZE task_history, task_summary")
            .await?;
        bench.checkpoint().await?;
        let figures = through_library::saves(&database, CALLERS, 0, time).await?;
        measured.add([(Case::Save(Saver::Undisturbed, CALLERS), figures)]);
        bench.checkpoint().await?;
        let manager = through_library::connect(&database).await?;
        let policy = RetentionPolicy::terminal_before(cutoff);
        let options = CleanupOptions::default();
        let (saves, removed) = tokio::join!(
            through_library::saves(&database, CALLERS, 100_000, time),
            manager.clean_up(&policy, &options, |_| ())
        );
        let removed = removed?;
        ensure!(removed.tasks == u64::from(TASKS), "{removed:?}");
        let entries = f64::from(u32::try_from(removed.entries)?);
        let removed = Figures::per_second(entries / removed.took.as_secs_f64());
        measured.add([
            (Case::Save(Saver::DuringCleanup, CALLERS), saves?),
            (Case::Cleanup, removed),
        ]);
        manager.close().await;
        rounds.push(measured);
    }
    Ok(rounds)
}
