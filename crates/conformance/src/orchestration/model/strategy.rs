//! The weights of the actions, and how they repeat and contradict earlier ones.

use proptest::prelude::*;
use proptest::sample::select;
use tasktrail_domain::orchestration::task::TaskRetention;
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::Scope;
use tasktrail_domain::write::WriteContext;

use super::values::{key, owner, page_size, states, write_id};
use super::{Action, Sent, Write, agents, dispatch, tasks};
use crate::fixture::at;
use crate::orchestration::fixture::actor;

/// Generates an action that may refer to earlier actions.
pub fn action(sent: &Sent) -> BoxedStrategy<Action> {
    let new = (context(sent), write())
        .prop_map(|(context, write)| Action::Write(context, write))
        .boxed();
    let heartbeat = agents::heartbeat(sent.now)
        .prop_map(Action::Heartbeat)
        .boxed();
    let remove = remove_expired(sent.now).boxed();
    let repeatable = sent.actions.iter().filter_map(repeatable);
    let repeatable: Vec<_> = repeatable.collect();
    if repeatable.is_empty() {
        return new;
    }
    prop_oneof![
        30 => new,
        3 => heartbeat,
        1 => remove,
        5 => again(sent, repeatable).boxed(),
    ]
    .boxed()
}

/// A write that can be repeated. A reap cannot: it always has an id of its own.
fn repeatable(action: &Action) -> Option<(WriteContext, Write)> {
    match action {
        Action::Write(_, Write::Reap) => None,
        Action::Write(context, write) => Some((context.clone(), write.clone())),
        _ => None,
    }
}

/// An earlier write, an earlier one with a new id, or another one with an id that was used.
fn again(
    sent: &Sent,
    repeatable: Vec<(WriteContext, Write)>,
) -> impl Strategy<Value = Action> + use<> {
    let other = write().prop_filter("has an id of its own", |write| *write != Write::Reap);
    let form = prop_oneof![3 => Just(0), 1 => Just(1), 1 => Just(2)];
    (form, select(repeatable), context(sent), other).prop_map(
        |(form, (used, earlier), context, other)| match form {
            0 => Action::Write(used, earlier),
            1 => Action::Write(context, earlier),
            _ => Action::Write(used, other),
        },
    )
}

/// A context with a new id. Time moves on by seconds, or by minutes, or a clock is slow.
fn context(sent: &Sent) -> impl Strategy<Value = WriteContext> + use<> {
    let (number, now) = (sent.actions.len(), sent.now);
    let seconds = prop_oneof![
        20 => (0_u64..4).prop_map(move |passed| now + passed),
        2 => (20_u64..100).prop_map(move |passed| now + passed),
        1 => (0_u64..30).prop_map(move |late| now.saturating_sub(late)),
    ];
    let actor = select(vec!["service:tests", "user:eve"]).prop_map(actor);
    (seconds, actor)
        .prop_map(move |(second, actor)| WriteContext::new(write_id(number), actor, at(second)))
}

fn write() -> BoxedStrategy<Write> {
    prop_oneof![
        4 => agents::write(),
        8 => tasks::write(),
        12 => dispatch::write(),
    ]
    .boxed()
}

fn remove_expired(now: u64) -> impl Strategy<Value = Action> {
    let scope = prop_oneof![Just(Scope::Everyone), owner().prop_map(Scope::User)];
    let after = prop::option::weighted(0.3, key());
    (scope, states(), 0..=now + 1, page_size(), after).prop_map(
        |(scope, states, before, size, after)| Action::RemoveExpired {
            retention: TaskRetention::ended_before(scope, at(before)).with_states(states),
            batch: PageRequest { size, after },
        },
    )
}
