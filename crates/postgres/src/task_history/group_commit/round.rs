//! What becomes of a group of entries, of which each is a matter of its own.

use std::collections::HashSet;

use tasktrail_domain::repository::{RepositoryError, Result};
use tasktrail_domain::task_history::{EntryConflict, HistoryEntry, TaskStatus, operation};

use super::answers::Answers;
use crate::error::StoreError;
use crate::pool::Pool;
use crate::task_history::operations::SaveEach;
use crate::task_history::save::{ATTEMPTS, Outcome};

/// How many refusals a round looks into: enough for three entries to blame among the most there are. What
/// refuses more than that is not about entries.
const REFUSALS: u32 = 32;

/// Saves each of the entries, in the order given where they are of one task, and tells what became of each.
pub(super) async fn save(pool: &Pool, entries: &[HistoryEntry]) -> Vec<Result<TaskStatus>> {
    let mut answers = Answers::of(entries.len());
    let mut in_vain = 0;
    while !answers.are_complete() && in_vain < ATTEMPTS {
        let before = answers.number();
        let first = first_of_each_id(entries, &answers);
        save_distinct(pool, entries, &first, &mut answers).await;
        if first.len() + before < entries.len() {
            for &index in &first {
                answer_repetitions(entries, index, &mut answers);
            }
        }
        in_vain += usize::from(answers.number() == before);
    }
    answers.or_else(|| StoreError::Overtaken.during(operation::SAVE))
}

/// Saves entries of different ids. Those that are removed meanwhile get no answer.
async fn save_distinct(
    pool: &Pool,
    entries: &[HistoryEntry],
    indices: &[usize],
    answers: &mut Answers,
) {
    let (mut parts, mut refusals) = (vec![indices], 0);
    while let Some(part) = parts.pop() {
        let open = part.iter().filter(|&&index| !answers.has(index));
        let (indices, given): (Vec<_>, Vec<_>) = open
            .filter_map(|&index| Some((index, entries.get(index)?)))
            .unzip();
        if given.is_empty() {
            continue;
        }
        let failed = match pool.go_on(&SaveEach(&given)).await {
            Ok((outcomes, failed)) => {
                for ((index, entry), outcome) in indices.into_iter().zip(given).zip(outcomes) {
                    answer(answers, index, entry, outcome);
                }
                failed
            }
            Err(error) => Some(error),
        };
        let Some(error) = failed else { continue };
        answers.doubt(part, &error);
        refusals += 1;
        // One of them is to blame, and the others must not suffer for it.
        if part.len() > 1 && refusals <= REFUSALS && error.blames_a_value() {
            let (one, other) = part.split_at(part.len() / 2);
            parts.extend([other, one]);
        } else {
            answers.fail(&with_repetitions(entries, part, answers), error);
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
    StoreError::Conflict(EntryConflict { id: entry.id }).during(operation::SAVE)
}
