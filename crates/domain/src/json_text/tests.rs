use std::collections::BTreeMap;

use serde_json::json;

use super::*;

fn text(json: &str) -> JsonText {
    json.parse().unwrap()
}

#[test]
fn number_literals_are_kept() {
    let digits = "1234567890".repeat(4);
    for number in [
        "0", "-0", "0.0", "-0.00", "1.50", "1e400", "1E+5", "-1e-5", "1.0", &digits, "0.10e0",
    ] {
        assert_eq!(text(number).as_str(), number);
        let nested = format!(r#"{{"n":[{number}]}}"#);
        assert_eq!(text(&nested).as_str(), nested);
    }
    assert_ne!(text("1.50"), text("1.5"));
}

#[test]
fn every_character_has_one_canonical_form() {
    let spellings = [
        (r#""\u0041\/\u00e9""#, r#""A/é""#),
        (
            r#""\u0022\u005C\u0008\u000C\u000a\u000D\u0009""#,
            r#""\"\\\b\f\n\r\t""#,
        ),
        (r#""\u001F\u0000""#, r#""\u001f\u0000""#),
        (r#""\uD83D\uDE00""#, r#""😀""#),
    ];
    for (given, expected) in spellings {
        assert_eq!(text(given).as_str(), expected);
    }
}

#[test]
fn lone_surrogates_are_kept_as_escapes() {
    let spellings = [
        (r#""\uD835""#, r#""\ud835""#),
        (r#""\udc00\ud835""#, r#""\udc00\ud835""#),
        (r#""\ud835\ud835\udc00x""#, r#""\ud835𝐀x""#),
        (r#""\ud835\\udc00""#, r#""\ud835\\udc00""#),
        (
            r#"{"\udfff":"\ud800\u0000"}"#,
            r#"{"\udfff":"\ud800\u0000"}"#,
        ),
    ];
    for (given, expected) in spellings {
        assert_eq!(text(given).as_str(), expected);
    }
}

#[test]
fn members_are_sorted_by_code_points_of_their_keys() {
    let given = r#" { "b" : { "z" : 1, "a" : [ ] } ,
        "a!" : 2, "a" : 1, "\n" : 0, "\ue000" : 7, "\ud835" : 6, "\ud83d\ude00" : 8, "B" : 3 } "#;

    assert_eq!(
        text(given).as_str(),
        "{\"\\n\":0,\"B\":3,\"a\":1,\"a!\":2,\"b\":{\"a\":[],\"z\":1},\"\\ud835\":6,\"\u{e000}\":7,\"😀\":8}"
    );
}

#[test]
fn duplicate_key_is_refused_and_named() {
    for given in [
        r#"{"a":1,"a":1}"#,
        r#"{"b":1,"a":1,"\u0061":2}"#,
        r#"[{"x":{"a":{},"b":[],"a":null}}]"#,
    ] {
        assert_eq!(
            given.parse::<JsonText>().unwrap_err().to_string(),
            r#"JSON document must be free of duplicate keys, got "a""#
        );
    }
    assert!(r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#.parse::<JsonText>().is_ok());
}

#[test]
fn document_deeper_than_100_levels_is_refused() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let value = |levels: usize| {
        let member = |inner| Value::Object([("a".to_owned(), inner)].into_iter().collect());
        (0..levels).fold(json!(1), |inner, _| Value::Array(vec![member(inner)]))
    };

    assert!(nested(100).parse::<JsonText>().is_ok());
    assert!(JsonText::of(&value(50)).is_ok());
    for refused in [
        nested(101).parse::<JsonText>(),
        nested(1_000_000).parse(),
        JsonText::of(&value(51)),
        JsonText::of(&value(500)),
    ] {
        assert_eq!(
            refused.unwrap_err().to_string(),
            "JSON document must be nested at most 100 levels deep, got a deeper one"
        );
    }
}

#[test]
fn invalid_json_is_refused() {
    for given in [
        "",
        "{",
        "01",
        "1 2",
        "'a'",
        "\"\t\"",
        "[1,]",
        "nul",
        r#""\ud83""#,
    ] {
        let error = given.parse::<JsonText>().unwrap_err().to_string();
        assert!(
            error.starts_with("JSON document must be valid JSON, got an error: "),
            "{error}"
        );
    }
    let no_text = BTreeMap::from([((1, 2), 3)]);
    assert!(JsonText::of(&no_text).is_err());
}

#[test]
fn document_round_trips_through_serde_json() {
    let document = text(r#"{"a":[1.50,-0,1e400],"b":"\ud835\u0000"}"#);
    let around = BTreeMap::from([("result", &document)]);

    let json = serde_json::to_string(&around).unwrap();
    let read: BTreeMap<String, JsonText> = serde_json::from_str(&json).unwrap();

    assert_eq!(json, format!(r#"{{"result":{document}}}"#));
    assert_eq!(read["result"], document);
    assert_eq!(JsonText::of(&document).unwrap(), document);
}

#[test]
fn deserializing_from_buffered_content_fails() {
    #[derive(Debug, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        rest: BTreeMap<String, JsonText>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Document(JsonText),
    }

    for json in ["1.50", r#""x""#, "null", r#"{"a":1}"#] {
        let nested = format!(r#"{{"a":{json}}}"#);
        assert!(serde_json::from_str::<Flat>(&nested).is_err(), "{json}");
        let untagged = serde_json::from_str(json).map(|Untagged::Document(document)| document);
        assert!(untagged.is_err(), "{json}");
    }
    let empty: Flat = serde_json::from_str("{}").unwrap();
    assert!(empty.rest.is_empty());
}

#[test]
fn to_value_returns_equal_values_only() {
    for (held, value) in [
        ("1.50", json!(1.5)),
        ("-0", json!(-0.0)),
        ("15e-1", json!(1.5)),
        ("1.00e2", json!(100.0)),
        ("18446744073709551615", json!(u64::MAX)),
        (
            r#"{"b":[null,true],"a":"x"}"#,
            json!({ "a": "x", "b": [null, true] }),
        ),
    ] {
        let held = text(held).to_value().unwrap();
        let equal = held == value || held.as_f64() == value.as_f64() && held.is_number();
        assert!(equal, "{held} {value}");
    }
    assert!(text(r#"["\ud835"]"#).to_value().is_err());
    assert!(
        text(r#"{"a":[{"$serde_json::private::RawValue":"[1]"}]}"#)
            .to_value()
            .is_err()
    );
    let digits = "[12345678901234567890123]";
    match text(digits).to_value() {
        // With `serde_json/arbitrary_precision`, which another crate may enable.
        Ok(value) => assert_eq!(value.to_string(), digits),
        Err(error) => assert!(error.to_string().contains("serde_json::Value"), "{error}"),
    }
}

#[test]
fn document_equals_the_value_that_it_was_made_from() {
    for value in [
        json!({ "b": 1.5, "a": [1e17, -0.0, "\0", null] }),
        json!({ "$serde_json::private::Number": "1", "$serde_json::private::RawValue": "2" }),
        json!([{ "$serde_json::private::RawValue": "x" }, { "$serde_json::private::Number": {} }]),
    ] {
        assert_eq!(JsonText::of(&value).unwrap(), value);
        assert_eq!(text(&value.to_string()), value);
        assert_eq!(text(&format!("[{value:#}]")), json!([value]));
    }
    assert_ne!(text("1.50"), json!(1.5));
}

#[test]
fn target_type_decides_how_numbers_are_read() {
    let prices = text(r#"{"a":1.50,"b":12345678901234567890123}"#);

    let read: BTreeMap<String, f64> = prices.deserialize().unwrap();

    assert_eq!(
        (read["a"], read["b"]),
        (1.5, 12_345_678_901_234_567_890_123.0)
    );
    assert!(text(r#""\ud835""#).deserialize::<String>().is_err());
}
