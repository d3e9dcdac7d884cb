//! Registrations, heartbeats and retirements that race other calls.

use tasktrail_domain::orchestration::agent::{AgentChange, HeartbeatOutcome, Registered};
use tasktrail_domain::orchestration::dispatch::{ClaimOutcome, EmptyClaim};
use tasktrail_domain::orchestration::task::CancelScope;
use tasktrail_domain::orchestration::{AgentState, Version};

use super::calls::{assert_chain, beating, claiming, registering};
use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{EditRegistration, RETIRE, Writes, plan_of, registration};
use crate::orchestration::soundness::assert_sound;
use crate::parallel::at_once;

/// Of racing registrations of an unknown agent exactly one is new, whatever their instances are.
pub async fn exactly_one_of_racing_registrations_is_new(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..10 {
        let builder = registration(&trial.to_string());
        let same = (0..8).map(|_| builder.clone());
        let others = (2..10).map(|number| builder.clone().by_instance(number));
        let calls = same.chain(others).map(|registration| {
            let write = writes.at(at(trial));
            registering(store, &write, &registration)
        });

        let answers = at_once(calls.collect::<Vec<_>>()).await;

        let new = answers.iter().filter(|answer| answer.new).count();
        assert_eq!(new, 1, "{answers:?}");
        assert!(
            answers.iter().all(|a| a.version == Version::DEFAULT),
            "{answers:?}"
        );
        assert_chain(store, &builder).await;
    }
}

/// A registration that is repeated at the same time is applied once, and all calls return the same.
pub async fn a_registration_that_races_itself_is_applied_once(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..10 {
        let builder = registration(&trial.to_string());
        let write = writes.next();
        let calls = (0..8).map(|_| registering(store, &write, &builder));

        let answers = at_once(calls.collect::<Vec<_>>()).await;

        assert_eq!(answers, vec![Registered::new(true, Version::DEFAULT); 8]);
        assert_eq!(store.changes_of(&write).await.len(), 1);
    }
}

/// A claim that races a retirement gets a task and the agent is busy, or the agent is retired and
/// the claim gets nothing.
pub async fn a_claim_that_races_a_retirement_wins_or_gets_nothing(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..20 {
        let id = trial.to_string();
        let builder = registration(&id);
        store.given_agent(&writes, &builder).await;
        store.given_tasks(&writes, &plan_of([id.as_str()])).await;
        let write = writes.next();
        let retirement = store.set_state(&write, &builder.agent, RETIRE);

        let claim = claiming(store, &writes.next(), &builder);
        let (claimed, retired) = tokio::join!(claim, retirement);

        let agent = store.agent(&builder.agent).await;
        let open = agent.presence.open_executions;
        match claimed {
            ClaimOutcome::Claimed { .. } => {
                let open_executions = 1;
                assert_eq!(retired, AgentChange::Busy { open_executions });
                assert_eq!((agent.state, open), (AgentState::Active, 1));
            }
            empty @ ClaimOutcome::Empty { .. } => {
                let reason = EmptyClaim::Retired;
                assert_eq!(empty, ClaimOutcome::Empty { reason });
                assert_eq!((agent.state, open), (AgentState::Retired, 0));
                let cancel = writes.next();
                store.cancel(&cancel, &task(&id), CancelScope::Task).await;
            }
        }
    }
    assert_sound(store, &user("alice")).await;
}

/// Of racing heartbeats the latest one determines the lease, in whatever order they arrive.
pub async fn racing_heartbeats_keep_the_latest_lease(store: &Orchestration) {
    let writes = Writes::default();
    for trial in 0..10 {
        let builder = registration(&trial.to_string());
        store.register(&writes.at(at(0)), &builder).await;
        let beats = (0..16).map(|n| beating(store, &builder, at(n * 7 % 16)));

        let outcomes = at_once(beats.collect::<Vec<_>>()).await;

        for (n, outcome) in (0..).zip(outcomes) {
            let HeartbeatOutcome::Accepted { lease_until, .. } = outcome else {
                panic!("{outcome:?}")
            };
            assert!(lease_until >= at(n * 7 % 16 + 60), "{lease_until}");
        }
        let presence = store.agent(&builder.agent).await.presence;
        assert_eq!(
            (presence.heartbeat_at, presence.lease_until),
            (at(15), at(75))
        );
    }
}
