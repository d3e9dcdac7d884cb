//! Writes that are repeated, and ids of writes that are used twice.

use tasktrail_domain::Document;
use tasktrail_domain::orchestration::agent::Registration;
use tasktrail_domain::orchestration::audit::AuditFilter;
use tasktrail_domain::orchestration::dispatch::{
    AssignOutcome, ReportOutcome, StartOutcome, operation,
};
use tasktrail_domain::orchestration::{AttemptKey, ExecutionState, TaskState};

use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, agent_id, assert_write_conflict, attempt, attempt_at,
    claim_by, completed, failed, new_task, plan, plan_of, registration, released, task_ids,
    waiting,
};

/// A repeated assignment returns the same attempt and deadline, also after it was started or
/// closed, and while another agent has the task.
pub async fn a_repeated_assignment_returns_the_same_attempt(orchestration: &Orchestration) {
    let writes = Writes::default();
    let [builder, other] = ["builder", "other"].map(registration);
    for agent in [&builder, &other] {
        orchestration.given_agent(&writes, agent).await;
    }
    let tasks = plan([new_task("a").limited_to(30)]);
    orchestration.given_tasks(&writes, &tasks).await;
    let context = writes.at(at(10));
    let assign = async || {
        orchestration
            .assign(&context, &task("a"), &agent_id("builder"))
            .await
    };
    let first = assign().await;
    let (attempt, deadline) = (attempt(1), Some(at(40)));
    assert_eq!(first, AssignOutcome::Assigned { attempt, deadline });
    let entries = orchestration.changes_of(&context).await;

    let assigned = assign().await;
    let key = attempt_at("a", 1);
    orchestration.start(&writes.at(at(20)), &key).await;
    let started = assign().await;
    let report = released(key, at(0));
    orchestration.report(&writes.at(at(21)), &report).await;
    let released = assign().await;
    orchestration
        .assign(&writes.at(at(22)), &task("a"), &agent_id("other"))
        .await;
    let elsewhere = assign().await;

    let repeated = [assigned, started, released, elsewhere];
    assert!(
        repeated.iter().all(|outcome| *outcome == first),
        "{repeated:?}"
    );
    assert_eq!(orchestration.changes_of(&context).await, entries);
}

/// An assignment that was refused is a new one when it is repeated.
pub async fn a_repeated_refused_assignment_is_new(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration.given_agent(&writes, &builder).await;
    let context = writes.at(at(10));
    let assign = async || {
        orchestration
            .assign(&context, &task("a"), &agent_id("builder"))
            .await
    };

    let refused = assign().await;
    orchestration.given_tasks(&writes, &plan_of(["a"])).await;
    let repeated = assign().await;

    assert_eq!(refused, AssignOutcome::UnknownTask);
    let (attempt, deadline) = (attempt(1), None);
    assert_eq!(repeated, AssignOutcome::Assigned { attempt, deadline });
}

/// A repeated start returns the same deadline, also after the attempt was closed.
pub async fn a_repeated_start_returns_the_same_deadline(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([new_task("a").limited_to(30)]);
    orchestration
        .given_work(&writes, &registration("builder"), &tasks)
        .await;
    let (context, key) = (writes.at(at(10)), attempt_at("a", 1));
    let first = orchestration.start(&context, &key).await;
    let entries = orchestration.changes_of(&context).await;

    let running = orchestration.start(&context, &key).await;
    orchestration
        .report(&writes.next(), &completed(key.clone()))
        .await;
    let closed = orchestration.start(&context, &key).await;

    let deadline = Some(at(40));
    let started = StartOutcome::Started { deadline };
    assert_eq!([&first, &running, &closed], [&started; 3]);
    assert_eq!(orchestration.changes_of(&context).await, entries);
}

/// A repeated report returns the first outcome of each result, also after the tasks went on.
pub async fn a_repeated_report_returns_the_first_outcome(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(4);
    let ids = ["a", "b", "c", "d"];
    let dependants = [
        new_task("on a").after("a"),
        new_task("on b").after("b"),
        new_task("on end of b").after_end_of("b"),
    ];
    let tasks = plan(ids.map(new_task).into_iter().chain(dependants));
    orchestration.given_work(&writes, &builder, &tasks).await;
    let [a, b, c, d] = ids.map(|id| attempt_at(id, 1));
    let recorded = |state, ready: &[&str], skipped: &[&str]| {
        let [ready, skipped] = [ready, skipped].map(|ids| task_ids(ids.iter().copied()));
        ReportOutcome::Recorded {
            state,
            ready,
            skipped,
        }
    };
    let reports = [
        (completed(a), recorded(TaskState::Completed, &["on a"], &[])),
        (
            failed(b, None),
            recorded(TaskState::Failed, &["on end of b"], &["on b"]),
        ),
        (released(c, at(0)), recorded(TaskState::Ready, &[], &[])),
        (waiting(d), recorded(TaskState::Waiting, &[], &[])),
    ];
    let mut sent = Vec::new();
    for (report, expected) in reports {
        let context = writes.next();
        let first = orchestration.report(&context, &report).await;
        assert_eq!(first, expected);
        sent.push((context, report, expected));
    }

    for pass in 0..2 {
        for (context, report, expected) in &sent {
            let entries = orchestration.changes_of(context).await;
            let repeated = orchestration.report(context, report).await;
            assert_eq!(repeated, *expected);
            assert_eq!(orchestration.changes_of(context).await, entries);
        }
        if pass == 0 {
            complete_everything(orchestration, &writes, &builder).await;
        }
    }
}

/// Resumes the task `d`, and completes all tasks that are ready then.
async fn complete_everything(orchestration: &Orchestration, writes: &Writes, agent: &Registration) {
    let answers = Document::default();
    let context = writes.next();
    orchestration.resume(&context, &task("d"), &answers).await;
    for claimed in orchestration.given_claim(writes, agent, 4).await {
        let key = AttemptKey::new(task(claimed.task.as_str()), claimed.attempt);
        orchestration.report(&writes.next(), &completed(key)).await;
    }
}

/// A repeated superseded report returns the state that its task had at first.
pub async fn a_repeated_superseded_report_returns_the_first_outcome(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a"]))
        .await;
    let first_attempt = attempt_at("a", 1);
    let report = released(first_attempt.clone(), at(0));
    orchestration.report(&writes.next(), &report).await;
    let (context, late) = (writes.next(), completed(first_attempt));

    let first = orchestration.report(&context, &late).await;
    orchestration.given_claim(&writes, &builder, 1).await;
    let repeated = orchestration.report(&context, &late).await;

    let (state, task) = (ExecutionState::Released, TaskState::Ready);
    let superseded = ReportOutcome::Superseded { state, task };
    assert_eq!([&first, &repeated], [&superseded; 2]);
    assert_eq!(orchestration.changes_of(&context).await.len(), 1);
}

/// The id of a write cannot be used for another method, or for another agent or task.
pub async fn an_id_of_a_write_is_used_once(orchestration: &Orchestration) {
    let writes = Writes::default();
    let (builder, other) = (
        registration("builder").with_capacity(3),
        registration("other"),
    );
    for agent in [&builder, &other] {
        orchestration.given_agent(&writes, agent).await;
    }
    orchestration
        .given_tasks(&writes, &plan_of(["a", "b", "c", "d"]))
        .await;
    orchestration.given_claim(&writes, &builder, 2).await;
    let [claimed, assigned, started, reported] = [(); 4].map(|()| writes.next());
    let claim = claim_by(&other, 1);
    orchestration.claim(&claimed, &claim).await;
    orchestration
        .assign(&assigned, &task("d"), &agent_id("builder"))
        .await;
    orchestration.start(&started, &attempt_at("a", 1)).await;
    let report = completed(attempt_at("b", 1));
    orchestration.report(&reported, &report).await;
    let (alice, all) = (user("alice"), AuditFilter::default());
    let entries = orchestration.entries(&alice, &all).await;
    let dispatch = &orchestration.dispatch;

    let of_other_agent = dispatch.claim(&claimed, &claim_by(&builder, 1)).await;
    assert_write_conflict(of_other_agent, operation::CLAIM, &claimed);
    for used in [&assigned, &started, &reported] {
        let answer = dispatch.claim(used, &claim).await;
        assert_write_conflict(answer, operation::CLAIM, used);
    }
    let to_other_agent = dispatch
        .assign(&assigned, &task("d"), &agent_id("other"))
        .await;
    assert_write_conflict(to_other_agent, operation::ASSIGN, &assigned);
    for (used, id) in [
        (&claimed, "c"),
        (&assigned, "a"),
        (&started, "a"),
        (&reported, "b"),
    ] {
        let answer = dispatch.assign(used, &task(id), &agent_id("builder")).await;
        assert_write_conflict(answer, operation::ASSIGN, used);
    }
    for (used, id) in [
        (&claimed, "c"),
        (&assigned, "d"),
        (&started, "d"),
        (&reported, "b"),
    ] {
        let answer = dispatch.start(used, &attempt_at(id, 1)).await;
        assert_write_conflict(answer, operation::START, used);
    }
    for (used, id) in [
        (&claimed, "c"),
        (&assigned, "d"),
        (&started, "a"),
        (&reported, "a"),
    ] {
        let answer = dispatch.report(used, &completed(attempt_at(id, 1))).await;
        assert_write_conflict(answer, operation::REPORT, used);
    }
    assert_eq!(orchestration.entries(&alice, &all).await, entries);
}
