//! Calls that are dropped before they return.

use tasktrail_domain::orchestration::agent::{AgentFilter, Registered};
use tasktrail_domain::orchestration::{AgentState, TaskState, Version};

use crate::Orchestration;
use crate::fixture::{task, user};
use crate::orchestration::fixture::{
    EditRegistration, RELEASE, Writes, itemised, lost, plan_of, registration, renaming,
    to_register, to_set, to_update, whole,
};
use crate::orchestration::soundness::assert_sound;
use crate::parallel::dropped_after;

/// Numbers of yields after which calls are dropped: immediately, during the call, and after it.
const TURNS: [u32; 12] = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096];

/// A dropped takeover is applied or not: the agent, its executions, its tasks and the entries agree.
/// Repeated, it returns what it lost.
pub async fn a_dropped_registration_leaves_all_or_nothing(store: &Orchestration) {
    let writes = Writes::default();
    for turns in TURNS {
        let id = turns.to_string();
        let builder = registration(&id);
        let tasks = plan_of([id.as_str()]);
        store.given_work(&writes, &builder, &tasks).await;
        let (restarted, write) = (builder.by_instance(2), writes.next());

        dropped_after(turns, store.register(&write, &restarted)).await;

        // A read may come before the store has applied the call, so the instance is read last.
        for _ in 0..3 {
            let state = store.task(&task(&id)).await.progress.state;
            let entries = store.changes_of(&write).await.len();
            let presence = store.agent(&restarted.agent).await.presence;
            let taken_over = presence.instance == restarted.instance;
            if state == TaskState::Ready || entries > 0 {
                assert!(taken_over, "after {turns} turns");
            }
            assert!([0, 2].contains(&entries), "{entries} after {turns} turns");
            assert_eq!(presence.open_executions, u32::from(!taken_over));
        }
        let repeated = store.register(&write, &restarted).await;
        let expected = Registered::new(false, Version::DEFAULT);
        let expected = expected.with_lost(vec![lost(&id, 1, TaskState::Ready)]);
        assert_eq!(repeated, expected);
        assert_eq!(store.changes_of(&write).await.len(), 2);
        // Leaves nothing to claim for the next trial.
        let capacity = store.given_claim(&writes, &restarted, 1).await;
        assert_eq!(capacity[0].task.as_str(), id);
    }
    assert_sound(store, &user("alice")).await;
}

/// A dropped batch is applied as a whole or not at all, and can be repeated.
pub async fn a_dropped_batch_of_commands_leaves_all_or_nothing(store: &Orchestration) {
    let writes = Writes::default();
    for turns in TURNS {
        let ids: Vec<_> = (0..20).map(|n| format!("{turns} {n}")).collect();
        let registrations = ids.iter().map(|id| to_register(&registration(id)));
        let retirements = ids.iter().map(|id| to_set(id, RELEASE));
        let updates = ids.iter().map(|id| to_update(id, renaming("two")));
        let commands = registrations.chain(updates).chain(retirements);
        let batch = if turns % 2 == 0 {
            whole(commands)
        } else {
            itemised(commands)
        };
        let (write, alice) = (writes.next(), user("alice"));

        dropped_after(turns, store.apply(&write, &alice, &batch)).await;

        for _ in 0..3 {
            let entries = store.changes_of(&write).await.len();
            assert!([0, 60].contains(&entries), "{entries} after {turns} turns");
        }
        let applied = store.apply(&write, &alice, &batch).await;
        assert_eq!(store.apply(&write, &alice, &batch).await, applied);
        assert_eq!(store.changes_of(&write).await.len(), 60);
        let retired = AgentFilter::default().with_state(AgentState::Retired);
        let retired = store.list_agents(&alice, &retired).await;
        let of_batch = retired
            .iter()
            .filter(|agent| ids.contains(&agent.key.agent.to_string()));
        assert_eq!(of_batch.count(), 20);
    }
    assert_sound(store, &user("alice")).await;
}
