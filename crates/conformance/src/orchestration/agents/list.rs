//! The order of the list, and its pages.

use tasktrail_domain::orchestration::agent::{Agent, AgentFilter};
use tasktrail_domain::repository::{PageRequest, PageSize};

use crate::Orchestration;
use crate::fixture::{page, user};
use crate::orchestration::fixture::{
    EditRegistration, RETIRE, Writes, agent, agent_id, agent_of, plan_of, registration,
    registration_of, renaming, to_register, whole,
};

/// An owner without agents has an empty list.
pub async fn an_owner_without_agents_has_an_empty_list(store: &Orchestration) {
    let all = AgentFilter::default();
    let listed = store
        .agent_page(&user("nobody"), &all, &PageRequest::default())
        .await;

    assert_eq!((listed.items, listed.next), (vec![], None));
}

/// Agents are listed by ascending id, compared byte by byte.
pub async fn agents_are_listed_by_ascending_id(store: &Orchestration) {
    let ascending = [
        "-", "1", "10", "2", "A", "B", "Z", "_", "a", "a b", "a-b", "aB", "ab", "a\u{301}", "b",
        "z", "ä", "é", "ж", "\u{ffff}", "𝄞",
    ];
    let mut shuffled = ascending;
    shuffled.rotate_left(7);
    shuffled.reverse();
    register_all(store, &Writes::default(), &shuffled).await;

    assert_eq!(ids(&all(store).await), ascending);
}

/// Pages of any size return each agent once, in the order of the list.
pub async fn pages_of_agents_give_each_once(store: &Orchestration) {
    register_all(
        store,
        &Writes::default(),
        &["a", "b", "c", "d", "e", "f", "g"],
    )
    .await;
    let expected = all(store).await;

    for size in [1, 2, 3, 7, 1000] {
        let pages = store
            .agent_pages(&user("alice"), &AgentFilter::default(), size)
            .await;
        assert_eq!(pages.concat(), expected);
    }
    assert_eq!(ids(&expected), ["a", "b", "c", "d", "e", "f", "g"]);
}

/// A page has 100 agents by default, and 1000 at most.
pub async fn a_page_has_100_agents_by_default(store: &Orchestration) {
    let names: Vec<_> = (0..1001).map(|n| format!("{n:04}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let writes = Writes::default();
    for names in names.chunks(1000) {
        register_all(store, &writes, names).await;
    }
    let (alice, all) = (user("alice"), AgentFilter::default());

    let default = store
        .agent_page(&alice, &all, &PageRequest::default())
        .await;
    let greatest = PageRequest::first(PageSize::MAX);
    let greatest = store.agent_page(&alice, &all, &greatest).await;

    assert_eq!(ids(&default.items), names[..100]);
    assert_eq!(default.next, Some(agent_id("0099")));
    assert_eq!(ids(&greatest.items), names[..1000]);
    assert_eq!(greatest.next, Some(agent_id("0999")));
}

/// A cursor is a position in the list. No agent has to have that id.
pub async fn a_cursor_need_not_match_an_agent(store: &Orchestration) {
    register_all(store, &Writes::default(), &["a", "b", "c"]).await;
    let expected: [(&str, &[&str]); 5] = [
        (" ", &["a", "b", "c"]),
        ("a", &["b", "c"]),
        ("aa", &["b", "c"]),
        ("bb", &["c"]),
        ("c", &[]),
    ];

    for (cursor, following) in expected {
        let request = PageRequest {
            after: Some(agent_id(cursor)),
            ..page(10)
        };
        let listed = store
            .agent_page(&user("alice"), &AgentFilter::default(), &request)
            .await;
        assert_eq!(ids(&listed.items), following, "after {cursor}");
        assert_eq!(listed.next, None);
    }
}

/// The list has agents with everything that reading one returns, in any state.
pub async fn the_list_has_the_agents_as_get_returns_them(store: &Orchestration) {
    let writes = Writes::default();
    let busy = registration("busy").with_capacity(2);
    store.given_work(&writes, &busy, &plan_of(["a", "b"])).await;
    register_all(store, &writes, &["idle", "retired"]).await;
    store
        .update_agent(&writes.next(), &agent("idle"), &renaming("I"))
        .await;
    store
        .set_state(&writes.next(), &agent("retired"), RETIRE)
        .await;

    let listed = all(store).await;

    assert_eq!(ids(&listed), ["busy", "idle", "retired"]);
    assert_eq!(listed[0].presence.open_executions, 2);
    for listed in listed {
        assert_eq!(store.agent(&listed.key).await, listed);
    }
}

/// The list of an owner does not have the agents of another one.
pub async fn the_agents_of_another_owner_are_not_listed(store: &Orchestration) {
    let writes = Writes::default();
    for (owner, id) in [("alice", "a"), ("alice", "c"), ("bob", "b"), ("al", "d")] {
        let registration = registration_of(&agent_of(owner, id));
        store.given_agent(&writes, &registration).await;
    }

    for (owner, expected) in [("alice", &["a", "c"][..]), ("bob", &["b"]), ("al", &["d"])] {
        for size in [1, 1000] {
            let pages = store
                .agent_pages(&user(owner), &AgentFilter::default(), size)
                .await;
            assert_eq!(ids(&pages.concat()), expected);
        }
    }
}

/// Reading page by page while agents register and change returns no agent twice, and each one that
/// is unchanged.
pub async fn paging_is_stable_while_agents_are_written(store: &Orchestration) {
    let writes = Writes::default();
    register_all(store, &writes, &["b", "d", "f", "h", "k"]).await;
    let (alice, filter) = (user("alice"), AgentFilter::default());
    // Before, at and after the position of the reader.
    let mut arriving = [["a", "c", "e"], ["d1", "f1", "i"]].into_iter();
    let mut changing = ["b", "h"].into_iter();

    let mut walked = Vec::new();
    let mut request = Some(page(2));
    while let Some(asked) = request {
        let given = store.agent_page(&alice, &filter, &asked).await;
        walked.extend(given.items);
        request = asked.next(given.next);
        for id in arriving.next().into_iter().flatten() {
            store.given_agent(&writes, &registration(id)).await;
        }
        if let Some(id) = changing.next() {
            let changes = renaming("changed");
            store
                .update_agent(&writes.next(), &agent(id), &changes)
                .await;
        }
    }

    assert_eq!(ids(&walked), ["b", "d", "e", "f", "f1", "h", "i", "k"]);
}

async fn all(store: &Orchestration) -> Vec<Agent> {
    store
        .list_agents(&user("alice"), &AgentFilter::default())
        .await
}

fn ids(agents: &[Agent]) -> Vec<&str> {
    agents
        .iter()
        .map(|agent| agent.key.agent.as_str())
        .collect()
}

/// Registers agents of alice in one batch.
async fn register_all(store: &Orchestration, writes: &Writes, ids: &[&str]) {
    let commands = ids.iter().map(|id| to_register(&registration(id)));
    let batch = whole(commands);
    store.apply(&writes.next(), &user("alice"), &batch).await;
}
