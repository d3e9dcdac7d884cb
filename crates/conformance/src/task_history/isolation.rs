//! Another user's task does not exist.

use std::collections::BTreeSet;

use tasktrail_domain::task_history::TaskStatus::{Cancelled, Completed, Running};
use tasktrail_domain::task_history::{
    FinalStatus, FinishOutcome, RemovalLimits, RetentionPolicy, Scope, TaskFilter,
};

use crate::History;
use crate::fixture::{Edit, Writer, at, task_of};

/// Another user's task is unknown to every method.
pub async fn another_users_task_is_unknown(history: &History) {
    let (alices, bobs) = (task_of("alice", "report"), task_of("bob", "report"));
    history
        .save(&Writer::default().step(&alices, 1, Running))
        .await;

    assert_eq!(history.status(&bobs).await, None);
    assert_eq!(history.steps(&bobs).await, []);
    assert_eq!(history.trail(&bobs).await, []);
    assert_eq!(history.list(&bobs.user, &TaskFilter::default()).await, []);
}

/// The same task ID under two users is two tasks, saved and finished independently.
pub async fn the_same_task_id_under_two_users_is_two_tasks(history: &History) {
    let writer = Writer::default();
    let (alices, bobs) = (task_of("alice", "report"), task_of("bob", "report"));
    let first = writer.step(&alices, 1, Running);
    let second = writer.step(&bobs, 1, Completed);
    history.save(&first).await;
    history.save(&second).await;

    let outcome = history.finish(&alices, FinalStatus::Cancelled, at(1)).await;

    let previous = Some(Running);
    assert_eq!(outcome, FinishOutcome::Finished { previous });
    assert_eq!(history.status(&alices).await, Some(Cancelled));
    assert_eq!(history.status(&bobs).await, Some(Completed));
    assert_eq!(history.steps(&alices).await, [first]);
    assert_eq!(history.steps(&bobs).await, [second]);
}

/// Keys are compared as pairs, byte by byte: not concatenated, case-folded, trimmed or
/// pattern-matched.
pub async fn similar_keys_are_different_tasks(history: &History) {
    let writer = Writer::default();
    let keys = SIMILAR.map(|(user, task)| task_of(user, task));
    let entries = keys.each_ref().map(|key| writer.step(key, 1, Running));
    history.save_batch(&entries).await;

    for (key, entry) in keys.iter().zip(entries) {
        let of_the_user: BTreeSet<_> = keys.iter().filter(|other| other.user == key.user).collect();
        let listed = history.list(&key.user, &TaskFilter::default()).await;

        assert_eq!(history.trail(key).await, [entry], "{key:?}");
        assert_eq!(
            listed
                .iter()
                .map(|summary| &summary.task)
                .collect::<BTreeSet<_>>(),
            of_the_user
        );
    }
    let users: BTreeSet<_> = keys.iter().map(|key| &key.user).collect();
    let counts = history.count(&Scope::Everyone).await;
    assert_eq!(counts.tasks, u64::try_from(keys.len()).unwrap());
    assert_eq!(counts.users, u64::try_from(users.len()).unwrap());
}

/// A removal for one user does not affect a task with the same ID under another user.
pub async fn a_removal_for_one_user_does_not_affect_others(history: &History) {
    let writer = Writer::default();
    let (alices, bobs) = (task_of("alice", "report"), task_of("bob", "report"));
    let kept = writer.step(&alices, 1, Running);
    let same_id = writer.step(&bobs, 1, Running).under(kept.id);
    history.save_batch(&[kept.clone(), same_id]).await;
    let scope = Scope::User(bobs.user.clone());
    let policy = RetentionPolicy::every_task_before(at(9)).with_scope(scope);

    history.remove(&policy, &RemovalLimits::default()).await;

    assert_eq!(history.status(&bobs).await, None);
    assert_eq!(history.save(&kept).await, Running);
    assert_eq!(history.trail(&alices).await, [kept]);
    history.assert_consistent().await;
}

const SIMILAR: [(&str, &str); 26] = [
    ("a", "b/c"),
    ("a/b", "c"),
    ("a", "b"),
    ("ab", "c"),
    ("a", "bc"),
    ("A", "b"),
    ("a", "B"),
    ("a ", "b"),
    ("a", " b"),
    ("%", "b"),
    ("_", "b"),
    ("a", "%"),
    ("a", "_"),
    ("a", "*"),
    ("é", "b"),
    ("e\u{301}", "b"),
    ("a", "é"),
    ("a", "e\u{301}"),
    ("ß", "b"),
    ("ss", "b"),
    ("a,b", "c"),
    ("(a", "b)"),
    ("a\\", "b"),
    ("a", "\\b"),
    ("{a}", "b"),
    ("a\n", "b"),
];
