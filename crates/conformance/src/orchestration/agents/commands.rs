//! The commands of a batch.

use tasktrail_domain::orchestration::agent::{
    AgentChange, ApplyOutcome, CommandOutcome, Registered, StateRequest,
};
use tasktrail_domain::orchestration::{AgentState, TaskState, Version};

use crate::Orchestration;
use crate::fixture::{task, user};
use crate::orchestration::fixture::{
    EditRegistration, RELEASE, RETIRE, Writes, agent, changed, itemised, lost, plan_of,
    registration, renaming, to_register, to_set, to_update, whole,
};

/// Each command of an itemised batch is applied or not, whatever happens to the others, and has its
/// own outcome in the order given.
pub async fn each_command_of_an_itemised_batch_has_its_own_outcome(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, busy) = (registration("builder"), registration("busy"));
    store.given_agent(&writes, &builder).await;
    store.given_work(&writes, &busy, &plan_of(["a"])).await;
    let mut stale = renaming("three");
    stale.expected = Some(99.try_into().unwrap());
    let batch = itemised(vec![
        to_set("unknown", StateRequest::Drain),
        to_register(&registration("new")),
        to_update("builder", stale),
        to_update("builder", renaming("two")),
        to_set("busy", RETIRE),
        to_set("busy", StateRequest::Drain),
    ]);

    let outcome = store.apply(&writes.next(), &user("alice"), &batch).await;

    let (version, open_executions) = (Version::DEFAULT, 1);
    let outcomes = vec![
        CommandOutcome::Change(AgentChange::Unknown),
        registered(true, version),
        CommandOutcome::Change(AgentChange::Stale { version }),
        changed_to(AgentState::Active, version.next()),
        CommandOutcome::Change(AgentChange::Busy { open_executions }),
        changed_to(AgentState::Draining, version),
    ];
    assert_eq!(outcome, ApplyOutcome::Applied { outcomes });
    let found = store.agent(&agent("builder")).await;
    assert_eq!(found.description.name.as_str(), "two");
    let found = store.agent(&agent("busy")).await;
    assert_eq!(found.state, AgentState::Draining);
    assert!(store.find_agent(&agent("new")).await.is_some());
}

/// A command meets the effects of the commands before it.
pub async fn a_command_meets_the_effects_of_those_before_it(store: &Orchestration) {
    let builder = registration("builder");
    let two = Version::DEFAULT.next();
    let mut expecting = renaming("three");
    expecting.expected = Some(two);
    let batch = itemised(vec![
        to_set("builder", StateRequest::Drain),
        to_register(&builder),
        to_update("builder", renaming("two")),
        to_update("builder", expecting),
        to_set("builder", RETIRE),
        to_set("builder", StateRequest::Drain),
        to_register(&builder),
    ]);

    let write = Writes::default().next();
    let outcome = store.apply(&write, &user("alice"), &batch).await;

    let (state, three) = (AgentState::Retired, two.next());
    let outcomes = vec![
        CommandOutcome::Change(AgentChange::Unknown),
        registered(true, Version::DEFAULT),
        changed_to(AgentState::Active, two),
        changed_to(AgentState::Active, three),
        changed_to(AgentState::Retired, three),
        CommandOutcome::Change(AgentChange::Refused { state }),
        registered(false, three.next()),
    ];
    assert_eq!(outcome, ApplyOutcome::Applied { outcomes });
    let agent = store.agent(&builder.agent).await;
    assert_eq!(agent.state, AgentState::Active);
    assert_eq!(agent.description, builder.description);
}

/// Each command has the effects of the method of its name: a takeover loses executions, and a
/// retirement releases them.
pub async fn commands_have_the_effects_of_their_methods(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, other) = (registration("builder"), registration("other"));
    store.given_agent(&writes, &other).await;
    store
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;
    store.given_claim(&writes, &other, 1).await;
    let restarted = builder.by_instance(2);

    let batch = whole([to_set("other", RELEASE), to_register(&restarted)]);
    let outcome = store.apply(&writes.next(), &user("alice"), &batch).await;

    let [lost, released] = ["a", "b"].map(|id| lost(id, 1, TaskState::Ready));
    let retired = AgentChange::Changed {
        state: AgentState::Retired,
        version: Version::DEFAULT,
        released: vec![released],
    };
    let taken_over = Registered::new(false, Version::DEFAULT).with_lost(vec![lost]);
    let outcomes = vec![
        CommandOutcome::Change(retired),
        CommandOutcome::Registered(taken_over),
    ];
    assert_eq!(outcome, ApplyOutcome::Applied { outcomes });
    for (id, counted) in [("a", 1), ("b", 0)] {
        let progress = store.task(&task(id)).await.progress;
        assert_eq!(progress.state, TaskState::Ready);
        assert_eq!((progress.attempts, progress.counted_attempts), (1, counted));
    }
}

fn registered(new: bool, version: Version) -> CommandOutcome {
    CommandOutcome::Registered(Registered::new(new, version))
}

fn changed_to(state: AgentState, version: Version) -> CommandOutcome {
    CommandOutcome::Change(changed(state, version))
}
