//! What `scripts/bench-peers` is told.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures Tasktrail beside others that do the same work, in turn, on one private PostgreSQL server
/// with its defaults (`fsync` and `synchronous_commit` on).
///
/// Prints a table with a verdict for each figure that was asked for. It ends well whatever the figures
/// are, and with an error if something could not be measured.
#[derive(Debug, Parser)]
#[command(name = "scripts/bench-peers")]
pub(crate) struct Arguments {
    /// The folder of peer-aiecs, which measures the Python original; without it that is left out
    #[arg(long, value_name = "FOLDER")]
    pub(crate) aiecs: Option<PathBuf>,

    /// The loan log (`loan-applications.jsonl.gz`); without it imports are left out
    #[arg(long, value_name = "FILE")]
    pub(crate) loan_log: Option<PathBuf>,

    /// How often everything is measured; the figures are medians
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,

    /// How long each measurement takes, in seconds
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,

    /// Measures only these; without it all but the four long ones
    #[arg(long, value_name = "GROUP", value_enum, num_args = 1..)]
    only: Vec<Group>,

    /// How many entries `big-store` fills its store with
    #[arg(long, value_name = "N", default_value_t = 10_000_000,
        value_parser = clap::value_parser!(u32).range(10_000..=100_000_000))]
    pub(crate) entries: u32,

    /// How many minutes `bloat` saves for
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) minutes: u32,

    /// Writes the results into this file, which must be there, in place of those of an earlier run or else at its end, and
    /// the pictures into the folder `images` beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,

    /// The program `tasktrail`
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) tool: PathBuf,

    /// The program `pgbench`
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

/// Work that is measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// Saves by 1 to 1 024 callers
    Save,
    /// How tasks stand
    Status,
    /// Histories of 100 steps
    Load,
    /// Pages of 100 tasks, of users with 100, 10 000 and 1 000 000
    List,
    /// The loan log
    Import,
    /// Saves into a store of 10 million entries, beside saves into an empty one; takes minutes
    BigStore,
    /// Ten minutes of saves to 10 000 tasks, and what becomes of the size of their summaries
    Bloat,
    /// Saves while a million old entries are removed; takes minutes
    CleanUp,
    /// One table beside partitions by month, and how a month goes; takes minutes
    Layouts,
}

impl Group {
    fn is_long(self) -> bool {
        matches!(
            self,
            Self::BigStore | Self::Bloat | Self::CleanUp | Self::Layouts
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
    fn the_long_ones_are_measured_only_when_named() {
        assert!(arguments(&[]).has(Group::List));
        assert!(!arguments(&[]).has(Group::Bloat));

        let named = arguments(&["--only", "save", "bloat"]);
        assert!(named.has(Group::Bloat) && named.has(Group::Save));
        assert!(!named.has(Group::List));
    }
}
