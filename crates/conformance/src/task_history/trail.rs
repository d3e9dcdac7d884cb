//! Loading all revisions of a task.

use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::TaskStatus::{Completed, Failed, Running};

use super::load::large_steps;
use crate::History;
use crate::fixture::{Edit, Writer, at, page, task};

/// An unknown task has no trail.
pub async fn an_unknown_task_has_no_trail(history: &History) {
    let loaded = history
        .trail_page(&task("unknown"), &PageRequest::default())
        .await;

    assert_eq!((loaded.items, loaded.next), (vec![], None));
}

/// A trail has all revisions in the order of acceptance, regardless of steps, times and IDs.
pub async fn a_trail_is_in_the_order_of_acceptance(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let mut entries = vec![
        writer.step(&report, 1, Running).recorded(at(1)),
        writer.step(&report, 2, Failed).recorded(at(4)),
        writer.step(&report, 1, Completed).recorded(at(2)),
        writer.step(&report, 2, Failed).recorded(at(3)),
    ];
    entries.reverse();

    for entry in &entries {
        history.save(entry).await;
    }

    assert_eq!(history.trail(&report).await, entries);
}

/// Pages of any size return each revision once, in order, and none of another task. The last page
/// has no cursor.
pub async fn pages_of_a_trail_give_each_revision_once(history: &History) {
    let writer = Writer::default();
    let (report, invoice) = (task("report"), task("invoice"));
    let revisions = [writer.steps(&report, 3), writer.steps(&report, 4)].concat();
    for revision in &revisions {
        history.save(&writer.step(&invoice, 1, Running)).await;
        history.save(revision).await;
    }

    for size in [1, 2, 3, 7, 1000] {
        assert_eq!(history.trail_pages(&report, size).await.concat(), revisions);
    }
}

/// Pages of large revisions may be short, but return each once, and only the last has no cursor.
pub async fn pages_of_large_revisions_give_each_once(history: &History) {
    let report = task("report");
    let revisions = large_steps(&Writer::default(), &report);
    history.save_batch(&revisions).await;

    for size in [1, 2, 1000] {
        let pages = history.trail_pages(&report, size).await;
        assert!(pages.concat() == revisions, "pages of {size}");
    }
}

/// The next page of a trail includes entries saved since the previous page.
pub async fn the_next_page_of_a_trail_includes_new_saves(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let before = writer.steps(&report, 3);
    history.save_batch(&before).await;
    let first = history.trail_page(&report, &page(2)).await;
    let later = writer.step(&report, 0, Completed);
    history.save(&later).await;

    let request = PageRequest {
        after: first.next,
        ..page(2)
    };
    let second = history.trail_page(&report, &request).await;

    assert_eq!(first.items, before[..2]);
    assert_eq!(
        (second.items, second.next),
        (vec![before[2].clone(), later], None)
    );
}

/// A cursor of a trail can be stored as text and parsed again.
pub async fn a_trail_cursor_round_trips_as_text(history: &History) {
    let report = task("report");
    let entries = Writer::default().steps(&report, 3);
    history.save_batch(&entries).await;
    let first = history.trail_page(&report, &page(1)).await;

    let kept = first.next.unwrap().to_string();
    let request = PageRequest {
        after: Some(kept.parse().unwrap()),
        ..page(5)
    };
    let rest = history.trail_page(&report, &request).await;

    assert_eq!(rest.items, entries[1..]);
}
