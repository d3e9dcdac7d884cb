//! The arguments of `scripts/bench-peers`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Compares Tasktrail with other programs that do the same work
///
/// All programs run in turn on one private PostgreSQL server with default settings (`fsync` and
/// `synchronous_commit` on). The output is a table with a result for each figure. The exit code is
/// 0 even if a target is missed. It is not 0 if a measurement fails.
#[derive(Debug, Parser)]
#[command(name = "scripts/bench-peers")]
pub(crate) struct Arguments {
    /// Folder of peer-aiecs, which measures the Python original [default: skip the original]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) aiecs: Option<PathBuf>,

    /// File `loan-applications.jsonl.gz` (the loan log) [default: skip imports]
    #[arg(long, value_name = "FILE")]
    pub(crate) loan_log: Option<PathBuf>,

    /// Number of rounds; each figure is the median of the rounds
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,

    /// Duration of each measurement, in seconds
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,

    /// Groups to measure [default: all except the four that take minutes]
    #[arg(long, value_name = "GROUP", value_enum, num_args = 1..)]
    only: Vec<Group>,

    /// Number of entries in the full store of `big-store`
    #[arg(long, value_name = "N", default_value_t = 10_000_000,
        value_parser = clap::value_parser!(u32).range(10_000..=100_000_000))]
    pub(crate) entries: u32,

    /// Duration of `bloat`, in minutes
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) minutes: u32,

    /// Existing file to write the results to; they replace earlier results or are appended, and the
    /// charts are written to the folder `images` next to it
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,

    /// Path of `tasktrail`
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) tool: PathBuf,

    /// Path of `pgbench`
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) pgbench: PathBuf,
}

impl Arguments {
    pub(crate) fn has(&self, group: Group) -> bool {
        if self.only.is_empty() {
            !group.is_long()
        } else {
            self.only.contains(&group)
        }
    }
}

/// A group of measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// Saves by 1 to 1 024 callers
    Save,
    /// Status of tasks
    Status,
    /// Loads of histories with 100 steps
    Load,
    /// Pages of 100 tasks, of users with 100, 10 000 and 1 000 000 tasks
    List,
    /// Claims of tasks with the reports that complete them, by 32 agents
    Dispatch,
    /// Import of the loan log
    Import,
    /// Saves into a store of 10 million entries, compared with an empty one; takes minutes
    BigStore,
    /// Growth of the summary table during ten minutes of saves to 10 000 tasks
    Bloat,
    /// Saves while a million old entries are removed; takes minutes
    Cleanup,
    /// One table compared with monthly partitions, and the drop of a partition; takes minutes
    Layouts,
}

impl Group {
    fn is_long(self) -> bool {
        matches!(
            self,
            Self::BigStore | Self::Bloat | Self::Cleanup | Self::Layouts
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(given: &[&str]) -> Arguments {
        let always = ["bench-peers", "--tool", "t", "--pgbench", "p"];
        Arguments::parse_from(always.iter().chain(given))
    }

    #[test]
    fn long_groups_are_measured_only_if_named() {
        assert!(arguments(&[]).has(Group::List));
        assert!(!arguments(&[]).has(Group::Bloat));

        let named = arguments(&["--only", "save", "bloat"]);
        assert!(named.has(Group::Bloat) && named.has(Group::Save));
        assert!(!named.has(Group::List));
    }
}
