//! Which tasks an agent can do.

use serde_json::json;
use tasktrail_domain::orchestration::dispatch::EmptyClaim;

use super::claimed::{empty, got};
use crate::Orchestration;
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, claim_by, new_task, plan, registration,
};

/// An agent gets the tasks whose required capabilities its own contain, with its type as the member
/// `agent_type`.
pub async fn a_claim_gets_only_tasks_that_the_agent_fits(orchestration: &Orchestration) {
    let writes = Writes::default();
    let capabilities = json!({
        "agent_type": "review", "languages": ["rust", "sql"], "memory": 8, "gpu": { "model": "A" },
    });
    let builder = registration("builder")
        .with_capacity(20)
        .capable_of(capabilities);
    let fits = [
        ("a", json!({})),
        ("b", json!({ "agent_type": "code" })),
        ("c", json!({ "languages": ["sql"] })),
        ("d", json!({ "memory": 8.0, "gpu": {} })),
        (
            "e",
            json!({ "agent_type": "code", "gpu": { "model": "A" }, "languages": [] }),
        ),
    ];
    let does_not_fit = [
        ("k", json!({ "agent_type": "review" })),
        ("l", json!({ "agent_type": ["code"] })),
        ("m", json!({ "languages": ["go"] })),
        ("n", json!({ "languages": "rust" })),
        ("o", json!({ "memory": 4 })),
        ("p", json!({ "gpu": { "model": "B" } })),
        ("q", json!({ "gpu": { "Model": "A" } })),
        ("r", json!({ "disk": null })),
    ];
    orchestration.given_agent(&writes, &builder).await;
    let tasks = fits.into_iter().chain(does_not_fit);
    let tasks = plan(tasks.map(|(id, required)| new_task(id).requiring(required)));
    orchestration.given_tasks(&writes, &tasks).await;

    let outcome = orchestration
        .claim(&writes.next(), &claim_by(&builder, 20))
        .await;

    assert_eq!(got(&outcome), ["a", "b", "c", "d", "e"]);
}

/// Tasks that the agent cannot do do not delay one that it can, however many of them are ahead.
pub async fn tasks_that_the_agent_does_not_fit_delay_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(10);
    orchestration.given_agent(&writes, &builder).await;
    let others = (0..1500).map(|n| {
        let required = json!({ "agent_type": "review", "shelf": n % 50 });
        let task = new_task(&format!("other {n}")).requiring(required);
        task.with_priority(1000)
    });
    let own = ["a", "b"].map(|id| new_task(id).with_priority(-1000));
    let all = plan(others.chain(own));
    orchestration.given_tasks(&writes, &all).await;

    let outcome = orchestration
        .claim(&writes.next(), &claim_by(&builder, 10))
        .await;

    assert_eq!(got(&outcome), ["a", "b"]);
}

/// An agent that was given other capabilities gets the tasks that it fits now.
pub async fn a_claim_goes_by_the_current_capabilities(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(10);
    orchestration.given_agent(&writes, &builder).await;
    let tasks = plan([new_task("a").requiring(json!({ "gpu": true }))]);
    orchestration.given_tasks(&writes, &tasks).await;
    let claim = claim_by(&builder, 1);

    let before = orchestration.claim(&writes.next(), &claim).await;
    let equipped = builder.capable_of(json!({ "gpu": true }));
    orchestration.register(&writes.next(), &equipped).await;
    let after = orchestration.claim(&writes.next(), &claim).await;

    assert_eq!(before, empty(EmptyClaim::NothingReady));
    assert_eq!(got(&after), ["a"]);
}
