//! Strategies for actions, and their weights.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use tasktrail_domain::JsonText;
use tasktrail_domain::repository::{PageRequest, PageSize};
use tasktrail_domain::task_history::{
    EntryId, ErrorCode, FinalStatus, Finish, HistoryEntry, ListAllCursor, ListCursor,
    RemovalCursor, RemovalLimits, RetentionPolicy, Scope, StatusSet, StepNumber, TaskFilter,
    TaskStatus, TaskStepResult,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId, UserPrefix};

use super::Action;
use crate::fixture::{Edit, USERS, at, prefix, task_of, user};
use crate::json_texts::any_json_text;

/// Generates an action that may refer to entries of earlier actions.
pub fn action(sent: &[HistoryEntry]) -> BoxedStrategy<Action> {
    let save = entry(sent).prop_map(Action::Save);
    let save_batch = batch(sent).prop_map(Action::SaveBatch);
    let load = (task(), steps()).prop_map(|(task, page)| Action::Load { task, page });
    let trail = (task(), size()).prop_map(|(task, size)| Action::Trail { task, size });
    let finish = (task(), final_status(), instant())
        .prop_map(|(task, status, at)| Action::Finish { task, status, at });
    let finishes = (
        task(),
        (final_status(), instant()).prop_map(|(status, at)| Finish { status, at }),
    );
    let finish_batch = prop::collection::vec(finishes, 0..=4).prop_map(Action::FinishBatch);
    let list = (owner(), filter(), tasks()).prop_map(|(user, filter, page)| Action::List {
        user,
        filter,
        page,
    });
    let list_all =
        (users(), filter(), tasks_of_all()).prop_map(|(users, filter, page)| Action::ListAll {
            users,
            filter,
            page,
        });
    let list_users =
        (users(), size(), prop::option::of(owner())).prop_map(|(prefix, size, after)| {
            let page = PageRequest { size, after };
            Action::Users { prefix, page }
        });
    let remove = (policy(), removal_batch())
        .prop_map(|(policy, batch)| Action::RemoveExpired { policy, batch });
    prop_oneof![
        8 => save,
        4 => save_batch,
        2 => load,
        2 => trail,
        1 => task().prop_map(Action::Status),
        1 => task().prop_map(Action::Summary),
        3 => finish,
        2 => finish_batch,
        4 => list,
        3 => list_all,
        1 => list_users,
        1 => scope().prop_map(Action::Count),
        1 => policy().prop_map(Action::Expired),
        2 => remove,
    ]
    .boxed()
}

/// Up to six entries, with at most one duplicate.
fn batch(sent: &[HistoryEntry]) -> impl Strategy<Value = Vec<HistoryEntry>> + use<> {
    let twice = (any::<bool>(), any::<prop::sample::Index>(), instant());
    (prop::collection::vec(entry(sent), 0..=5), twice).prop_map(
        |(mut entries, (twice, which, at))| {
            if twice && !entries.is_empty() {
                let again = which.get(&entries).clone().recorded(at);
                entries.push(again);
            }
            entries
        },
    )
}

/// A new entry, a repetition of an earlier one, or a conflict with one.
fn entry(sent: &[HistoryEntry]) -> BoxedStrategy<HistoryEntry> {
    if sent.is_empty() {
        return new_entry().boxed();
    }
    let repetition = (select(sent.to_vec()), instant()).prop_map(|(entry, at)| entry.recorded(at));
    let contradiction =
        (select(sent.to_vec()), new_entry()).prop_map(|(entry, other)| other.under(entry.id));
    prop_oneof![6 => new_entry(), 2 => repetition, 1 => contradiction].boxed()
}

fn new_entry() -> impl Strategy<Value = HistoryEntry> {
    (any::<[u8; 2]>(), task(), step(), step_result(), instant()).prop_map(
        |(id, task, step, step_result, recorded_at)| {
            HistoryEntry::new(entry_id(id), task, step, step_result, recorded_at)
        },
    )
}

/// IDs that are not in the order of the saves.
fn entry_id([high, low]: [u8; 2]) -> EntryId {
    EntryId::derived(Timestamp::default(), [0, high, 0, 0, 0, 0, 0, 0, 0, low])
}

fn step_result() -> impl Strategy<Value = TaskStepResult> {
    (
        select(TaskStatus::ALL.to_vec()),
        result(),
        prop::option::of(error_code()),
    )
        .prop_map(|(status, result, code)| {
            let built = TaskStepResult::builder("step", status).result(result);
            match code {
                Some(code) => built.error(code, "refused\0").build().unwrap(),
                None => built.build().unwrap(),
            }
        })
}

fn result() -> impl Strategy<Value = JsonText> {
    let some = [
        "null",
        "1",
        "1.0",
        "1.00",
        "1e17",
        r#"{"\u0000":"␛\ud835"}"#,
    ];
    let some = select(some.map(|json| json.parse().unwrap()).to_vec());
    prop_oneof![3 => some, 1 => any_json_text()]
}

fn error_code() -> impl Strategy<Value = ErrorCode> {
    select(vec![
        ErrorCode::TIMEOUT,
        ErrorCode::EXECUTION,
        ErrorCode::DATABASE,
    ])
}

fn owner() -> impl Strategy<Value = UserId> {
    select(USERS.map(user).to_vec())
}

fn users() -> impl Strategy<Value = UserPrefix> {
    prop_oneof![3 => Just(""), 1 => Just("a"), 1 => Just("bob")].prop_map(prefix)
}

fn task() -> impl Strategy<Value = TaskKey> {
    (select(USERS.to_vec()), select(vec!["a", "B", "ä"])).prop_map(|(user, id)| task_of(user, id))
}

fn step() -> impl Strategy<Value = StepNumber> {
    (0_u16..4).prop_map(StepNumber::from)
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (0_u64..6).prop_map(at)
}

fn final_status() -> impl Strategy<Value = FinalStatus> {
    use FinalStatus::{Cancelled, Completed, Failed, TimedOut};
    select(vec![Completed, Cancelled, TimedOut, Failed])
}

fn statuses() -> impl Strategy<Value = StatusSet> {
    let some = subsequence(TaskStatus::ALL.to_vec(), 0..=6).prop_map(StatusSet::only);
    prop_oneof![Just(StatusSet::ALL), some]
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![Just(Scope::Everyone), owner().prop_map(Scope::User)]
}

fn filter() -> impl Strategy<Value = TaskFilter> {
    let time = || prop::option::weighted(0.3, instant());
    (
        statuses(),
        prop::option::weighted(0.4, any::<bool>()),
        prop::option::weighted(0.3, error_code()),
        (time(), time()),
    )
        .prop_map(|(statuses, finished, error_code, (since, until))| {
            TaskFilter::default()
                .with_statuses(statuses)
                .with_finished(finished)
                .with_error_code(error_code)
                .with_since(since)
                .with_until(until)
        })
}

fn policy() -> impl Strategy<Value = RetentionPolicy> {
    (instant(), statuses(), any::<bool>(), scope(), kept()).prop_map(
        |(cutoff, statuses, keep_unfinished, scope, keep_newest)| {
            RetentionPolicy::every_task_before(cutoff)
                .with_statuses(statuses)
                .with_keep_unfinished(keep_unfinished)
                .with_scope(scope)
                .with_keep_newest(keep_newest)
        },
    )
}

fn kept() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 2 => 1_u64..4]
}

fn removal_batch() -> impl Strategy<Value = RemovalLimits> {
    (size(), 0_u64..8, prop::option::weighted(0.3, task())).prop_map(|(tasks, entries, after)| {
        RemovalLimits::default()
            .with_tasks(tasks)
            .with_entries(entries)
            .with_after(after.map(RemovalCursor::from))
    })
}

fn size() -> impl Strategy<Value = PageSize> {
    (1_u64..4).prop_map(|items| PageSize::new(items).unwrap())
}

fn steps() -> impl Strategy<Value = PageRequest<StepNumber>> {
    (size(), prop::option::of(step())).prop_map(|(size, after)| PageRequest { size, after })
}

fn tasks() -> impl Strategy<Value = PageRequest<ListCursor>> {
    (size(), prop::option::of(place())).prop_map(|(size, after)| PageRequest { size, after })
}

fn tasks_of_all() -> impl Strategy<Value = PageRequest<ListAllCursor>> {
    let place = (owner(), place()).prop_map(|(user, place)| ListAllCursor { user, place });
    (size(), prop::option::of(place)).prop_map(|(size, after)| PageRequest { size, after })
}

fn place() -> impl Strategy<Value = ListCursor> {
    (instant(), task()).prop_map(|(last_updated, key)| ListCursor {
        last_updated,
        task: key.task,
    })
}
