//! Saves into a store with millions of entries, compared with saves into an empty one.

use std::time::Duration;

use anyhow::Result;
use tasktrail_test_support::TestDatabase;

use crate::arguments::Arguments;
use crate::case::{Case, Saver};
use crate::figures::{Round, Rounds};
use crate::measure::{TABLES, through_library};
use crate::output::say;
use crate::store::{Contents, fill};
use crate::workbench::{Workbench, client};
use crate::workload::STEPS;

const CALLERS: u32 = 64;

/// The number of tasks of a user of the full store.
const TASKS: u32 = 1000;

/// The number of tasks between rounds, more than a caller saves in one measurement.
const TASKS_A_ROUND: u32 = 100_000;

/// Returns the contents of a store with up to `entries` entries, with complete users only.
const fn contents(entries: u32) -> Contents {
    Contents {
        users: entries / STEPS / TASKS,
        tasks: TASKS,
    }
}

/// Returns the number of entries of the full store, of the requested number.
pub(crate) const fn entries(asked: u32) -> u32 {
    let Contents { users, tasks } = contents(asked);
    users * tasks * STEPS
}

/// Both stores, on one server.
#[derive(Debug)]
struct Stores {
    empty: TestDatabase,
    full: TestDatabase,
}

pub(crate) async fn measure(bench: &Workbench, arguments: &Arguments) -> Result<Rounds> {
    let stores = Stores {
        empty: bench.database().await?,
        full: bench.database().await?,
    };
    let contents = contents(arguments.entries);
    let filling = client(&stores.full).await?;
    fill(&filling, contents, |entries| {
        say(format_args!("  the store has {entries} entries"));
    })
    .await?;
    let mut rounds = Rounds::default();
    for round in 0..arguments.rounds {
        say(format_args!("round {}: saves into both stores", round + 1));
        rounds.push(stores.round(bench, round, arguments.seconds).await?);
    }
    Ok(rounds)
}

impl Stores {
    /// Saves new tasks into both stores, of users that have a thousand tasks in the full one.
    async fn round(&self, bench: &Workbench, round: u32, seconds: u32) -> Result<Round> {
        let time = Duration::from_secs(u64::from(seconds));
        let first = TASKS + round * TASKS_A_ROUND;
        let mut measured = Round::default();
        bench.truncate(&self.empty, TABLES).await?;
        for (saver, store) in [
            (Saver::IntoEmpty, &self.empty),
            (Saver::IntoFull, &self.full),
        ] {
            bench.checkpoint().await?;
            let figures = through_library::saves(store, CALLERS, first, time).await?;
            measured.add([(Case::Save(saver, CALLERS), figures)]);
        }
        Ok(measured)
    }
}
