//! Saves a group of entries, each of which succeeds or fails independently.

use std::collections::HashSet;

use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::RepositoryError;
use tasktrail_domain::task_history::{EntryConflict, HistoryEntry, TaskStatus, operation};
use tasktrail_postgres_client::batching::{Bisection, Sending};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pool::Pool;

use super::answers::Answers;
use super::locked::FindLocked;
use crate::error;
use crate::task_history::operations::SaveEach;
use crate::task_history::save::{ATTEMPTS, Outcome};

/// How many lock timeouts a round investigates. If more statements time out, the cause is not a
/// lock on single tasks.
const LOCK_TIMEOUTS: u32 = 10;

/// Saves each entry, and returns the results. Entries of the same task are saved in the given
/// order. If a task is locked for longer than `wait`, its entries are not saved; others are not
/// delayed.
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

/// Saves entries with different ids. Entries whose task is removed concurrently get no result.
async fn save_distinct(
    pool: &Pool,
    entries: &[HistoryEntry],
    (indices, mut wait): (&[usize], LockWait),
    answers: &mut Answers,
) {
    let (mut parts, mut lock_timeouts) = (Bisection::of(indices), 0);
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
        answers.record_effect(part, &error);
        if !(error.blames_a_value() && parts.halve(part)) {
            answers.fail(&with_repetitions(entries, part, answers), error);
        }
    }
}

/// The tasks of the unsettled entries of a part.
fn unsettled_tasks<'e>(
    entries: &'e [HistoryEntry],
    part: &[usize],
    answers: &Answers,
) -> Vec<&'e TaskKey> {
    let open = part.iter().filter(|&&index| !answers.has(index));
    let tasks = open.filter_map(|&index| entries.get(index));
    let mut tasks: Vec<_> = tasks.map(|entry| &entry.task).collect();
    // The entries are sorted by task.
    tasks.dedup();
    tasks
}

/// The tasks that another transaction has locked; empty if the query fails.
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
            tracing::debug!(%error, "cannot query which tasks are locked");
            Vec::new()
        }
    }
}

/// Settles all entries of locked tasks as blocked.
fn block(entries: &[HistoryEntry], locked: &[&TaskKey], answers: &mut Answers) {
    let locked: HashSet<_> = locked.iter().collect();
    for (index, entry) in entries.iter().enumerate() {
        if locked.contains(&&entry.task) && !answers.has(index) {
            answers.block(index);
        }
    }
}

/// The unsettled entries of a part, and all unsettled entries with the same ids.
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

/// Settles entries with the same id as a saved one: a repetition gets the same result, different
/// contents are a conflict. If that one had a conflict itself, the others are tried separately.
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

/// The unsettled entries, only the first of each id. Sorted by task, so that groups lock summaries
/// in the same order.
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
        // It is saved again, or gets the error.
        Some(Outcome::Gone) | None => {}
    }
}

fn conflict(entry: &HistoryEntry) -> RepositoryError {
    error::conflict(EntryConflict::new(entry.id)).during(operation::SAVE)
}
