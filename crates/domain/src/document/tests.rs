use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn document(value: &Value) -> Document {
    Document::of(value).unwrap()
}

fn refusal(json: &str) -> String {
    json.parse::<Document>().unwrap_err().to_string()
}

#[test]
fn only_an_object_is_a_document() {
    assert_eq!(
        refusal("[1]"),
        "document must be a JSON object, got \"[1]\""
    );
    assert_eq!(Document::default().as_str(), "{}");
}

#[test]
fn document_is_at_most_64_kib_of_compact_json() {
    let of_bytes = |bytes: usize| format!(r#"{{ "a" : "{}" }}"#, "x".repeat(bytes - 8));

    assert!(of_bytes(Document::MAX_BYTES).parse::<Document>().is_ok());
    assert_eq!(
        refusal(&of_bytes(Document::MAX_BYTES + 1)),
        "document must be at most 65536 bytes long as compact JSON, got 65537"
    );
}

#[test]
fn document_is_at_most_90_levels_deep() {
    let of_levels = |levels: usize| {
        format!(
            r#"{{"a":{}{}}}"#,
            "[".repeat(levels - 1),
            "]".repeat(levels - 1)
        )
    };

    let deepest: Document = of_levels(Document::MAX_DEPTH).parse().unwrap();
    assert!(JsonText::of(&[[&deepest]]).is_ok());
    assert_eq!(
        refusal(&of_levels(Document::MAX_DEPTH + 1)),
        "document must be nested at most 90 levels deep, got a deeper one"
    );
    assert_eq!(
        refusal(&of_levels(JsonText::MAX_DEPTH + 1)),
        "document must be nested at most 100 levels deep, got a deeper one"
    );
}

#[test]
fn what_jsonb_cannot_hold_is_refused() {
    assert_eq!(
        refusal(r#"{"a":"x\u0000y"}"#),
        "document must be free of NUL characters, got \"x\\0y\""
    );
    assert!(refusal(r#"{"a\u0000":1}"#).contains("free of NUL"));
    assert!(refusal(r#"{"a":"\ud835"}"#).contains("free of lone surrogates"));
    assert_eq!(
        refusal(r#"{"a":1,"a":2}"#),
        "document must be free of duplicate keys, got \"a\""
    );
    assert_eq!(
        refusal(r#"{"a":1e400}"#),
        "document must be free of numbers with more than 400 digits before or after the decimal \
         point, got \"1e400\""
    );
    let read = serde_json::from_str::<Document>(r#"{"a":1,"a":2}"#).unwrap_err();
    assert!(
        read.to_string()
            .starts_with("document must be free of duplicate keys")
    );
}

#[test]
fn documents_of_equal_numbers_are_equal() {
    let with = |literal: &str| format!(r#"{{"n":{literal}}}"#).parse::<Document>();

    assert_eq!(with("1"), with("1.0"));
    assert_eq!(with("100"), with("1E+2"));
    assert_ne!(with("1"), with("1.0000000000000000000000001"));
}

#[test]
fn object_contains_what_each_of_its_keys_contains() {
    let held = document(&json!({ "a": { "b": 1, "c": [1, { "d": 2, "e": 3 }] }, "f": null }));

    for pattern in [
        json!({}),
        json!({ "f": null }),
        json!({ "a": {} }),
        json!({ "a": { "c": [] } }),
        json!({ "a": { "c": [{ "e": 3 }, 1, 1] } }),
        json!({ "a": { "b": 1.0 } }),
    ] {
        assert!(held.contains(&document(&pattern)), "{pattern}");
    }
    for pattern in [
        json!({ "b": 1 }),
        json!({ "f": false }),
        json!({ "a": [] }),
        json!({ "a": { "c": [{ "d": 2, "g": 3 }] } }),
        json!({ "a": { "c": 1 } }),
        json!({ "a": { "b": "1" } }),
    ] {
        assert!(!held.contains(&document(&pattern)), "{pattern}");
    }
}

#[test]
fn member_is_added_or_replaced() {
    let held = document(&json!({ "b": { "c": 1 }, "n": 1e21 }));
    let with = |key: &str, value: Value| {
        let value = JsonText::of(&value).unwrap();
        held.with_member(key, &value).map(|with| with.to_string())
    };

    assert_eq!(
        with("a", json!([1.0])).unwrap(),
        r#"{"a":[1],"b":{"c":1},"n":1e+21}"#
    );
    assert_eq!(with("b", json!(null)).unwrap(), r#"{"b":null,"n":1e+21}"#);
    assert_eq!(
        with("a", json!("x".repeat(Document::MAX_BYTES)))
            .unwrap_err()
            .limit(),
        "at most 65536 bytes long as compact JSON"
    );
    let deepest = "[".repeat(Document::MAX_DEPTH) + &"]".repeat(Document::MAX_DEPTH);
    let too_deep = held.with_member("a", &deepest.parse().unwrap());
    assert_eq!(
        too_deep.unwrap_err().limit(),
        "nested at most 90 levels deep"
    );
}

#[test]
fn members_are_merged_into_a_member() {
    let merged = |held: Value, added: Value| {
        let merged = document(&held).merging("answers", &document(&added));
        merged.unwrap().to_string()
    };

    assert_eq!(
        merged(json!({ "a": 1 }), json!({ "q": 2 })),
        r#"{"a":1,"answers":{"q":2}}"#
    );
    assert_eq!(
        merged(
            json!({ "answers": { "p": 1, "q": { "x": 1 } } }),
            json!({ "q": { "y": 2 }, "r": 3 })
        ),
        r#"{"answers":{"p":1,"q":{"y":2},"r":3}}"#
    );
    assert_eq!(
        merged(json!({ "answers": [1] }), json!({ "q": 2 })),
        r#"{"answers":{"q":2}}"#
    );
    assert_eq!(merged(json!({}), json!({})), r#"{"answers":{}}"#);
}

#[test]
fn merging_refuses_what_exceeds_a_limit() {
    let half = document(&json!({ "a": "x".repeat(Document::MAX_BYTES / 2) }));

    assert_eq!(
        half.merging("answers", &half).unwrap_err().limit(),
        "at most 65536 bytes long as compact JSON"
    );
}

#[test]
fn member_is_split_from_the_others() {
    let held = document(&json!({ "a": { "n": 1.5 }, "b": 2 }));

    let (member, others) = held.split_member("a");
    assert_eq!(member.unwrap().as_str(), r#"{"n":1.5}"#);
    assert_eq!(others.as_str(), r#"{"b":2}"#);
    assert_eq!(held.split_member("c"), (None, held));
}

proptest! {
    #[test]
    fn document_round_trips_and_contains_itself(value in values()) {
        let held = document(&json!({ "v": value }));

        prop_assert_eq!(held.as_str().parse(), Ok(held.clone()));
        prop_assert_eq!(serde_json::from_str(&serde_json::to_string(&held).unwrap()).ok(), Some(held.clone()));
        prop_assert!(held.contains(&held));
        prop_assert!(held.contains(&Document::default()));
    }
}

fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[^\0]{0,8}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 32, 4, |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[^\0]{0,4}", value, 0..4).prop_map(|map| json!(map)),
        ]
    })
}
