//! Calls to run concurrently, and what must be true after them.

use serde_json::Value;
use tasktrail_domain::orchestration::agent::{
    Heartbeat, HeartbeatOutcome, Registered, Registration,
};
use tasktrail_domain::orchestration::audit::{Action, AuditFilter, EntityKind};
use tasktrail_domain::orchestration::dispatch::ClaimOutcome;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;

use crate::Orchestration;
use crate::fixture::user;
use crate::orchestration::fixture::claim_by;

/// Panics unless each registration of an agent took it over from the one before it, and the last one
/// has it.
pub(super) async fn assert_chain(store: &Orchestration, builder: &Registration) {
    let of_agent = AuditFilter::default()
        .with_entity(EntityKind::Agent, builder.agent.agent.clone())
        .with_action(Action::AGENT_REGISTERED);
    let mut entries = store.entries(&user("alice"), &of_agent).await;
    entries.sort_by_key(|entry| entry.position);
    let mut current = Value::Null;
    for entry in entries {
        let before = entry.before.map(|fields| fields.to_value().unwrap());
        let before = before.unwrap_or_default()["instance"].clone();
        assert_eq!(before, current);
        current = entry.after.unwrap().to_value().unwrap()["instance"].clone();
    }
    let presence = store.agent(&builder.agent).await.presence;
    assert_eq!(current, presence.instance.to_string());
}

pub(super) fn registering(
    store: &Orchestration,
    context: &WriteContext,
    registration: &Registration,
) -> impl Future<Output = Registered> + Send + use<> {
    let (store, context, registration) = (store.clone(), context.clone(), registration.clone());
    async move { store.register(&context, &registration).await }
}

pub(super) fn beating(
    store: &Orchestration,
    of: &Registration,
    at: Timestamp,
) -> impl Future<Output = HeartbeatOutcome> + Send + use<> {
    let heartbeat = Heartbeat::new(of.agent.clone(), of.instance, at);
    let store = store.clone();
    async move { store.heartbeat(&heartbeat).await }
}

/// A claim of one task.
pub(super) fn claiming(
    store: &Orchestration,
    context: &WriteContext,
    by: &Registration,
) -> impl Future<Output = ClaimOutcome> + Send + use<> {
    let (store, context, claim) = (store.clone(), context.clone(), claim_by(by, 1));
    async move { store.claim(&context, &claim).await }
}
