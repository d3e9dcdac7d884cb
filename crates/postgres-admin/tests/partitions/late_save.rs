//! A save of an older step reads only the revisions of that step, also with partitions.

use tasktrail_postgres_admin::Administrable as _;
use tasktrail_test_support::TestDatabase;

use super::fixture::{on, open};

const SAVE: &str = include_str!("../../../postgres/src/task_history/sql/save.sql");

const PLANNING: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
    SET enable_bitmapscan = off; SET enable_sort = off; SET enable_incremental_sort = off; SET jit = off";

/// Tasks of ten revisions in many months, each of another user, which the statistics describe. A
/// task with 20 000 revisions was saved after the statistics were collected.
const FILL: &str = "
    INSERT INTO task_history (user_id, task_id, step, entry_id, recorded_at, status, result)
    SELECT 'user-' || number / 10, 'small-' || number / 10, number % 10,
           (lpad(to_hex(1767225600000 + number % 50 * 2592000000), 12, '0')
            || '70008' || lpad(to_hex(number), 15, '0'))::uuid, now(), 'running', '{}'
    FROM generate_series(1, 20000) AS number;
    ANALYZE task_history;
    INSERT INTO task_history (user_id, task_id, step, entry_id, recorded_at, status, result)
    SELECT 'alice', 'large', number % 2,
           ('019b76da-a801-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid, now(), 'running', '{}'
    FROM generate_series(1, 20000) AS number;
    INSERT INTO task_summary
        (user_id, task_id, last_step, last_entry, step_status, entries, created_at, last_updated)
    SELECT user_id, task_id, 1, max(id), 'running', count(*), min(recorded_at), max(recorded_at)
    FROM task_history WHERE task_id = 'large' GROUP BY user_id, task_id";

fn plan_of_a_late_save(database: &TestDatabase) -> String {
    let explained = format!(
        "{PLANNING};
         PREPARE save (text[], text[], int[], uuid[], timestamptz[], text[], text[], jsonb[], text) AS {SAVE};
         EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE save (
             '{{alice}}', '{{large}}', '{{0}}', '{{019b76da-a802-7000-8000-000000000000}}', '{{now}}',
             '{{running}}', '{{NULL}}', ARRAY['{{}}'::jsonb], NULL)"
    );
    let lines = database.execute(&explained).unwrap();
    let lines: Vec<_> = lines.into_iter().flatten().flatten().collect();
    lines.join("\n")
}

#[tokio::test]
async fn save_of_an_older_step_reads_one_index_range_per_partition() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    postgres
        .admin()
        .partition(on("2026-01-10"), 59)
        .await
        .unwrap();
    database.execute(FILL).unwrap();

    let plan = plan_of_a_late_save(&database);
    assert!(plan.contains("(step = added"), "{plan}");
    assert!(!plan.contains("Rows Removed by"), "{plan}");
    assert!(!plan.contains("Seq Scan on task_history"), "{plan}");
}
