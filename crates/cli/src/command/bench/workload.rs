//! The workloads, one file each: the data, the calls, and the measured quantities.

pub(super) mod cleanup;
pub(super) mod import;
pub(super) mod list;
pub(super) mod load;
mod random_tasks;
pub(super) mod reading;
pub(super) mod row;
pub(super) mod save;
pub(super) mod status;

use clap::ValueEnum;
use serde::Serialize;

/// A workload to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum Workload {
    /// Save steps, one per call.
    Save,
    /// Read the status of a task.
    Status,
    /// Load the 100 steps of a task.
    Load,
    /// List the first page of a user's tasks.
    List,
    /// Import a file.
    Import,
    /// Remove old tasks.
    Cleanup,
}

impl Workload {
    pub(super) const ALL: [Self; 6] = [
        Self::Save,
        Self::Status,
        Self::Load,
        Self::List,
        Self::Import,
        Self::Cleanup,
    ];

    /// The name on the command line and in the output.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::Status => "status",
            Self::Load => "load",
            Self::List => "list",
            Self::Import => "import",
            Self::Cleanup => "cleanup",
        }
    }

    /// Default numbers of concurrent callers.
    pub(super) fn callers(self) -> &'static [u32] {
        match self {
            Self::Save | Self::Status => &[1, 16, 64, 256, 1024],
            Self::Load | Self::List => &[1, 16],
            Self::Import | Self::Cleanup => &[1],
        }
    }
}
