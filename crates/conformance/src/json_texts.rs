//! Random JSON documents, in every valid spelling.

use proptest::prelude::*;
use proptest::sample::select;
use tasktrail_domain::JsonText;

/// Generates documents.
pub fn any_json_text() -> impl Strategy<Value = JsonText> {
    let distinct_keys = "an object has a duplicate key";
    any_json().prop_filter_map(distinct_keys, |json| json.parse().ok())
}

/// Generates valid JSON, with whitespace, unnecessary escapes and keys in any order. An object may
/// have duplicate keys.
pub fn any_json() -> impl Strategy<Value = String> {
    let word = select(vec!["null", "true", "false"]).prop_map(str::to_owned);
    let leaf = prop_oneof![1 => word, 3 => number(), 3 => string()];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let items = prop::collection::vec(spaced(inner.clone()), 0..6);
        let members = prop::collection::vec((spaced(string()), spaced(inner)), 0..6);
        prop_oneof![
            items.prop_map(|items| format!("[{}]", items.join(","))),
            members.prop_map(|members| {
                let members = members.iter().map(|(key, value)| format!("{key}:{value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn spaced(json: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let space = select(vec!["", "", "", " ", "\n\t", "\r\n  "]);
    (space.clone(), json, space).prop_map(|(before, json, after)| [before, &json, after].concat())
}

/// A number of any length, in any spelling.
fn number() -> impl Strategy<Value = String> {
    let ordinary = any::<i32>().prop_map(|number| number.to_string());
    let float = any::<f64>().prop_filter("JSON has no NaN", |number| number.is_finite());
    let awkward = select(vec![
        "-0",
        "0",
        "0.0",
        "-0.00",
        "1.50",
        "100.0",
        "1e400",
        "-1E-400",
        "1e+17",
        "0e0",
        "18446744073709551616",
        "9007199254740993.0",
    ]);
    prop_oneof![
        ordinary,
        float.prop_map(|number| format!("{number:?}")),
        awkward.prop_map(str::to_owned),
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?",
        "-?[1-9][0-9]{990,1010}",
    ]
}

fn string() -> impl Strategy<Value = String> {
    let awkward = select(vec![
        r"\u0000",
        r"\ud835",
        r"\uDC00",
        r"\ud835\udc00",
        r"\udc00\ud835",
        r"\\",
        r"\/",
        r#"\""#,
        r"\n",
        r"\t",
        r"\b",
        r"\f",
        r"\r",
        r"\u001F",
        r"\u0041",
        r"\u000a",
        r"\u241b",
        "␛",
        "␀",
        "#",
        "u",
        "d835",
        "“",
        "😀",
        "$serde_json::private::Number",
        "$serde_json::private::RawValue",
    ]);
    let plain = any::<char>().prop_filter("has to be escaped", |character| {
        *character >= ' ' && !matches!(character, '"' | '\\')
    });
    let part = prop_oneof![
        2 => awkward.prop_map(str::to_owned),
        2 => plain.prop_map(String::from),
        1 => any::<u16>().prop_map(|unit| format!(r"\u{unit:04x}")),
    ];
    prop::collection::vec(part, 0..5).prop_map(|parts| format!("\"{}\"", parts.concat()))
}
