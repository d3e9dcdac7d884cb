//! Batches that are applied as a whole or not at all.

use tasktrail_domain::orchestration::agent::{
    Agent, AgentChange, AgentCommand, AgentFilter, ApplyOutcome, CommandOutcome, Registered,
    StateRequest,
};
use tasktrail_domain::orchestration::audit::AuditFilter;
use tasktrail_domain::orchestration::{AgentState, Version};
use tasktrail_domain::write::WriteContext;

use crate::Orchestration;
use crate::fixture::{task, user};
use crate::orchestration::fixture::{
    EditRegistration, RELEASE, RETIRE, Writes, changed, plan_of, registration, renaming,
    to_register, to_set, to_update, whole,
};

/// A whole batch is applied, with an outcome for each command in the order given. Its time is that of
/// each command.
pub async fn a_whole_batch_is_applied_in_the_order_given(store: &Orchestration) {
    let writes = Writes::default();
    let [first, second] = ["b", "a"].map(registration);
    store.given_agent(&writes, &second).await;
    let write = writes.next();

    let outcome = apply(
        store,
        &write,
        vec![
            to_register(&first),
            to_update("a", renaming("A")),
            to_set("a", RETIRE),
        ],
    )
    .await;

    let two = Version::DEFAULT.next();
    let outcomes = vec![
        registered(true, Version::DEFAULT),
        changed_to(AgentState::Active, two),
        changed_to(AgentState::Retired, two),
    ];
    assert_eq!(outcome, ApplyOutcome::Applied { outcomes });
    let expected = Agent::registered(&first, write.at);
    assert_eq!(store.agent(&first.agent).await, expected);
    let agent = store.agent(&second.agent).await;
    assert_eq!(
        (agent.state, agent.version, agent.updated_at),
        (AgentState::Retired, two, write.at)
    );
}

/// If a command of a whole batch cannot be applied, none is, and no entry is left.
pub async fn a_whole_batch_with_a_refused_command_changes_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_agent(&writes, &builder).await;
    let (alice, all) = (user("alice"), AuditFilter::default());
    let before = (
        store.list_agents(&alice, &AgentFilter::default()).await,
        store.entries(&alice, &all).await,
    );

    let refused = to_set("unknown", StateRequest::Drain);
    let outcome = apply(
        store,
        &writes.next(),
        vec![
            to_register(&registration("new")),
            to_update("builder", renaming("two")),
            refused,
            to_set("builder", StateRequest::Drain),
        ],
    )
    .await;

    let (index, reason) = (2, CommandOutcome::Change(AgentChange::Unknown));
    assert_eq!(outcome, ApplyOutcome::Refused { index, reason });
    let after = (
        store.list_agents(&alice, &AgentFilter::default()).await,
        store.entries(&alice, &all).await,
    );
    assert_eq!(after, before);
}

/// A refused batch returns the first command that cannot be applied, with its outcome, which counts
/// the commands before it.
pub async fn a_refused_batch_names_the_first_command_that_cannot_be_applied(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, busy) = (registration("builder"), registration("busy"));
    store.given_agent(&writes, &builder).await;
    store.given_work(&writes, &busy, &plan_of(["a"])).await;
    let mut stale = renaming("three");
    stale.expected = Some(Version::DEFAULT);
    let unknown = to_set("unknown", StateRequest::Drain);
    let (retired, version) = (AgentState::Retired, Version::DEFAULT.next());
    let open_executions = 1;

    for (commands, index, reason) in [
        (
            vec![
                to_update("builder", renaming("two")),
                to_update("builder", stale),
                unknown.clone(),
            ],
            1,
            AgentChange::Stale { version },
        ),
        (
            vec![
                to_set("builder", RETIRE),
                to_set("builder", RETIRE),
                to_set("builder", StateRequest::Resume),
            ],
            2,
            AgentChange::Refused { state: retired },
        ),
        (
            vec![to_set("busy", RETIRE), unknown],
            0,
            AgentChange::Busy { open_executions },
        ),
    ] {
        let outcome = apply(store, &writes.next(), commands).await;

        let reason = CommandOutcome::Change(reason);
        assert_eq!(outcome, ApplyOutcome::Refused { index, reason });
    }
}

/// In a refused batch, a takeover loses nothing and a retirement releases nothing.
pub async fn a_refused_batch_loses_and_releases_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, other) = (registration("builder"), registration("other"));
    store.given_agent(&writes, &other).await;
    store
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;
    store.given_claim(&writes, &other, 1).await;
    let before = (
        store.task(&task("a")).await,
        store.task(&task("b")).await,
        store.agent(&builder.agent).await,
        store.agent(&other.agent).await,
    );

    let restarted = builder.clone().by_instance(2);
    let outcome = apply(
        store,
        &writes.next(),
        vec![
            to_register(&restarted),
            to_set("other", RELEASE),
            to_set("unknown", StateRequest::Drain),
        ],
    )
    .await;

    let refused = matches!(outcome, ApplyOutcome::Refused { index: 2, .. });
    assert!(refused, "{outcome:?}");
    let after = (
        store.task(&task("a")).await,
        store.task(&task("b")).await,
        store.agent(&builder.agent).await,
        store.agent(&other.agent).await,
    );
    assert_eq!(after, before);
}

/// A batch may have 1000 commands.
pub async fn a_batch_may_be_large(store: &Orchestration) {
    let ids: Vec<_> = (0..500).map(|n| format!("{n:03}")).collect();
    let registrations = ids.iter().rev().map(|id| to_register(&registration(id)));
    let drains = ids.iter().map(|id| to_set(id, StateRequest::Drain));
    let commands: Vec<_> = registrations.chain(drains).collect();

    let outcome = apply(store, &Writes::default().next(), commands).await;

    let (version, state) = (Version::DEFAULT, AgentState::Draining);
    let outcomes = [
        vec![registered(true, version); 500],
        vec![changed_to(state, version); 500],
    ];
    let outcomes = outcomes.concat();
    assert_eq!(outcome, ApplyOutcome::Applied { outcomes });
    let draining = AgentFilter::default().with_state(state);
    let listed = store.list_agents(&user("alice"), &draining).await;
    let listed: Vec<_> = listed.iter().map(|a| a.key.agent.as_str()).collect();
    assert_eq!(listed, ids);
}

async fn apply(
    store: &Orchestration,
    context: &WriteContext,
    commands: Vec<AgentCommand>,
) -> ApplyOutcome {
    store.apply(context, &user("alice"), &whole(commands)).await
}

fn registered(new: bool, version: Version) -> CommandOutcome {
    CommandOutcome::Registered(Registered::new(new, version))
}

fn changed_to(state: AgentState, version: Version) -> CommandOutcome {
    CommandOutcome::Change(changed(state, version))
}
