//! Times come from the caller.

use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::agent::{Agent, StateRequest};
use tasktrail_domain::timestamp::Timestamp;

use crate::Orchestration;
use crate::fixture::{at, task};
use crate::orchestration::fixture::{EditRegistration, Writes, plan_of, registration, renaming};

/// Times are those of the context, long ago and far ahead.
pub async fn times_are_those_of_the_context(store: &Orchestration) {
    let writes = Writes::default();
    for (id, year) in [("past", "1969"), ("future", "2999")] {
        let time = |day: &str| format!("{year}-01-{day}T00:00:00.000001Z").parse::<Timestamp>();
        let [registered, updated, drained] = ["01", "02", "03"].map(|day| time(day).unwrap());
        let builder = registration(id);
        store.register(&writes.at(registered), &builder).await;
        let mut expected = Agent::registered(&builder, registered);
        assert_eq!(store.agent(&builder.agent).await, expected);

        let write = writes.at(updated);
        store
            .update_agent(&write, &builder.agent, &renaming("two"))
            .await;
        expected = store.agent(&builder.agent).await;
        assert_eq!(expected.updated_at, updated);

        let (write, drain) = (writes.at(drained), StateRequest::Drain);
        store.set_state(&write, &builder.agent, drain).await;
        expected = store.agent(&builder.agent).await;
        assert_eq!(expected.updated_at, drained);
        assert_eq!(expected.registered_at, registered);
    }
}

/// A write whose time is before that of an earlier write is applied with its time.
pub async fn a_clock_that_goes_back_is_taken_as_it_is(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    let restarted = builder.by_instance(2);

    let early = writes.at(at(0));
    store.register(&early, &restarted).await;

    let progress = store.task(&task("a")).await.progress;
    assert_eq!(progress.state, TaskState::Ready);
    assert_eq!((progress.due_at, progress.changed_at), (Some(at(0)), at(0)));
    let drain = StateRequest::Drain;
    store
        .set_state(&writes.at(at(0)), &restarted.agent, drain)
        .await;
    let agent = store.agent(&restarted.agent).await;
    assert_eq!(agent.updated_at, at(0));
}
