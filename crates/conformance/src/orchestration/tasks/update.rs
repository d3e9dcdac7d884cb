//! Changing the definition of a task.

use serde_json::json;
use tasktrail_domain::orchestration::TaskState::{
    Assigned, Blocked, Cancelled, Completed, Failed, Ready, Running, Skipped, TimedOut, Waiting,
};
use tasktrail_domain::orchestration::audit::{Change, EntityKind};
use tasktrail_domain::orchestration::task::{
    Description, MaxAttempts, Priority, Tag, Tags, TaskChange, TaskChanges, TaskDefinition, Title,
};
use tasktrail_domain::orchestration::{AttemptKey, Version};

use super::board::{Board, worker};
use crate::fixture::task;
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, document, failed, new_task, task_id};

/// An update changes the fields that it names. Version, time and audit log show it.
pub async fn an_update_changes_the_fields_that_it_names(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let mut build = new_task("build")
        .part_of("app")
        .requiring(json!({ "a": 1 }))
        .limited_to(9);
    build.definition.context = document(&json!({ "kept": true }));
    board.given([build, new_task("app")]).await;
    let mut expected = board.get("build").await;
    let before = expected.definition.clone();
    let changes = every_change();

    let answer = board.update("build", &changes).await;

    expected.definition.title = changes.title.unwrap();
    expected.definition.description = changes.description.unwrap();
    expected.definition.tags = changes.tags.unwrap();
    expected.definition.requirements = changes.requirements.unwrap();
    expected.definition.context = changes.context.unwrap();
    expected.definition.priority = changes.priority.unwrap();
    expected.definition.max_attempts = changes.max_attempts.unwrap();
    expected.updated_at = board.last().at;
    expected.version = Version::DEFAULT.next();
    let version = expected.version;
    assert_eq!(answer, TaskChange::Changed { version });
    assert_eq!(board.get("build").await, expected);
    let entry = updated("build", &before, &expected.definition);
    assert_eq!(board.changes().await, [entry]);
    board.assert_sound().await;
}

/// Fields that an update does not name keep their values, and are not in the audit log.
pub async fn an_update_keeps_the_other_fields(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    board.update("a", &every_change()).await;
    let before = board.get("a").await;

    board.update("a", &titled("new")).await;

    let after = board.get("a").await;
    let mut expected = before.clone();
    expected.definition.title = Title::new("new").unwrap();
    expected.updated_at = board.last().at;
    expected.version = before.version.next();
    assert_eq!(after, expected);
    let changes = board.changes().await;
    let fields = (changes[0].before.as_ref(), changes[0].after.as_ref());
    let texts = fields
        .0
        .zip(fields.1)
        .map(|(old, new)| (old.as_str(), new.as_str()));
    assert_eq!(
        texts,
        Some((r#"{"title":"changed"}"#, r#"{"title":"new"}"#))
    );
}

/// An update to equal values changes nothing: neither the version nor the time increases, and there
/// is no entry.
pub async fn an_update_to_equal_values_changes_nothing(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    board.update("a", &every_change()).await;
    let before = board.get("a").await;

    for changes in [every_change(), titled("changed"), TaskChanges::default()] {
        let changed = board.update("a", &changes).await;

        let version = before.version;
        assert_eq!(changed, TaskChange::Changed { version });
        assert_eq!(board.get("a").await, before);
        assert_eq!(board.changes().await, []);
    }
}

/// An update that expects another version than the task has is refused with its version.
pub async fn an_update_that_expects_another_version_is_stale(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    let [one, two, three] = [1, 2, 3].map(|number| Version::new(number).unwrap());
    let expecting = |title: &str, version| {
        let mut changes = titled(title);
        changes.expected = Some(version);
        changes
    };

    let changed = board.update("a", &expecting("b", one)).await;
    assert_eq!(changed, TaskChange::Changed { version: two });
    for other in [one, three] {
        let stale = board.update("a", &expecting("c", other)).await;
        assert_eq!(stale, TaskChange::Stale { version: two });
        assert_eq!(board.changes().await, []);
    }
    // Also if no value would change.
    let stale = board.update("a", &expecting("b", one)).await;
    assert_eq!(stale, TaskChange::Stale { version: two });
    let changed = board.update("a", &expecting("c", two)).await;
    assert_eq!(changed, TaskChange::Changed { version: three });
}

/// A task that has ended is not changed, whatever version is expected. Its state is returned.
pub async fn an_ended_task_is_not_updated(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in [Completed, Failed, Cancelled, TimedOut, Skipped] {
        board.given_in(state, state.as_str()).await;
        let before = board.get(state.as_str()).await;
        let mut changes = titled("new");
        for expected in [None, Some(Version::DEFAULT.next())] {
            changes.expected = expected;

            let refused = board.update(state.as_str(), &changes).await;

            assert_eq!(refused, TaskChange::AlreadyEnded { state });
            assert_eq!(board.get(state.as_str()).await, before);
            assert_eq!(board.changes().await, []);
        }
    }
}

/// A task can be changed in each state until it ends. Its progress stays as it is.
pub async fn a_task_is_updated_in_each_open_state(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in [Blocked, Ready, Assigned, Running, Waiting] {
        board.given_in(state, state.as_str()).await;
        let before = board.progress(state.as_str()).await;

        let changed = board.update(state.as_str(), &every_change()).await;

        let version = Version::DEFAULT.next();
        assert_eq!(changed, TaskChange::Changed { version }, "{state}");
        assert_eq!(board.progress(state.as_str()).await, before);
    }
    board.assert_sound().await;
}

/// An unknown task is not changed.
pub async fn an_unknown_task_is_not_updated(ports: &Orchestration) {
    let board = Board::of(ports).await;

    assert_eq!(board.update("a", &titled("b")).await, TaskChange::Unknown);

    assert_eq!(ports.find_task(&task("a")).await, None);
    assert_eq!(board.changes().await, []);
}

/// A new priority moves a ready task among those to be claimed, and a blocked one for later.
pub async fn a_new_priority_moves_the_task_in_the_queue(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let tasks = ["a", "b", "c"].map(new_task);
    board.given(tasks).await;
    board
        .given([new_task("d").after("a").with_priority(-1)])
        .await;
    let mut urgent = TaskChanges::default();
    urgent.priority = Some(Priority::new(1).unwrap());
    let mut last = TaskChanges::default();
    last.priority = Some(Priority::new(-1000).unwrap());

    board.update("c", &urgent).await;
    board.update("b", &last).await;
    board.update("d", &urgent).await;

    assert_eq!(claimed(&board, 1).await, ["c"]);
    board.complete("a").await;
    assert_eq!(claimed(&board, 10).await, ["d", "b"]);
    board.assert_sound().await;
}

/// A new maximum number of attempts is compared when the next attempt ends.
pub async fn a_new_maximum_of_attempts_counts_at_the_next_end(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([new_task("more").attempted(1), new_task("less").attempted(3)])
        .await;
    for (id, attempts, state) in [("more", 2, Ready), ("less", 1, Failed)] {
        let attempt = board.assign(id).await;
        let mut changes = TaskChanges::default();
        changes.max_attempts = Some(MaxAttempts::new(attempts).unwrap());
        board.update(id, &changes).await;

        let next = board.next();
        let report = failed(AttemptKey::new(task(id), attempt), next.at);
        ports.report(&next, &report).await;

        assert_eq!(board.state(id).await, state, "{id}");
    }
    board.assert_sound().await;
}

fn every_change() -> TaskChanges {
    let mut changes = titled("changed");
    changes.description = Some(Description::new("longer").unwrap());
    changes.tags = Some(Tags::new([Tag::new("x").unwrap()]).unwrap());
    changes.requirements = Some(document(&json!({ "branch": "main" })));
    changes.context = Some(document(&json!({ "retry_of": 1e2 })));
    changes.priority = Some(Priority::new(-3).unwrap());
    changes.max_attempts = Some(MaxAttempts::new(7).unwrap());
    changes
}

fn titled(title: &str) -> TaskChanges {
    let mut changes = TaskChanges::default();
    changes.title = Some(Title::new(title).unwrap());
    changes
}

fn updated(id: &str, before: &TaskDefinition, after: &TaskDefinition) -> Change {
    let id = task_id(id).into();
    Change::updated(EntityKind::Task, id, before, after).unwrap()
}

async fn claimed(board: &Board<'_>, limit: i64) -> Vec<String> {
    let claimed = board
        .ports
        .given_claim(&board.writes, &worker(), limit)
        .await;
    claimed.iter().map(|task| task.task.to_string()).collect()
}
