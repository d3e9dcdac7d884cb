//! Entries in one table compared with entries in monthly partitions, and the drop of a partition.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tasktrail::TaskKey;
use tasktrail::clock::{Clock, ManualClock, SystemClock};
use tasktrail::id::RandomIdGenerator;
use tasktrail::task_history::{RetentionPolicy, TaskHistoryRepository, TaskHistoryRepositoryExt};
use tasktrail::timestamp::Timestamp;
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::TestDatabase;

use crate::arguments::Arguments;
use crate::case::{Case, Reader, Saver};
use crate::drive::{Caller, drive};
use crate::figures::{Figures, Round, Rounds};
use crate::measure::through_library;
use crate::output::say;
use crate::store::{Month, fill_month};
use crate::workbench::{Workbench, client};
use crate::workload::STEPS;

/// The number of months with entries, including the current one.
const MONTHS: u32 = 13;

/// The numbers of tasks of the oldest month, which is dropped, and of each other month.
const TASKS_THAT_GO: u32 = 100_000;
const TASKS: u32 = 10_000;

const READERS: u32 = 16;

/// The number of callers that read during the drop.
const READERS_DURING_DROP: u32 = 1;

/// The duration of the drop of the oldest month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Drop {
    pub(crate) entries: u64,
    pub(crate) seconds: f64,
    /// The longest concurrent load.
    pub(crate) longest_load_ms: f64,
}

#[derive(Debug)]
struct Stores {
    plain: TestDatabase,
    partitioned: TestDatabase,
    /// The starts of the months, and of the month after them.
    months: Vec<Timestamp>,
}

pub(crate) async fn measure(bench: &Workbench, arguments: &Arguments) -> Result<(Rounds, Drop)> {
    let stores = Stores {
        plain: bench.database().await?,
        partitioned: bench.database().await?,
        months: partition_months()?,
    };
    stores.partition().await?;
    for (name, store) in [
        ("plain", &stores.plain),
        ("partitioned", &stores.partitioned),
    ] {
        say(format_args!("  filling the {name} store"));
        stores.fill(store).await?;
    }
    let mut rounds = Rounds::default();
    for round in 0..arguments.rounds {
        say(format_args!("round {}: both layouts", round + 1));
        rounds.push(stores.round(bench, round, arguments.seconds).await?);
    }
    say("dropping the oldest month");
    let dropped = stores.drop_oldest().await?;
    Ok((rounds, dropped))
}

/// Returns the starts of the months in UTC, like those of partitions.
fn partition_months() -> Result<Vec<Timestamp>> {
    let now = SystemClock.now().to_string();
    let (year, month) = (
        now.get(..4).context("a year")?,
        now.get(5..7).context("a month")?,
    );
    let this = year.parse::<u32>()? * 12 + month.parse::<u32>()? - 1;
    let months = (this + 1 - MONTHS..=this + 1).map(|month| {
        let begin = format!("{:04}-{:02}-01T00:00:00Z", month / 12, month % 12 + 1);
        begin.parse::<Timestamp>().context("the start of a month")
    });
    months.collect()
}

impl Stores {
    fn oldest(&self) -> Result<Timestamp> {
        self.months.first().copied().context("there are months")
    }

    /// The end of the oldest month.
    fn second(&self) -> Result<Timestamp> {
        self.months.get(1).copied().context("there are months")
    }

    /// Partitions the store as if a year ago.
    async fn partition(&self) -> Result<()> {
        let then = self.oldest()?.saturating_sub(Duration::from_hours(10 * 24));
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(then));
        let config = DatabaseConfig::from_url(self.partitioned.url())?;
        let manager =
            DatabaseManager::new_with(config, clock, Arc::new(RandomIdGenerator::default()));
        manager.connect().await?;
        let made = manager.partition(MONTHS + 1).await?;
        ensure!(made.len() > usize::try_from(MONTHS)?, "{made:?}");
        manager.close().await;
        Ok(())
    }

    async fn fill(&self, store: &TestDatabase) -> Result<()> {
        let filling = client(store).await?;
        for (number, ends) in self.months.windows(2).enumerate() {
            let [from, until] = ends else { continue };
            let month = Month {
                number: u32::try_from(number)?,
                tasks: if number == 0 { TASKS_THAT_GO } else { TASKS },
                from: from.to_string(),
                until: until.to_string(),
            };
            fill_month(&filling, &month).await?;
        }
        filling
            .batch_execute("VACUUM ANALYZE task_history, task_summary")
            .await?;
        Ok(())
    }

    async fn round(&self, bench: &Workbench, round: u32, seconds: u32) -> Result<Round> {
        let time = Duration::from_secs(u64::from(seconds));
        let mut measured = Round::default();
        for callers in [1, 64] {
            for (saver, store) in [
                (Saver::Plain, &self.plain),
                (Saver::Partitioned, &self.partitioned),
            ] {
                bench.checkpoint().await?;
                let first = (round * 2 + u32::from(callers > 1)) * 100_000;
                let figures = through_library::saves(store, callers, first, time).await?;
                measured.add([(Case::Save(saver, callers), figures)]);
            }
        }
        for (reader, store) in [
            (Reader::Plain, &self.plain),
            (Reader::Partitioned, &self.partitioned),
        ] {
            let figures = loads(store, READERS, time).await?;
            measured.add([(Case::Load(reader, READERS), figures)]);
        }
        Ok(measured)
    }

    /// Drops the oldest month while callers load tasks of the other months.
    async fn drop_oldest(&self) -> Result<Drop> {
        let manager = through_library::connect(&self.partitioned).await?;
        let policy = RetentionPolicy::terminal_before(self.second()?);
        let dropping = async {
            let began = Instant::now();
            let dropped = manager.drop_expired_partitions(&policy, None).await?;
            anyhow::Ok((dropped, began.elapsed()))
        };
        let time = Duration::from_secs(5);
        let (figures, (dropped, took)) = tokio::try_join!(
            loads(&self.partitioned, READERS_DURING_DROP, time),
            dropping
        )?;
        manager.close().await;
        let [dropped] = dropped.as_slice() else {
            bail!("expected one partition to drop: {dropped:?}");
        };
        ensure!(
            dropped.dropped,
            "the partition was not dropped: {dropped:?}"
        );
        Ok(Drop {
            entries: dropped.entries,
            seconds: took.as_secs_f64(),
            longest_load_ms: figures.longest_ms.context("loads have a longest")?,
        })
    }
}

async fn loads(store: &TestDatabase, callers: u32, time: Duration) -> Result<Figures> {
    let manager = through_library::connect(store).await?;
    let history = manager.task_history()?;
    let callers = (0..callers).map(|number| Loader {
        history: Arc::clone(&history),
        next: number,
    });
    let figures = drive(callers.collect(), time).await?;
    manager.close().await;
    Ok(figures)
}

/// Loads one task after the other, of all months except the oldest.
struct Loader {
    history: Arc<dyn TaskHistoryRepository>,
    next: u32,
}

impl Caller for Loader {
    async fn call(&mut self) -> Result<()> {
        // A prime, so that all tasks are loaded before one repeats.
        self.next = (self.next + 7919) % ((MONTHS - 1) * TASKS);
        let (month, task) = (1 + self.next / TASKS, self.next % TASKS);
        let key = TaskKey::new(
            format!("user-{}", task % 100),
            format!("month-{month}-{task}"),
        )?;
        let steps = self.history.load_all(&key).await?.len();
        ensure!(steps == usize::try_from(STEPS)?, "{key} has {steps} steps");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirteen_months_end_with_the_current_one() {
        let months = partition_months().unwrap();
        let now = SystemClock.now();

        assert_eq!(months.len(), 14);
        assert!(months[12] <= now && now < months[13]);
        assert!(months.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
