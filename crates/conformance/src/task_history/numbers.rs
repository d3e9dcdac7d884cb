//! Numbers in step results: every literal is returned exactly as it was saved.

use serde_json::json;
use tasktrail_domain::task_history::TaskStatus::Running;
use tasktrail_domain::task_history::operation;

use super::results::{assert_kept, text};
use crate::History;
use crate::fixture::{Edit, Writer, assert_conflict, task};

/// Numbers are returned as saved: integers as integers, floats as floats, with every digit.
pub async fn numbers_come_back_as_given(history: &History) {
    let writer = Writer::default();
    let whole = [
        json!(0),
        json!(1),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(i64::MAX),
    ];
    let floats = FLOATS.map(|float| json!(float));

    for number in whole.into_iter().chain(floats) {
        assert_kept(history, &writer, number.clone()).await;
        assert_kept(
            history,
            &writer,
            json!({ "n": [number.clone(), { "n": number }] }),
        )
        .await;
    }
}

const FLOATS: [f64; 28] = [
    -0.0,
    1.0,
    100.0,
    -3.0,
    0.1,
    1.1,
    1e15,
    1e16,
    1e17,
    -1e17,
    1e18,
    1e19,
    1e20,
    1e21,
    1e300,
    1.5e300,
    1e-7,
    5e-324,
    2.225_073_858_507_201e-308,
    123_456_789.123_456_79,
    9_007_199_254_740_993.0,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    f64::EPSILON,
    -f64::EPSILON,
];

/// A number is returned as the literal that was saved, with its length, exponent and zeros.
pub async fn literals_of_numbers_come_back_as_given(history: &History) {
    let writer = Writer::default();
    let fraction = format!("0.{}1", "0".repeat(20_000));
    let long = [40, 1000, 1001, 140_000].map(|digits| "7".repeat(digits));
    let long = long.iter().chain([&fraction]).map(String::as_str);

    for number in LITERALS.into_iter().chain(long) {
        assert_kept(history, &writer, text(number)).await;
        let negative = format!("-{number}");
        let nested = format!(r#"{{"n":[{negative},{{"n":{number}}}],"{number}":"{number}"}}"#);
        assert_kept(history, &writer, text(&nested)).await;
    }
}

const LITERALS: [&str; 20] = [
    "0",
    "0.0",
    "0.00",
    "0e0",
    "0E-7",
    "1.50",
    "1.500",
    "100.0",
    "1e2",
    "1E2",
    "1e+2",
    "1.0e-05",
    "1e17",
    "1e400",
    "1e-400",
    "1e131072",
    "1e99999999999",
    "18446744073709551616",
    "0.1000000000000000055511151231257827",
    "12345678901234567890123456789012345678901234567890.5",
];

/// Results with different number literals are different results.
pub async fn results_with_different_number_literals_are_distinct(history: &History) {
    let entry = Writer::default().step(&task("report"), 1, Running);
    let entry = entry.giving(text("[1.5]"));
    history.save(&entry).await;

    for other in ["[1.50]", "[15e-1]", r#"["1.5"]"#, r#"["␛#1.5"]"#] {
        let answer = history
            .port()
            .save(&entry.clone().giving(text(other)))
            .await;
        assert_conflict(answer, operation::SAVE, entry.id);
    }
}
