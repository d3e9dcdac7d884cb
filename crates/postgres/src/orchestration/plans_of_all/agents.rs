use tasktrail_conformance::fixture::at;
use tasktrail_conformance::orchestration::fixture::{Writes, agent, registration};
use tasktrail_conformance::orchestration::fixture::{actor, instance};
use tasktrail_domain::orchestration::agent::{
    AgentBatch, AgentChanges, AgentCommand, AgentFilter, AgentRepository, ApplyMode, Heartbeat,
    Retirement, StateRequest,
};
use tasktrail_domain::orchestration::audit::{
    AuditFilter, AuditLogRepository, CustomAction, EntityId, EntityKind, NewAuditEntry,
};
use tasktrail_domain::repository::PageRequest;

use crate::orchestration::PostgresOrchestration;

/// Calls every operation of the ports of agents and the audit log, with each of their statements.
pub(super) async fn one_of_each(orchestration: &PostgresOrchestration<'_>, writes: &Writes) {
    agents(orchestration, writes).await;
    audit_log(orchestration, writes).await;
}

async fn agents(agents: &impl AgentRepository, writes: &Writes) {
    let builder = registration("builder");
    let key = &builder.agent;
    agents.register(&writes.next(), &builder).await.unwrap();
    let heartbeat = Heartbeat::new(key.clone(), builder.instance, at(0)).with_held(Vec::new());
    agents.heartbeat(&heartbeat).await.unwrap();
    let mut changes = AgentChanges::default();
    changes.name = Some("Builder".parse().unwrap());
    agents.update(&writes.next(), key, &changes).await.unwrap();
    let retire = StateRequest::Retire(Retirement::ReleasingTasks);
    agents.set_state(&writes.next(), key, retire).await.unwrap();
    let command = AgentCommand::Register {
        agent: key.agent.clone(),
        instance: instance(2),
        description: registration("builder").description,
    };
    let batch = AgentBatch::new(ApplyMode::Whole, vec![command]).unwrap();
    agents
        .apply(&writes.next(), &key.user, &batch)
        .await
        .unwrap();
    agents.get(&agent("builder")).await.unwrap();
    let (filter, page) = (AgentFilter::default(), PageRequest::default());
    agents
        .list(&agent("builder").user, &filter, &page)
        .await
        .unwrap();
}

async fn audit_log(log: &impl AuditLogRepository, writes: &Writes) {
    let user = agent("builder").user;
    let action = CustomAction::new("report.sent").unwrap();
    let id = EntityId::new("report").unwrap();
    let entry = NewAuditEntry::new(user.clone(), action, EntityKind::Other, id.clone());
    log.record(&writes.next(), &entry).await.unwrap();
    for filter in [
        AuditFilter::default(),
        AuditFilter::default().with_entity(EntityKind::Other, id),
        AuditFilter::default().with_actor(actor("service:tests")),
    ] {
        log.list(&user, &filter, &PageRequest::default())
            .await
            .unwrap();
    }
}
