//! Counting.

use tasktrail_domain::task_history::TaskStatus::{Cancelled, Completed, Failed, Running};
use tasktrail_domain::task_history::{Counts, FinalStatus, Scope};

use crate::History;
use crate::fixture::{Writer, at, task, task_of, user};

/// In an empty store, all counts are zero.
pub async fn empty_store_counts_zero(history: &History) {
    let everyone = history.count(&Scope::Everyone).await;
    let nobody = history.count(&Scope::User(user("nobody"))).await;

    assert_eq!((everyone, nobody), (Counts::default(), Counts::default()));
}

/// Every revision counts as an entry. Each step, task and user counts once.
pub async fn entries_steps_tasks_and_users_are_counted(history: &History) {
    let writer = Writer::default();
    let (first, second, bobs) = (task("a"), task("b"), task_of("bob", "a"));
    let entries = [
        writer.step(&first, 1, Running),
        writer.step(&first, 1, Completed),
        writer.step(&first, 2, Running),
        writer.step(&second, 1, Running),
        writer.step(&bobs, 1, Failed),
    ];
    history.save_batch(&entries).await;
    history.save(&entries[0]).await;

    let counts = history.count(&Scope::Everyone).await;

    let mut expected = Counts::default();
    expected.entries = 5;
    expected.steps = 4;
    expected.tasks = 3;
    expected.users = 2;
    expected.tasks_by_status = [(Running, 2), (Failed, 1)].into();
    expected.open_tasks_by_status = expected.tasks_by_status.clone();
    assert_eq!(counts, expected);
}

/// With a user scope, only that user's tasks are counted.
pub async fn the_count_of_a_user_excludes_other_users(history: &History) {
    let writer = Writer::default();
    let tasks = [
        task("a"),
        task("b"),
        task_of("alice ", "a"),
        task_of("bob", "a"),
    ];
    for task in tasks {
        history.save_batch(&writer.steps(&task, 3)).await;
    }

    let counts = history.count(&Scope::User(user("alice"))).await;

    let mut expected = Counts::default();
    expected.entries = 6;
    expected.steps = 6;
    expected.tasks = 2;
    expected.users = 1;
    expected.tasks_by_status = [(Running, 2)].into();
    expected.open_tasks_by_status = [(Running, 2)].into();
    assert_eq!(counts, expected);
}

/// A finished task counts under its final status, even if it has no entries.
pub async fn a_finished_task_counts_under_its_final_status(history: &History) {
    history
        .save(&Writer::default().step(&task("begun"), 1, Running))
        .await;
    history
        .finish(&task("begun"), FinalStatus::Failed, at(1))
        .await;
    history
        .finish(&task_of("bob", "unrecorded"), FinalStatus::Cancelled, at(1))
        .await;

    let counts = history.count(&Scope::Everyone).await;

    let mut expected = Counts::default();
    expected.entries = 1;
    expected.steps = 1;
    expected.tasks = 2;
    expected.users = 2;
    expected.tasks_by_status = [(Cancelled, 1), (Failed, 1)].into();
    assert_eq!(counts, expected);
}

/// Open tasks are counted by status as well, also those whose last step is terminal.
pub async fn open_tasks_are_counted_by_status(history: &History) {
    let writer = Writer::default();
    for (id, status) in [
        ("a", Running),
        ("b", Completed),
        ("c", Completed),
        ("d", Completed),
        ("e", Failed),
    ] {
        history.save(&writer.step(&task(id), 1, status)).await;
    }
    for (id, status) in [("d", FinalStatus::Completed), ("e", FinalStatus::Failed)] {
        history.finish(&task(id), status, at(1)).await;
    }

    let counts = history.count(&Scope::Everyone).await;

    let all = [(Running, 1), (Completed, 3), (Failed, 1)];
    assert_eq!(counts.tasks_by_status, all.into());
    let open = [(Running, 1), (Completed, 2)];
    assert_eq!(counts.open_tasks_by_status, open.into());
}
