//! Updates and resumes that are concurrent with each other.

use serde_json::json;
use tasktrail_domain::orchestration::TaskState::Ready;
use tasktrail_domain::orchestration::Version;
use tasktrail_domain::orchestration::task::{ResumeOutcome, TaskChange, TaskChanges, Title};

use super::board::Board;
use super::racing::{resuming, updating};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{document, new_task};
use crate::parallel::at_once;

/// Of updates at once that expect the same version, exactly one changes the task. The others are
/// stale.
pub async fn exactly_one_of_updates_of_a_version_wins(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    let mut version = Version::DEFAULT;
    for _ in 0..10 {
        let updates = (0..6).map(|number| {
            let mut changes = titled(&format!("{version} {number}"));
            changes.expected = Some(version);
            updating(ports, board.next(), "a", changes)
        });

        let answers = at_once(updates).await;

        version = version.next();
        let won = TaskChange::Changed { version };
        let winner = answers.iter().position(|answer| *answer == won).unwrap();
        let mut expected = vec![TaskChange::Stale { version }; 6];
        expected[winner] = won;
        assert_eq!(answers, expected);
        let task = board.get("a").await;
        let title = format!("{} {winner}", task.version.get() - 1);
        assert_eq!(
            (task.definition.title.as_str(), task.version),
            (title.as_str(), version)
        );
    }
    board.assert_sound().await;
}

/// Updates at once of different fields lose none, and each has its version.
pub async fn updates_of_different_fields_are_all_kept(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..10 {
        let id = trial.to_string();
        board.given([new_task(&id)]).await;
        let mut context = TaskChanges::default();
        context.context = Some(document(&json!({ "a": 1 })));
        let mut requirements = TaskChanges::default();
        requirements.requirements = Some(document(&json!({ "b": 2 })));
        let updates = [titled("new"), context, requirements]
            .map(|changes| updating(ports, board.next(), &id, changes));

        let mut answers: Vec<i64> = at_once(updates).await.into_iter().map(version).collect();

        answers.sort_unstable();
        assert_eq!(answers, [2, 3, 4]);
        let definition = board.get(&id).await.definition;
        assert_eq!(definition.title.as_str(), "new");
        assert_eq!(definition.context, document(&json!({ "a": 1 })));
        assert_eq!(definition.requirements, document(&json!({ "b": 2 })));
    }
    board.assert_sound().await;
}

/// Of resumes at once exactly one resumes the task, with its answers. The others find it ready.
pub async fn exactly_one_of_resumes_wins(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for trial in 0..10 {
        let id = trial.to_string();
        board.given([new_task(&id)]).await;
        board.ask(&id).await;
        let answers: Vec<_> = (0..6)
            .map(|number| json!({ format!("by {number}"): true }))
            .collect();
        let resumes = answers
            .iter()
            .map(|answers| resuming(ports, board.next(), &id, document(answers)));

        let outcomes = at_once(resumes).await;

        let won = |outcome: &ResumeOutcome| *outcome == ResumeOutcome::Resumed;
        let winner = outcomes.iter().position(won).unwrap();
        let mut expected = vec![ResumeOutcome::NotWaiting { state: Ready }; 6];
        expected[winner] = ResumeOutcome::Resumed;
        assert_eq!(outcomes, expected);
        let context = board.get(&id).await.definition.context;
        assert_eq!(context, document(&json!({ "answers": answers[winner] })));
    }
    board.assert_sound().await;
}

fn titled(title: &str) -> TaskChanges {
    let mut changes = TaskChanges::default();
    changes.title = Some(Title::new(title).unwrap());
    changes
}

fn version(answer: TaskChange) -> i64 {
    match answer {
        TaskChange::Changed { version } => version.get(),
        other => panic!("{other:?}"),
    }
}
