//! Saves that would misplace a revision are refused, and no others; existing ones are named.

use std::sync::Arc;

use tasktrail_conformance::fixture::{Writer, task};
use tasktrail_domain::task_history::TaskStatus::{Failed, Running};
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskHistoryRepositoryExt};
use tasktrail_test_support::TestDatabase;

use super::{assert_out_of_order, fill, migrated, open};

#[tokio::test]
async fn sequence_between_existing_ids_misplaces_no_revision() {
    let database = TestDatabase::new();
    let postgres = migrated(&database, false).await;
    let writer = Writer::default();
    fill(&postgres, &writer).await;
    let history = postgres.task_history();
    // Step 2 has entry 3, step 0 entries 1 and 9: 4 is above the last step, but not step 0.
    database
        .execute(
            "ALTER TABLE task_history ALTER COLUMN id DROP IDENTITY;
             UPDATE task_history SET id = 9 WHERE id = 4;
             ALTER TABLE task_history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START 4)",
        )
        .unwrap();
    let late = writer.step(&task("report"), 0, Failed);
    let next = writer.step(&task("report"), 3, Running);

    assert_out_of_order(history.save(&late).await);
    assert_out_of_order(history.save_batch(&[late, next]).await.map(|_| Running));
    // The first entry of this batch gets id 2. The second one, of the highest step, gets 3 or more.
    let rewind = "SELECT setval(pg_get_serial_sequence('task_history', 'id'), 1)";
    database.execute(rewind).unwrap();
    let batch = [1, 2, 3].map(|step| writer.step(&task("report"), step, Running));
    assert_out_of_order(history.save_batch(&batch).await.map(|_| Running));
    database.execute(&rewind.replace("1)", "2)")).unwrap();
    assert_out_of_order(history.save(&writer.step(&task("report"), 2, Failed)).await);

    assert_eq!(history.trail_all(&task("report")).await.unwrap().len(), 4);
}

#[tokio::test]
async fn refused_save_does_not_affect_its_batch() {
    let database = TestDatabase::new();
    let writer = Writer::default();
    fill(&migrated(&database, false).await, &writer).await;
    let rewind = "SELECT setval(pg_get_serial_sequence('task_history', 'id'), 1, false)";
    database.execute(rewind).unwrap();
    let history = Arc::new(open(database.url(), 1).await.task_history());
    // Refused saves use ids, so the next ones start after them.
    let calls = (0..40).map(|number| {
        let of = if number == 0 {
            task("report")
        } else {
            task(&format!("task-{number}"))
        };
        let entry = writer.step(&of, 0, Running);
        let history = Arc::clone(&history);
        tokio::spawn(async move { history.save(&entry).await })
    });
    let calls: Vec<_> = calls.collect();

    let mut refused = 0;
    for (number, call) in calls.into_iter().enumerate() {
        match call.await.unwrap() {
            Ok(status) => assert_eq!(status, Running),
            Err(error) => {
                assert_eq!(number, 0, "{error:?}");
                assert_out_of_order(Err(error));
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_saves_of_a_task_are_not_refused() {
    for writers in [0, 4] {
        let database = TestDatabase::new();
        migrated(&database, false).await;
        let history = Arc::new(open(database.url(), writers).await.task_history());
        let writer = Arc::new(Writer::default());
        let callers = (0_u16..64).map(|caller| {
            let (history, writer) = (Arc::clone(&history), Arc::clone(&writer));
            tokio::spawn(async move {
                for round in 0_u16..10 {
                    let step = (caller + round) % 7;
                    let entry = writer.step(&task("report"), step, Running);
                    history.save(&entry).await.unwrap();
                    history
                        .save_batch(&writer.steps(&task("report"), 7))
                        .await
                        .unwrap();
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }

        let trail = history.trail_all(&task("report")).await.unwrap();
        assert_eq!(trail.len(), 64 * 10 * 8);
    }
}

#[tokio::test]
async fn repair_names_tasks_with_misplaced_revisions() {
    let database = TestDatabase::new();
    let postgres = migrated(&database, false).await;
    let writer = Writer::default();
    fill(&postgres, &writer).await;
    // Stored as by a program without the check: the later revision has the smaller id.
    database
        .execute(
            "ALTER TABLE task_history ALTER COLUMN id DROP IDENTITY;
             UPDATE task_history SET id = 5 - id, recorded_at = recorded_at + id * interval '1 hour';
             ALTER TABLE task_history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START 5)",
        )
        .unwrap();

    let repaired = postgres.repair_entry_order().await.unwrap();

    assert_eq!((repaired.before.next, repaired.next), (5, 5));
    assert_eq!(repaired.suspect_tasks, 1);
    assert_eq!(repaired.first_suspect_tasks[0].task_id, "report");
}
