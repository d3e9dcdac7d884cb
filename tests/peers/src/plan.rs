//! One round: every measurement once. Measurements that are compared follow each other.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tasktrail_test_support::TestDatabase;

use crate::arguments::{Arguments, Group};
use crate::case::{Case, Dispatcher, Reader, Saver};
use crate::figures::{Figures, Round};
use crate::measure::ours::Work;
use crate::measure::pgbench::{LIMIT_CLIENTS, LIMIT_ENTRIES};
use crate::measure::{
    Measured, TABLES, diesel_async, durare, import, original, ours, pgbench, river, tokio_postgres,
};
use crate::output::say;
use crate::statement;
use crate::store::{Contents, fill};
use crate::workbench::{Workbench, client};

/// The tasks of `status`, the same as those of `tasktrail bench`.
const FILLED: Contents = Contents {
    users: 100,
    tasks: 100,
};

/// The number of agents, clients or workers of `dispatch`.
pub(crate) const AGENTS: u32 = 32;

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Ours(Work),
    Pgbench { entries: u32, clients: u32 },
    PgbenchStatus { clients: u32 },
    PgbenchDispatch { clients: u32 },
    River { workers: u32 },
    TokioPostgres { callers: u32 },
    DieselAsync { callers: u32 },
    Durare { callers: u32 },
    Import(PathBuf),
    Original(PathBuf),
}

/// Returns the measurements of a round, in order.
fn steps(arguments: &Arguments) -> Vec<Step> {
    let mut steps = Vec::new();
    let limit = LIMIT_CLIENTS.map(|clients| Step::Pgbench {
        entries: LIMIT_ENTRIES,
        clients,
    });
    if arguments.has(Group::Save) {
        steps.extend(saves());
    }
    let log = arguments.loan_log.as_ref();
    let log = log.filter(|_| arguments.has(Group::Import));
    if arguments.has(Group::Save) || log.is_some() {
        steps.extend(limit);
    }
    steps.extend(log.cloned().map(Step::Import));
    if arguments.has(Group::Status) {
        steps.extend([
            Step::Ours(Work::Status(64)),
            Step::PgbenchStatus { clients: 20 },
        ]);
    }
    if arguments.has(Group::Load) {
        steps.push(Step::Ours(Work::Load(16)));
    }
    if arguments.has(Group::List) {
        steps.push(Step::Ours(Work::List));
    }
    if arguments.has(Group::Dispatch) {
        steps.extend([
            Step::Ours(Work::Dispatch(AGENTS)),
            Step::PgbenchDispatch { clients: AGENTS },
            Step::River { workers: AGENTS },
        ]);
    }
    let folder = arguments.aiecs.as_ref();
    let folder = folder.filter(|_| original::is_wanted(arguments));
    steps.extend(folder.cloned().map(Step::Original));
    steps
}

fn saves() -> Vec<Step> {
    let mut steps = Vec::new();
    for (callers, clients) in [(1, 1), (64, 20)] {
        steps.extend([
            Step::Ours(Work::Save(callers)),
            Step::Pgbench {
                entries: 1,
                clients,
            },
            Step::TokioPostgres { callers },
            Step::DieselAsync { callers },
            Step::Durare { callers },
        ]);
    }
    steps.push(Step::Pgbench {
        entries: 32,
        clients: 20,
    });
    steps.extend([16, 256, 1024].map(|callers| Step::Ours(Work::Save(callers))));
    steps
}

/// The state of all rounds.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    bench: &'a Workbench,
    arguments: &'a Arguments,
    steps: Vec<Step>,
    /// The database in which the plain drivers and pgbench save. It is emptied each time.
    yardstick: TestDatabase,
    /// The database from which pgbench reads.
    filled: TestDatabase,
    /// The versions that the original reports.
    pub(crate) original: Option<String>,
}

impl<'a> Plan<'a> {
    pub(crate) async fn new(bench: &'a Workbench, arguments: &'a Arguments) -> Result<Self> {
        let plan = Self {
            bench,
            arguments,
            steps: steps(arguments),
            yardstick: bench.database().await?,
            filled: bench.database().await?,
            original: None,
        };
        if arguments.has(Group::Status) {
            fill(&client(&plan.filled).await?, FILLED, |_| ()).await?;
        }
        Ok(plan)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Makes every measurement once.
    pub(crate) async fn round(&mut self, number: u32) -> Result<Round> {
        let mut round = Round::default();
        for (index, step) in self.steps.clone().iter().enumerate() {
            let (done, all) = (index + 1, self.steps.len());
            say(format_args!("round {number}, {done} of {all}: {step}"));
            let measured = self.measure(step).await.with_context(|| step.to_string())?;
            round.add(measured);
        }
        Ok(round)
    }

    async fn measure(&mut self, step: &Step) -> Result<Measured> {
        let seconds = self.arguments.seconds;
        let time = Duration::from_secs(u64::from(seconds));
        let (bench, yardstick) = (self.bench, &self.yardstick);
        bench.truncate(yardstick, TABLES).await?;
        bench.checkpoint().await?;
        let (case, figures) = match step {
            Step::Ours(work) => return ours::measure(bench, *work, seconds).await,
            Step::Import(file) => return import::measure(bench, file).await,
            Step::Original(folder) => return self.measure_original(folder).await,
            Step::Pgbench { entries, clients } => (
                Case::Save(Saver::Pgbench(*entries), *clients),
                pgbench::saves(bench, yardstick, *entries, *clients, time).await?,
            ),
            Step::PgbenchStatus { clients } => (
                Case::Status(Reader::Pgbench, *clients),
                pgbench::statuses(bench, &self.filled, *clients, time).await?,
            ),
            Step::PgbenchDispatch { clients } => (
                Case::Dispatch(Dispatcher::Pgbench, *clients),
                dispatched_by_pgbench(bench, *clients, time).await?,
            ),
            Step::River { workers } => (
                Case::Dispatch(Dispatcher::River, *workers),
                river::dispatch(&bench.empty_database(), *workers, time).await?,
            ),
            Step::TokioPostgres { callers } => (
                Case::Save(Saver::TokioPostgres, *callers),
                tokio_postgres::saves(yardstick, *callers, time).await?,
            ),
            Step::DieselAsync { callers } => (
                Case::Save(Saver::DieselAsync, *callers),
                diesel_async::saves(yardstick, *callers, time).await?,
            ),
            Step::Durare { callers } => (
                Case::Save(Saver::Durare, *callers),
                durare::saves(&bench.empty_database(), *callers, time).await?,
            ),
        };
        Ok(vec![(case, figures)])
    }

    async fn measure_original(&mut self, folder: &Path) -> Result<Measured> {
        let original = original::measure(folder, self.arguments).await?;
        self.original = Some(original.versions);
        Ok(original.measured)
    }
}

/// Measures pgbench on as many ready tasks as it cannot finish.
async fn dispatched_by_pgbench(bench: &Workbench, clients: u32, time: Duration) -> Result<Figures> {
    let database = bench.database().await?;
    let setup = client(&database).await?;
    setup.batch_execute(statement::READY_TASKS).await?;
    setup.batch_execute("VACUUM ANALYZE task_state").await?;
    pgbench::dispatch(bench, &database, clients, time).await
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(Work::Save(callers)) => write!(f, "tasktrail, saves, callers: {callers}"),
            Self::Ours(Work::Status(callers)) => write!(f, "tasktrail, status, callers: {callers}"),
            Self::Ours(Work::Load(callers)) => write!(f, "tasktrail, load, callers: {callers}"),
            Self::Ours(Work::Dispatch(callers)) => {
                write!(f, "tasktrail, dispatch, callers: {callers}")
            }
            Self::Ours(Work::List) => write!(f, "tasktrail, list"),
            Self::Pgbench { entries, clients } => {
                write!(
                    f,
                    "pgbench, saves, {entries} per statement, {clients} clients"
                )
            }
            Self::PgbenchStatus { clients } => write!(f, "pgbench, status, clients: {clients}"),
            Self::PgbenchDispatch { clients } => write!(f, "pgbench, dispatch, clients: {clients}"),
            Self::River { workers } => write!(f, "river, dispatch, workers: {workers}"),
            Self::TokioPostgres { callers } => write!(f, "tokio-postgres, callers: {callers}"),
            Self::DieselAsync { callers } => write!(f, "diesel-async, callers: {callers}"),
            Self::Durare { callers } => write!(f, "durare, callers: {callers}"),
            Self::Import(_) => write!(f, "tasktrail, import of the loan log"),
            Self::Original(_) => write!(f, "the Python original"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn planned(given: &[&str]) -> Vec<Step> {
        let always = ["bench-peers", "--tool", "t", "--pgbench", "p"];
        steps(&Arguments::parse_from(always.iter().chain(given)))
    }

    #[test]
    fn an_import_is_measured_next_to_the_limit() {
        let steps = planned(&["--only", "import", "--loan-log", "log"]);
        assert_eq!(steps.len(), LIMIT_CLIENTS.len() + 1);
        assert_eq!(steps.last(), Some(&Step::Import("log".into())));
    }

    #[test]
    fn unavailable_programs_are_not_measured() {
        let everything = planned(&[]);
        assert!(
            !everything
                .iter()
                .any(|step| matches!(step, Step::Import(_) | Step::Original(_)))
        );
        assert!(everything.contains(&Step::Ours(Work::List)));

        let with_the_original = planned(&["--aiecs", "folder"]);
        assert_eq!(
            with_the_original.last(),
            Some(&Step::Original("folder".into()))
        );
        assert_eq!(planned(&["--only", "bloat", "--aiecs", "folder"]), []);
    }
}
