//! `migrate order`: new entries are ordered after copied ones.

use serde_json::{Value, json};

use super::imported::Imported;

/// Simulates a copy of the rows that does not advance the sequence.
const REWIND: &str = "SELECT setval(pg_get_serial_sequence('task_history', 'id'), 1, false)";

#[test]
fn order_advances_the_sequence_past_copied_entries() {
    let imported = Imported::new();
    imported.database.execute(REWIND).unwrap();

    let refused = imported.run(&["migrate"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("tasktrail migrate order"),
        "{refused:?}"
    );
    let check = imported.run(&["migrate", "check"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    assert!(
        check
            .stdout
            .contains("sequence task_history.id: expected beyond 5"),
        "{check:?}"
    );
    let dry = imported.json(&["migrate", "order", "--dry-run"]);
    assert_eq!(dry, answer(1, &Value::Null, true));
    imported.prints(
        &["migrate", "order", "--dry-run"],
        "behind: the greatest ID is 5; the next entry would get 6 instead of 1\n",
    );
    let repaired = imported.run(&["migrate", "order"]).good();
    let expected = "repaired: the greatest ID is 5; the next entry now gets 6 instead of 1\n";
    assert_eq!(repaired.stdout, expected);

    let again = imported.json(&["migrate", "order"]);
    assert_eq!(again, answer(6, &json!(0), false));
    imported.run(&["migrate"]).good();
    imported.run(&["migrate", "check"]).good();
    imported.import();
}

#[test]
fn order_fails_in_a_schema_without_a_store() {
    let imported = Imported::new();
    for more in [&[][..], &["--dry-run"], &["--format", "json"]] {
        let args = [&["migrate", "order", "--schema", "typo"], more].concat();
        let refused = imported.run(&args).failed(
            1,
            "error: schema typo has no store, but other schemas have one: public",
            "run tasktrail migrate",
        );
        assert_eq!(refused.stdout, "");
    }
}

fn answer(from: i64, suspects: &Value, dry_run: bool) -> Value {
    json!({
        "from": from,
        "to": 6,
        "greatest": 5,
        "suspect_tasks": suspects,
        "first_suspect_tasks": [],
        "dry_run": dry_run,
    })
}
