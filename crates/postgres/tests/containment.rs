//! A document contains the same documents in the domain as on the server.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step of a test is a panic"
)]

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use tasktrail_domain::Document;
use tasktrail_test_support::TestDatabase;

const PAIRS: usize = 5_000;

#[test]
fn documents_contain_the_same_as_jsonb() {
    let pairs = pairs(PAIRS);
    let domain: Vec<bool> = pairs
        .iter()
        .map(|(held, pattern)| held.contains(pattern))
        .collect();

    let server = contains_on_the_server(&pairs);

    for ((held, pattern), (domain, server)) in pairs.iter().zip(domain.iter().zip(&server)) {
        assert_eq!(domain, server, "{held} @> {pattern}");
    }
    let contained = domain.iter().filter(|contains| **contains).count();
    assert!(
        (PAIRS / 5..PAIRS * 4 / 5).contains(&contained),
        "{contained} of {PAIRS} are contained, so one answer is hardly tested"
    );
}

#[test]
fn server_compares_numbers_as_documents_do() {
    let literals = [
        "1", "1.0", "1e0", "100", "1E+2", "0", "-0", "-0.0", "1e-400", "0.1", "0.10",
    ];
    let documents = literals.map(|literal| format!(r#"{{"n":{literal}}}"#));
    let database = TestDatabase::new();

    for one in &documents {
        for other in &documents {
            let rows = database.execute(&format!("SELECT '{one}'::jsonb = '{other}'::jsonb"));
            let server = rows.unwrap()[0][0].as_deref() == Some("t");
            let domain = one.parse::<Document>().unwrap() == other.parse().unwrap();
            assert_eq!(domain, server, "{one} = {other}");
        }
    }
}

fn contains_on_the_server(pairs: &[(Document, Document)]) -> Vec<bool> {
    let literal =
        |document: &Document| format!("'{}'::jsonb", document.as_str().replace('\'', "''"));
    let each = pairs.iter().enumerate();
    let rows: Vec<_> = each
        .map(|(number, (held, pattern))| {
            format!("({number},{} @> {})", literal(held), literal(pattern))
        })
        .collect();
    let sql = format!(
        "SELECT c FROM (VALUES {}) AS v(n, c) ORDER BY n",
        rows.join(",")
    );
    let answers = TestDatabase::new().execute(&sql).unwrap();
    answers
        .iter()
        .map(|row| row[0].as_deref() == Some("t"))
        .collect()
}

/// Random documents, each with a pattern: another document, or parts of the same one.
fn pairs(count: usize) -> Vec<(Document, Document)> {
    let mut runner = TestRunner::deterministic();
    let keep = prop::collection::vec(prop::bool::weighted(0.8), 32);
    let strategy = (objects(), prop::option::of(objects()), keep);
    (0..count)
        .map(|_| {
            let (held, other, keep) = strategy.new_tree(&mut runner).unwrap().current();
            let pattern = other.unwrap_or_else(|| parts(&held, &mut keep.into_iter()));
            (
                Document::of(&held).unwrap(),
                Document::of(&pattern).unwrap(),
            )
        })
        .collect()
}

/// Keeps some members and elements of a value.
fn parts(value: &Value, keep: &mut impl Iterator<Item = bool>) -> Value {
    let mut kept = || keep.next().unwrap_or(true);
    match value {
        Value::Object(members) => {
            let members: Vec<_> = members.iter().filter(|_| kept()).collect();
            members
                .into_iter()
                .map(|(key, value)| (key.clone(), parts(value, keep)))
                .collect()
        }
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().rev().filter(|_| kept()).collect();
            elements
                .into_iter()
                .map(|value| parts(value, keep))
                .collect()
        }
        scalar => scalar.clone(),
    }
}

fn objects() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[abc']", values(), 0..4).prop_map(|members| json!(members))
}

/// Values with few scalars and keys, so that many of them are equal.
fn values() -> impl Strategy<Value = Value> {
    let scalars = [
        json!(null),
        json!(true),
        json!(1),
        json!(1.0),
        json!(-0.5),
        json!("1"),
        json!("ä'\"\\"),
    ];
    prop::sample::select(scalars.to_vec()).prop_recursive(3, 16, 4, |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc']", value, 0..4).prop_map(|members| json!(members)),
        ]
    })
}
