//! Writes to dispatch, and to the audit log.

use proptest::prelude::*;
use proptest::sample::select;
use tasktrail_domain::orchestration::audit::{CustomAction, EntityKind, NewAuditEntry};
use tasktrail_domain::orchestration::dispatch::{
    AttemptResult, Claim, ClaimLimit, Report, ReportedError, Usage,
};
use tasktrail_domain::orchestration::{Attempt, AttemptKey};

use super::values::{agent, agent_name, due, key, owner, payload, run};
use super::{Which, Write};

pub(super) fn write() -> BoxedStrategy<Write> {
    let assign = (key(), agent_name()).prop_map(|(task, agent)| Write::Assign(task, agent));
    let start = (attempt(), which()).prop_map(|(attempt, which)| Write::Start(attempt, which));
    let report = (report(), which()).prop_map(|(report, which)| Write::Report(report, which));
    prop_oneof![
        12 => claim().prop_map(Write::Claim).boxed(),
        3 => assign.boxed(),
        4 => start.boxed(),
        12 => report.boxed(),
        2 => Just(Write::Reap).boxed(),
        1 => entry().prop_map(Write::Record).boxed(),
    ]
    .boxed()
}

fn claim() -> impl Strategy<Value = Claim> {
    (agent(), run(), 1_i64..4).prop_map(|(agent, run, limit)| {
        Claim::new(agent, run).with_limit(ClaimLimit::new(limit).unwrap())
    })
}

fn attempt() -> impl Strategy<Value = AttemptKey> {
    (key(), 1_i64..4)
        .prop_map(|(task, number)| AttemptKey::new(task, Attempt::new(number).unwrap()))
}

/// Mostly the latest attempt, which may be open.
fn which() -> impl Strategy<Value = Which> {
    prop_oneof![4 => Just(Which::Latest), 1 => Just(Which::Named)]
}

fn report() -> impl Strategy<Value = Report> {
    let memory = prop::option::of(0_i64..3);
    (attempt(), result(), prop::option::of(payload()), memory).prop_map(
        |(attempt, result, output, memory)| {
            let usage = Usage {
                memory: memory.map(|number| number.try_into().unwrap()),
                cpu_time: None,
            };
            Report::new(attempt, result)
                .with_output(output)
                .with_usage(usage)
        },
    )
}

fn result() -> impl Strategy<Value = AttemptResult> {
    let code = select(vec!["E001", "E002", "other"]);
    let message = select(vec!["", "refused ␛ud835"]);
    let failed = (code, message, prop::option::of(due())).prop_map(|(code, message, retry_at)| {
        let error = ReportedError::new(code.parse().unwrap(), message.parse().unwrap());
        AttemptResult::Failed { error, retry_at }
    });
    prop_oneof![
        4 => Just(AttemptResult::Completed),
        4 => failed,
        2 => due().prop_map(|due_at| AttemptResult::Released { due_at }),
        2 => Just(AttemptResult::Waiting),
    ]
}

fn entry() -> impl Strategy<Value = NewAuditEntry> {
    let kind = select(EntityKind::ALL.to_vec());
    let fields = || prop::option::of(payload());
    (owner(), kind, fields(), fields()).prop_map(|(owner, kind, before, after)| {
        let action = CustomAction::new("release.approved").unwrap();
        let entry = NewAuditEntry::new(owner, action, kind, "a".parse().unwrap());
        entry.with_fields(before, after)
    })
}
