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

/// A trail holds all revisions in the order of acceptance, whatever steps, times and ids say.
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

/// Pages of any size give each revision once, in order, and none of another task; the last one has
/// no next.
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

/// Pages of large revisions may be short, but give each one once, and only the last one has no next.
pub async fn pages_of_large_revisions_give_each_once(history: &History) {
    let report = task("report");
    let revisions = large_steps(&Writer::default(), &report);
    history.save_batch(&revisions).await;

    for size in [1, 2, 1000] {
        let pages = history.trail_pages(&report, size).await;
        assert!(pages.concat() == revisions, "pages of {size}");
    }
}

/// A trail that is read page by page goes on with what was saved meanwhile.
pub async fn a_trail_goes_on_with_what_was_saved_meanwhile(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let before = writer.steps(&report, 3);
    history.save_batch(&before).await;
    let first = history.trail_page(&report, &page(2)).await;
    let meanwhile = writer.step(&report, 0, Completed);
    history.save(&meanwhile).await;

    let request = PageRequest {
        after: first.next,
        ..page(2)
    };
    let second = history.trail_page(&report, &request).await;

    assert_eq!(first.items, before[..2]);
    assert_eq!(
        (second.items, second.next),
        (vec![before[2].clone(), meanwhile], None)
    );
}

/// A position in a trail can be kept as text.
pub async fn a_position_in_a_trail_can_be_kept_as_text(history: &History) {
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
