//! The workloads, one file each: the data, the calls, and the measured quantities.

pub(super) mod cleanup;
pub(super) mod dispatch;
pub(super) mod heartbeat;
pub(super) mod import;
pub(super) mod list;
pub(super) mod load;
mod orchestrated;
pub(super) mod plan;
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
    /// Create plans of 100 tasks.
    Plan,
    /// Claim a task, and report that it is completed.
    Dispatch,
    /// Send heartbeats of agents.
    Heartbeat,
}

impl Workload {
    pub(super) const ALL: [Self; 9] = [
        Self::Save,
        Self::Status,
        Self::Load,
        Self::List,
        Self::Import,
        Self::Cleanup,
        Self::Plan,
        Self::Dispatch,
        Self::Heartbeat,
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
            Self::Plan => "plan",
            Self::Dispatch => "dispatch",
            Self::Heartbeat => "heartbeat",
        }
    }

    /// Default numbers of concurrent callers.
    pub(super) fn callers(self) -> &'static [u32] {
        match self {
            Self::Save | Self::Status => &[1, 16, 64, 256, 1024],
            Self::Load | Self::List => &[1, 16],
            Self::Import | Self::Cleanup => &[1],
            Self::Plan => &[4],
            Self::Dispatch | Self::Heartbeat => &[1, 32],
        }
    }
}
