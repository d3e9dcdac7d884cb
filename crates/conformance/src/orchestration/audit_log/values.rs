//! The values of entries.

use serde_json::json;
use tasktrail_domain::orchestration::Payload;
use tasktrail_domain::orchestration::audit::{
    AuditFilter, Change, CustomAction, EntityKind, NewAuditEntry,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::{Actor, ActorKind, Note};

use crate::Orchestration;
use crate::fixture::user;
use crate::orchestration::fixture::{Writes, note_about, payload};

/// Fields may be any JSON, which comes back with the same literals of numbers and texts.
pub async fn any_json_comes_back_as_given(store: &Orchestration) {
    let writes = Writes::default();
    let levels = Payload::MAX_DEPTH;
    let deepest = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let digits = format!("{}.{}", "9".repeat(300), "1".repeat(300));
    for text in [
        "null",
        "true",
        "\"\"",
        "[]",
        "[[],{},[null]]",
        r#"{"":{"b":1,"aa":2,"A":3,"é":4}}"#,
        "[1.50,1.5,1e400,-0,0.0,100.0,1E+2,-1e-400,9007199254740993.0]",
        r#"["\u0000","␛","␛u0000","\\u0000","\u001f","\u007f","/"]"#,
        r#"{"\u0000":1,"␛u0000":2,"␛":3,"\ud835":4}"#,
        r#"["\ud835","\udc00","a\ud83db","\udfff\ud800"]"#,
        &deepest,
        &digits,
    ] {
        let fields: Payload = text.parse().unwrap();
        let entry = note_about("store").with_fields(fields.clone(), fields);
        assert_kept(store, &writes, entry, None).await;
    }
}

/// Actions, ids, actors and notes may hold any characters but NUL, in up to 255 bytes.
pub async fn texts_of_entries_may_hold_any_characters(store: &Orchestration) {
    let writes = Writes::default();
    let longest = ["x".repeat(255), "🦀".repeat(63)];
    let awkward = [
        " ",
        "\t\n",
        "'; --",
        "\\N",
        "%_",
        "é",
        "e\u{301}",
        "🦀",
        "\u{10ffff}",
        "␛",
        "a:b",
    ];
    for text in awkward
        .into_iter()
        .chain(longest.iter().map(String::as_str))
    {
        let action = CustomAction::new(text).unwrap();
        let id = text.parse().unwrap();
        let entry = NewAuditEntry::new(user("alice"), action, EntityKind::Other, id);
        assert_kept(store, &writes, entry, Some(text)).await;
    }
}

/// Fields may be as large as the limit.
pub async fn entries_may_be_as_large_as_the_limit(store: &Orchestration) {
    let frame = json!({ "text": "" }).to_string().len();
    let largest = json!({ "text": "x".repeat(Payload::MAX_BYTES - frame) });
    let entry = note_about("store").with_fields(payload(&largest), payload(&largest));

    assert_kept(store, &Writes::default(), entry, None).await;
}

/// Times are kept to the microsecond, from the first to the last one.
pub async fn times_are_kept_to_the_microsecond(store: &Orchestration) {
    let writes = Writes::default();
    for at in [
        Timestamp::MIN,
        Timestamp::from_micros(-1).unwrap(),
        Timestamp::from_micros(1_767_268_800_123_457).unwrap(),
        Timestamp::MAX,
    ] {
        let (write, entry) = (writes.at(at), note_about("store"));
        store.record(&write, &entry).await;

        assert_eq!(store.changes_of(&write).await, [Change::from(entry)]);
        let from_then = AuditFilter::default().with_time(at, None);
        let listed = store.entries(&user("alice"), &from_then).await;
        assert_eq!(listed.len(), 1, "{at}");
    }
}

/// Records an entry, and panics unless it is listed as it was given. `text` is the name of the actor
/// and the note.
async fn assert_kept(
    store: &Orchestration,
    writes: &Writes,
    entry: NewAuditEntry,
    text: Option<&str>,
) {
    let mut write = writes.next();
    if let Some(text) = text {
        write.actor = Actor::new(ActorKind::Service, text).unwrap();
        write.note = Some(Note::new(text).unwrap());
    }
    store.record(&write, &entry).await;

    assert_eq!(store.changes_of(&write).await, [Change::from(entry)]);
}
