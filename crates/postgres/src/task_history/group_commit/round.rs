//! What becomes of a group of entries, of which each is a matter of its own.

use std::collections::HashSet;

use tasktrail_domain::repository::RepositoryError;
use tasktrail_domain::task_history::{EntryConflict, HistoryEntry, TaskKey, TaskStatus, operation};
use tasktrail_postgres_client::batching::{Parts, Sending};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pool::Pool;

use super::answers::Answers;
use super::locked::FindLocked;
use crate::error;
use crate::task_history::operations::SaveEach;
use crate::task_history::save::{ATTEMPTS, Outcome};

/// How many lock timeouts a round looks into. What holds up more statements than that is not a lock of
/// single tasks.
const LOCK_TIMEOUTS: u32 = 10;

/// Saves each of the entries, in the order given where they are of one task, and tells what became of each.
/// Those whose tasks are locked for longer than `wait` are not saved, and do not hold up the others.
pub(super) async fn save(
    pool: &Pool,
    entries: &[HistoryEntry],
    wait: LockWait,
) -> Vec<Sending<TaskStatus>> {
    let mut answers = Answers::of(entries.len());
    let mut no_progress = 0;
    while !answers.are_complete() && no_progress < ATTEMPTS {
        let before = answers.number();
        let first = first_of_each_id(entries, &answers);
        save_distinct(pool, entries, (&first, wait), &mut answers).await;
        if first.len() + before < entries.len() {
            for &index in &first {
                answer_repetitions(entries, index, &mut answers);
            }
        }
        no_progress += usize::from(answers.number() == before);
    }
    answers.or_else(|| StoreError::ConcurrentlyRemoved.during(operation::SAVE))
}

/// Saves entries of different ids. Those that are removed meanwhile get no answer.
async fn save_distinct(
    pool: &Pool,
    entries: &[HistoryEntry],
    (indices, mut wait): (&[usize], LockWait),
    answers: &mut Answers,
) {
    let (mut parts, mut lock_timeouts) = (Parts::of(indices), 0);
    while let Some(part) = parts.next() {
        let open = part.iter().filter(|&&index| !answers.has(index));
        let (indices, given): (Vec<_>, Vec<_>) = open
            .filter_map(|&index| Some((index, entries.get(index)?)))
            .unzip();
        if given.is_empty() {
            continue;
        }
        let failed = match pool.run_started(&SaveEach(&given, wait)).await {
            Ok((outcomes, failed)) => {
                for ((index, entry), outcome) in indices.into_iter().zip(given).zip(outcomes) {
                    answer(answers, index, entry, outcome);
                }
                failed
            }
            Err(error) => Some(error),
        };
        let Some(error) = failed else { continue };
        if error.is_lock_timeout() {
            let tasks = unsettled_tasks(entries, part, answers);
            let looked_enough = wait.deadline().is_some() || lock_timeouts >= LOCK_TIMEOUTS;
            let locked = if looked_enough {
                tasks.clone()
            } else {
                locked_among(pool, &tasks).await
            };
            lock_timeouts += 1;
            if locked.is_empty() && parts.halve(part) {
                wait = LockWait::BRIEFEST;
            } else {
                block(
                    entries,
                    if locked.is_empty() { &tasks } else { &locked },
                    answers,
                );
                parts.again(part);
            }
            continue;
        }
        answers.doubt(part, &error);
        if !(error.blames_a_value() && parts.halve(part)) {
            answers.fail(&with_repetitions(entries, part, answers), error);
        }
    }
}

/// The tasks of the entries of a part that are not settled.
fn unsettled_tasks<'e>(
    entries: &'e [HistoryEntry],
    part: &[usize],
    answers: &Answers,
) -> Vec<&'e TaskKey> {
    let open = part.iter().filter(|&&index| !answers.has(index));
    let tasks = open.filter_map(|&index| entries.get(index));
    let mut tasks: Vec<_> = tasks.map(|entry| &entry.task).collect();
    // They come sorted.
    tasks.dedup();
    tasks
}

/// Those of the tasks that another transaction keeps locked; none if that cannot be found out.
async fn locked_among<'e>(pool: &Pool, tasks: &[&'e TaskKey]) -> Vec<&'e TaskKey> {
    if let [_only] = tasks {
        return tasks.to_vec();
    }
    match pool.run_started(&FindLocked(tasks)).await {
        Ok(places) => places
            .into_iter()
            .filter_map(|place| tasks.get(place).copied())
            .collect(),
        Err(error) => {
            tracing::debug!(%error, "cannot find out which tasks are locked");
            Vec::new()
        }
    }
}

/// Settles all entries of locked tasks: they are not saved now.
fn block(entries: &[HistoryEntry], locked: &[&TaskKey], answers: &mut Answers) {
    let locked: HashSet<_> = locked.iter().collect();
    for (index, entry) in entries.iter().enumerate() {
        if locked.contains(&&entry.task) && !answers.has(index) {
            answers.block(index);
        }
    }
}

/// Those of a part that have no answer yet, and the others with their ids.
fn with_repetitions(entries: &[HistoryEntry], part: &[usize], answers: &Answers) -> Vec<usize> {
    let open = |index: &usize| !answers.has(*index);
    let ids = part.iter().filter(|index| open(index));
    let ids: HashSet<_> = ids
        .filter_map(|&index| entries.get(index))
        .map(|entry| (&entry.task.user, entry.id))
        .collect();
    let same_id = |(index, entry): (usize, &HistoryEntry)| {
        ids.contains(&(&entry.task.user, entry.id)).then_some(index)
    };
    let all = entries.iter().enumerate().filter_map(same_id);
    all.filter(open).collect()
}

/// The answers of entries with the same id as one that has its answer: a repetition gets the same, and what
/// is not one is a conflict with what was saved. After a conflict it is asked for by itself.
fn answer_repetitions(entries: &[HistoryEntry], index: usize, answers: &mut Answers) {
    let (Some(first), Some(status)) = (entries.get(index), answers.status(index)) else {
        return;
    };
    for (other, entry) in entries.iter().enumerate() {
        let same_id = entry.id == first.id && entry.task.user == first.task.user;
        if !same_id || answers.has(other) {
            continue;
        }
        if entry.repeats(first) {
            answers.set(other, Ok(status));
        } else {
            answers.set(other, Err(conflict(entry)));
        }
    }
}

/// The entries that have no answer yet, without those whose id comes before; sorted by task, so that
/// groups lock summaries in the same order.
fn first_of_each_id(entries: &[HistoryEntry], answers: &Answers) -> Vec<usize> {
    let mut seen = HashSet::new();
    let mut first: Vec<_> = entries
        .iter()
        .enumerate()
        .filter(|(index, entry)| !answers.has(*index) && seen.insert((&entry.task.user, entry.id)))
        .collect();
    first.sort_by_key(|(_, entry)| &entry.task);
    first.into_iter().map(|(index, _)| index).collect()
}

fn answer(answers: &mut Answers, index: usize, entry: &HistoryEntry, outcome: Option<Outcome>) {
    match outcome {
        Some(Outcome::Saved(status)) => answers.set(index, Ok(status)),
        Some(Outcome::Conflict) => answers.set(index, Err(conflict(entry))),
        // It is saved anew, or the error tells.
        Some(Outcome::Gone) | None => {}
    }
}

fn conflict(entry: &HistoryEntry) -> RepositoryError {
    error::conflict(EntryConflict { id: entry.id }).during(operation::SAVE)
}
