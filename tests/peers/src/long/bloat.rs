//! Saves to the same tasks for minutes, with default autovacuum settings: are dead tuples of the
//! summaries removed as fast as they appear?

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tasktrail::task_history::TaskHistoryRepository;
use tokio::time::{MissedTickBehavior, interval};
use tokio_postgres::Client;

use crate::drive::{Caller, drive};
use crate::figures::Figures;
use crate::measure::through_library;
use crate::output::say;
use crate::workbench::{Workbench, client};
use crate::workload::Workload;

const CALLERS: u32 = 64;

/// The number of tasks of a caller, for about 10 000 tasks in total.
const TASKS_OF_A_CALLER: u32 = 156;

const LOOK: Duration = Duration::from_secs(30);

const SIZES: &str = "
    SELECT pg_relation_size('task_summary')::float8, pg_indexes_size('task_summary')::float8,
        (SELECT n_dead_tup::float8 FROM pg_stat_user_tables WHERE relname = 'task_summary')";

/// The result of the saves.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Bloat {
    pub(crate) per_second: f64,
    pub(crate) looks: Vec<Look>,
}

/// The size of the summaries at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) seconds: f64,
    pub(crate) table_bytes: f64,
    pub(crate) index_bytes: f64,
    pub(crate) dead_rows: f64,
}

impl Look {
    fn bytes(&self) -> f64 {
        self.table_bytes + self.index_bytes
    }
}

impl Bloat {
    /// Returns the growth of the summaries (table and indexes) in the second half of the run,
    /// relative to their size in the middle. Returns `None` with fewer than two samples.
    pub(crate) fn growth_in_second_half(&self) -> Option<f64> {
        let last = self.looks.len().checked_sub(1).filter(|last| *last > 0)?;
        let middle = self.looks.get(last / 2)?.bytes();
        Some(self.looks.last()?.bytes() / middle - 1.0)
    }
}

pub(crate) async fn measure(bench: &Workbench, minutes: u32) -> Result<Bloat> {
    let database = bench.database().await?;
    let manager = through_library::connect(&database).await?;
    let history = manager.task_history()?;
    let callers = (0..CALLERS).map(|caller| {
        Ok(Rolling {
            history: Arc::clone(&history),
            workload: Workload::of(caller)?,
            next: 0,
        })
    });
    let callers: Vec<_> = callers.collect::<Result<_>>()?;
    let time = Duration::from_secs(u64::from(minutes) * 60);
    let looking = client(&database).await?;
    let (looks, Figures { per_second, .. }) =
        tokio::try_join!(watch(&looking, time), drive(callers, time))?;
    manager.close().await;
    Ok(Bloat { per_second, looks })
}

async fn watch(client: &Client, time: Duration) -> Result<Vec<Look>> {
    let began = Instant::now();
    let mut moments = interval(LOOK);
    moments.set_missed_tick_behavior(MissedTickBehavior::Delay);
    moments.tick().await;
    let mut looks = Vec::new();
    while began.elapsed() < time {
        moments.tick().await;
        let look = look(client, began).await?;
        say(format_args!(
            "  {:>4.0} s: {:.1} MiB, {:.0} dead",
            look.seconds,
            look.bytes() / f64::from(1 << 20),
            look.dead_rows
        ));
        looks.push(look);
    }
    Ok(looks)
}

async fn look(client: &Client, began: Instant) -> Result<Look> {
    let row = client.query_one(SIZES, &[]).await?;
    Ok(Look {
        seconds: began.elapsed().as_secs_f64(),
        table_bytes: row.try_get(0)?,
        index_bytes: row.try_get(1)?,
        dead_rows: row
            .try_get::<_, Option<f64>>(2)?
            .context("the server has no row statistics")?,
    })
}

/// Saves the next step of each of its tasks, again and again.
struct Rolling {
    history: Arc<dyn TaskHistoryRepository>,
    workload: Workload,
    next: u32,
}

impl Caller for Rolling {
    async fn call(&mut self) -> Result<()> {
        let (task, step) = (self.next % TASKS_OF_A_CALLER, self.next / TASKS_OF_A_CALLER);
        self.next += 1;
        self.history.save(&self.workload.entry(task, step)?).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_covers_the_second_half() {
        let look = |bytes| Look {
            seconds: 0.0,
            table_bytes: bytes,
            index_bytes: bytes,
            dead_rows: 0.0,
        };
        let bloat = Bloat {
            per_second: 1.0,
            looks: [1.0, 5.0, 10.0, 10.0, 11.0].map(look).to_vec(),
        };
        let growth = bloat.growth_in_second_half().unwrap();
        assert!((growth - 0.1).abs() < 1e-9, "{growth}");
        let growth_of = |looks: &[f64]| {
            let looks = looks.iter().copied().map(look).collect();
            let bloat = Bloat {
                per_second: 1.0,
                looks,
            };
            bloat.growth_in_second_half()
        };
        assert_eq!(growth_of(&[1.0, 2.0]), Some(1.0));
        assert_eq!(growth_of(&[1.0]), None);
        assert_eq!(growth_of(&[]), None);
    }
}
