use super::*;

fn refusal<T: fmt::Debug>(value: Result<T, InvalidValue>) -> String {
    value.unwrap_err().to_string()
}

#[test]
fn title_is_1_to_500_characters() {
    let longest = "é".repeat(500);

    assert_eq!(Title::new("x").unwrap().as_str(), "x");
    assert_eq!(Title::new(longest.as_str()).unwrap().to_string(), longest);
    assert_eq!(
        refusal(Title::new("")),
        "title must be 1 to 500 characters long, got \"\""
    );
    assert_eq!(
        refusal(Title::new("x".repeat(501))),
        format!(
            "title must be 1 to 500 characters long, got {:?}… of 501 bytes",
            "x".repeat(40)
        )
    );
    assert_eq!(
        refusal("a\0".parse::<Title>()),
        "title must be free of NUL characters, got \"a\\0\""
    );
}

#[test]
fn description_is_up_to_64_kib() {
    assert_eq!(Description::default().as_str(), "");
    assert_eq!(Description::new(""), Ok(Description::default()));
    assert!(Description::new("x".repeat(Description::MAX_BYTES)).is_ok());
    assert_eq!(
        refusal(Description::new(
            "é".repeat(Description::MAX_BYTES / 2) + "x"
        )),
        format!(
            "description must be at most 65536 bytes long, got {:?}… of 65537 bytes",
            "é".repeat(40)
        )
    );
    assert_eq!(
        refusal("a\0".parse::<Description>()),
        "description must be free of NUL characters, got \"a\\0\""
    );
}

#[test]
fn json_of_a_text_is_validated() {
    assert_eq!(
        serde_json::to_string(&Title::new("x").unwrap()).unwrap(),
        r#""x""#
    );
    assert!(serde_json::from_str::<Title>(r#""""#).is_err());
    assert!(serde_json::from_str::<Description>(r#""\u0000""#).is_err());
    assert!(serde_json::from_str::<Tag>(r#""""#).is_err());
}

#[test]
fn tags_are_a_set_of_up_to_64() {
    let tag = |number: usize| Tag::new(format!("t{number:02}")).unwrap();

    let most = Tags::new((0..Tags::MAX).rev().map(tag)).unwrap();
    assert!(most.iter().eq(&(0..Tags::MAX).map(tag).collect::<Vec<_>>()));
    assert_eq!(Tags::new((0..Tags::MAX).chain([0, 0]).map(tag)), Ok(most));
    assert_eq!(
        refusal(Tags::new((0..=Tags::MAX).map(tag))),
        "tags must be at most 64, got 65"
    );
    assert!(Tags::default().is_empty() && !Tags::new([tag(0)]).unwrap().is_empty());
}

#[test]
fn tags_are_a_sorted_list_as_json() {
    let tags: Tags = serde_json::from_str(r#"["b", "a", "b"]"#).unwrap();

    assert_eq!(serde_json::to_string(&tags).unwrap(), r#"["a","b"]"#);
    let too_many: Vec<_> = (0..65).map(|number| number.to_string()).collect();
    let json = serde_json::to_string(&too_many).unwrap();
    assert!(serde_json::from_str::<Tags>(&json).is_err());
}

#[test]
fn numbers_have_bounds_and_defaults() {
    assert_eq!((Priority::MIN.get(), Priority::MAX.get()), (-1000, 1000));
    assert_eq!(Priority::default().get(), 0);
    assert_eq!(
        refusal(Priority::new(1001)),
        "priority must be -1000 to 1000, got 1001"
    );
    assert_eq!((MaxAttempts::MIN.get(), MaxAttempts::MAX.get()), (1, 1000));
    assert_eq!(MaxAttempts::default().get(), 3);
    assert_eq!(
        refusal(MaxAttempts::new(0)),
        "max_attempts must be 1 to 1000, got 0"
    );
    assert_eq!((TimeLimit::MIN.get(), TimeLimit::MAX.get()), (1, 2_592_000));
    assert_eq!(
        refusal(TimeLimit::new(2_592_001)),
        "time_limit must be 1 to 2592000, got 2592001"
    );
}

#[test]
fn deadline_is_the_time_limit_later() {
    let noon: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
    let deadline = |limit: TimeLimit| limit.deadline(noon).to_string();

    assert_eq!(deadline(TimeLimit::MIN), "2026-01-31T12:00:01.000000Z");
    assert_eq!(deadline(TimeLimit::MAX), "2026-03-02T12:00:00.000000Z");
    assert_eq!(TimeLimit::MAX.deadline(Timestamp::MAX), Timestamp::MAX);
}
