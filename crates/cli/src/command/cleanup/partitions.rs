use std::fmt;

use serde::Serialize;
use tasktrail::repository::ErrorChain;
use tasktrail::task_history::RetentionPolicy;
use tasktrail::timestamp::Timestamp;
use tasktrail::{DatabaseManager, PartitionHold, PartitionOutlook};

use crate::failure::Failure;
use crate::output::{grouped, note, printable};

/// A partition that a cleanup keeps, or that would be dropped without `--dry-run`.
#[derive(Serialize)]
pub(super) struct Outlook {
    partition: String,
    until: Option<Timestamp>,
    #[serde(flatten)]
    hold: Option<PartitionHold>,
    droppable_from: Option<Timestamp>,
}

/// Returns the partitions to report. After a cleanup, these are only the kept ones: droppable
/// partitions that were not dropped are already among its drop failures. If the partitions cannot
/// be inspected after a cleanup, this prints a note instead of failing.
pub(super) async fn outlook(
    manager: &DatabaseManager,
    policy: &RetentionPolicy,
    dry_run: bool,
) -> Result<Vec<Outlook>, Failure> {
    let outlook = match manager.partition_outlook(policy).await {
        // The report of the removed tasks must not be lost.
        Err(error) if !dry_run => {
            note(format_args!(
                "cannot determine why partitions are kept: {}",
                ErrorChain(&error)
            ));
            return Ok(Vec::new());
        }
        outlook => outlook?,
    };
    let is_reported = |partition: &PartitionOutlook| dry_run || partition.hold.is_some();
    let reported = outlook.into_iter().flatten().filter(is_reported);
    Ok(reported.map(Outlook::of).collect())
}

impl Outlook {
    fn of(outlook: PartitionOutlook) -> Self {
        Self {
            partition: outlook.partition,
            until: outlook.until,
            hold: outlook.hold,
            droppable_from: outlook.droppable_from,
        }
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = printable(&self.partition);
        let Some(hold) = &self.hold else {
            return write!(f, "would drop {name}");
        };
        write!(f, "kept {name}: ")?;
        match hold {
            PartitionHold::NarrowPolicy => {
                f.write_str("partitions are dropped only by age, without --user and --keep")?;
            }
            PartitionHold::NotOwner { owner } => {
                write!(
                    f,
                    "only the owner of the tables can drop it; connect as {}",
                    printable(owner)
                )?;
            }
            PartitionHold::EndsAfterCutoff => f.write_str("it ends after the cutoff")?,
            PartitionHold::NoEnd => f.write_str(
                "it has no end; run `tasktrail migrate partition` to create monthly partitions, which can be \
                 dropped",
            )?,
            PartitionHold::RetainedTasks { retained, counted } => write!(
                f,
                "{} of {} checked entries belong to retained tasks; a partition is dropped if at most one \
                 in ten does",
                grouped(*retained),
                grouped(*counted)
            )?,
            _ => f.write_str("see the output of --format json")?,
        }
        match self.droppable_from {
            Some(from) => write!(f, "; it can be dropped from {from} on"),
            None => Ok(()),
        }
    }
}
