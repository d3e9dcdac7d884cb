//! Values at their limits.

use serde_json::json;
use tasktrail_domain::orchestration::TaskState::Ready;
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::task::{
    Description, NewTask, PlanOutcome, Tag, Tags, Task, TaskCursor, TaskFilter, TaskProgress, Title,
};
use tasktrail_domain::timestamp::Timestamp;

use super::board::Board;
use super::list::listed;
use crate::fixture::{INSTANT, page, task, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, document, new_task, plan, task_id};

/// Each field of a definition may have its longest, greatest and least value, and any characters.
pub async fn definitions_may_be_as_large_as_the_limits(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let mut largest = new_task("largest")
        .with_priority(1000)
        .attempted(1000)
        .limited_to(2_592_000);
    let long = |bytes: usize| "é".repeat(bytes / 2);
    largest.definition.title = Title::new("\u{10ffff}".repeat(500)).unwrap();
    largest.definition.description = Description::new(long(Description::MAX_BYTES)).unwrap();
    largest.definition.tags = tags((0..64).map(|number| format!("{number:02}{}", "x".repeat(253))));
    largest.definition.context = document(&json!({ "a": long(65_000) }));
    largest.definition.requirements = document(&json!({ "b": long(65_000) }));
    largest.definition.required_capabilities = document(&json!({ "c": long(65_000) }));
    let mut odd = new_task("odd")
        .with_priority(-1000)
        .attempted(1)
        .limited_to(1);
    odd.definition.title = Title::new(" \u{1}\r\n\t\\'\"$1 ").unwrap();
    odd.definition.description = Description::new("\u{feff}\u{202e}{}").unwrap();
    odd.definition.tags =
        tags(["'; --", "\"\\", "{1,NULL}", "NULL", "é", "e\u{301}"].map(String::from));
    let numbers = r#"{"":[1e100,-1.5e-9,123456789012345678901234567890,0.1,{"\u0001":null}]}"#;
    odd.definition.context = numbers.parse().unwrap();
    odd.definition.requirements = document(&json!({ "a\u{7f}": { "😀": [[], {}] } }));

    board.given([largest.clone(), odd.clone()]).await;

    for NewTask {
        task: id,
        definition,
        ..
    } in [largest, odd]
    {
        let progress = TaskProgress::created(Ready, 0, board.last().at);
        let expected = Task::new(task(id.as_str()), definition, progress);
        assert!(board.get(id.as_str()).await == expected, "{id} was changed");
    }
    board.assert_sound().await;
}

/// Times are kept to the microsecond, from the first to the last instant, with each priority.
pub async fn times_of_tasks_are_kept_to_the_microsecond(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let times = [
        Timestamp::MIN,
        "1969-07-20T20:17:40.123457Z".parse().unwrap(),
        Timestamp::default(),
        Timestamp::MAX.saturating_sub(INSTANT),
        Timestamp::MAX,
    ];
    for (number, time) in times.into_iter().enumerate() {
        let id = number.to_string();
        let priority = [1000, 500, 0, -500, -1000][number];
        let plan = plan([new_task(&id).with_priority(priority)]);
        ports
            .create(&board.writes.at(time), &user("alice"), &plan)
            .await;

        let progress = board.progress(&id).await;
        assert_eq!(progress, TaskProgress::created(Ready, 0, time), "{time}");
    }
    assert_eq!(
        listed(ports, &TaskFilter::default()).await,
        ["4", "3", "2", "1", "0"]
    );
    let between = TaskFilter::default().with_created(Timestamp::MIN, Timestamp::MAX);
    assert_eq!(listed(ports, &between).await, ["3", "2", "1", "0"]);
    for time in times {
        let next = page(10)
            .next(Some(TaskCursor {
                created_at: time,
                task: task_id("5"),
            }))
            .unwrap();
        let page = ports
            .task_page(&user("alice"), &TaskFilter::default(), &next)
            .await;
        let expected = times.iter().filter(|other| **other <= time).count();
        assert_eq!(page.items.len(), expected, "{time}");
    }
    board.assert_sound().await;
}

/// The largest plan is created whole: 10 000 tasks with 99 900 dependencies.
pub async fn the_largest_plan_is_created_whole(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let ids: Vec<String> = (0..10_000).map(|number| format!("{number:04}")).collect();
    let first = ids[..10].iter().map(|id| new_task(id));
    let others = ids[10..].iter().map(|id| {
        let task = new_task(id);
        ids[..10].iter().fold(task, |task, first| task.after(first))
    });

    let created = board.create(first.chain(others)).await;

    let PlanOutcome::Created { tasks } = created else {
        panic!("{created:?}")
    };
    assert!(tasks.iter().map(|task| task.task.as_str()).eq(&ids));
    let counts = ports.counts(&user("alice")).await;
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [9990, 10]);
    let last = board.get("9999").await;
    assert_eq!(
        (last.dependencies.len(), last.progress.open_dependencies),
        (10, 10)
    );
    let changes = board.changes().await;
    assert_eq!(changes.len(), 10_000);
    assert_eq!(changes[0], Change::created(&task_id("0000"), Ready));
}

fn tags(texts: impl IntoIterator<Item = String>) -> Tags {
    Tags::new(texts.into_iter().map(|text| Tag::new(text).unwrap())).unwrap()
}
