//! The list of users.

use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::TaskStatus::Running;
use tasktrail_domain::task_history::{FinalStatus, RemovalLimits, RetentionPolicy, Scope};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{UserId, UserPrefix};

use crate::History;
use crate::fixture::{SIMILAR_USERS, Writer, at, page, prefix, task_of, user};

/// Users are listed once each, in ascending order, compared byte by byte, in pages of any size.
pub async fn users_are_listed_in_ascending_order(history: &History) {
    save_for(history).await;

    for size in [1, 2, 3, 1000] {
        let pages = history.user_pages(&UserPrefix::ALL, size).await;
        assert_eq!(texts(&pages.concat()), SIMILAR_USERS, "by {size}");
    }
}

/// Only users whose ids begin with the prefix are listed, also the one that equals it.
pub async fn users_are_filtered_by_prefix(history: &History) {
    save_for(history).await;

    for start in ["", "a", "al", "alice", "alice-2x", "z", "Ω", "\u{10ffff}"] {
        let matching = SIMILAR_USERS.iter().filter(|name| name.starts_with(start));
        let expected: Vec<_> = matching.copied().collect();
        for size in [1, 1000] {
            let pages = history.user_pages(&prefix(start), size).await;
            assert_eq!(texts(&pages.concat()), expected, "{start:?} by {size}");
        }
    }
}

/// A page starts after its cursor, which need not be a user with a task, or match the prefix.
pub async fn a_page_of_users_starts_after_its_cursor(history: &History) {
    save_for(history).await;
    let expected: [(&str, &str, &[&str]); 5] = [
        ("", "alice", &["alice ", "alice-2", "b"]),
        ("", "alicd", &["alice", "alice ", "alice-2"]),
        ("al", "B", &["alice", "alice ", "alice-2"]),
        ("al", "alice-2", &[]),
        ("a", "z", &[]),
    ];

    for (start, after, users) in expected {
        let request = PageRequest {
            after: Some(user(after)),
            ..page(3)
        };
        let listed = history.user_page(&prefix(start), &request).await;
        assert_eq!(texts(&listed.items), users, "{start:?} after {after:?}");
    }
}

/// A user is listed while they have a task, with entries or only with a finish.
pub async fn a_user_is_listed_while_they_have_a_task(history: &History) {
    let all = UserPrefix::ALL;
    assert_eq!(history.user_pages(&all, 10).await.concat(), []);
    let saved = task_of("alice", "a");
    history
        .save(&Writer::default().step(&saved, 1, Running))
        .await;
    history
        .finish(&task_of("bob", "b"), FinalStatus::Cancelled, at(1))
        .await;
    let both = history.user_pages(&all, 10).await.concat();
    assert_eq!(texts(&both), ["alice", "bob"]);

    let of_alice =
        RetentionPolicy::every_task_before(Timestamp::MAX).with_scope(Scope::User(saved.user));
    history.remove(&of_alice, &RemovalLimits::default()).await;

    let left = history.user_pages(&all, 10).await.concat();
    assert_eq!(texts(&left), ["bob"]);
}

/// Saves two tasks for each user.
async fn save_for(history: &History) {
    let writer = Writer::default();
    let tasks = SIMILAR_USERS
        .iter()
        .flat_map(|name| [(name, "a"), (name, "b")]);
    let entries: Vec<_> = tasks
        .map(|(name, id)| writer.step(&task_of(name, id), 1, Running))
        .collect();
    history.save_batch(&entries).await;
}

fn texts(users: &[UserId]) -> Vec<&str> {
    users.iter().map(UserId::as_str).collect()
}
