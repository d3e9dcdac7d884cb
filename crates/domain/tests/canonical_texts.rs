//! Positions and sizes of pages are parsed only from the text that `Display` writes.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::prelude::*;
use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::Attempt;
use tasktrail_domain::orchestration::audit::AuditCursor;
use tasktrail_domain::orchestration::dispatch::ExecutionCursor;
use tasktrail_domain::orchestration::task::{Priority, TaskCursor};
use tasktrail_domain::repository::PageSize;
use tasktrail_domain::task_history::{ListCursor, StepNumber, TrailCursor};
use tasktrail_domain::timestamp::Timestamp;

/// An edit that often leaves a text readable: it inserts or replaces one character, changes the
/// case, or pads.
#[derive(Debug, Clone)]
struct Edit {
    at: prop::sample::Index,
    character: char,
    replaces: bool,
    upper_case: bool,
}

impl Edit {
    fn apply(&self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let at = self.at.index(characters.len() + 1);
        let end = (at + usize::from(self.replaces)).min(characters.len());
        characters.splice(at..end, [self.character]);
        let edited = String::from_iter(characters);
        if self.upper_case {
            edited.to_uppercase()
        } else {
            edited
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let character = prop::sample::select(vec!['+', '-', '0', '1', 'a', 'F', ' ', '_']);
    (any::<prop::sample::Index>(), character, any::<[bool; 2]>()).prop_map(
        |(at, character, [replaces, upper_case])| Edit {
            at,
            character,
            replaces,
            upper_case,
        },
    )
}

fn instant() -> impl Strategy<Value = Timestamp> {
    let micros = Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros();
    micros.prop_map(|micros| Timestamp::from_micros(micros).unwrap())
}

fn task() -> impl Strategy<Value = TaskId> {
    "[a-zé/]{1,3}".prop_map(|text| TaskId::new(text).unwrap())
}

fn list_cursor() -> impl Strategy<Value = ListCursor> {
    (instant(), task()).prop_map(|(last_updated, task)| ListCursor { last_updated, task })
}

fn task_cursor() -> impl Strategy<Value = TaskCursor> {
    (instant(), task()).prop_map(|(created_at, task)| TaskCursor { created_at, task })
}

fn execution_cursor() -> impl Strategy<Value = ExecutionCursor> {
    let attempt = 1..=i64::from(i32::MAX);
    (instant(), task(), attempt).prop_map(|(assigned_at, task, attempt)| ExecutionCursor {
        assigned_at,
        task,
        attempt: Attempt::new(attempt).unwrap(),
    })
}

/// The text of a value is parsed as this value, and an edited text only if it is again what
/// `Display` writes.
fn check<T>(value: T, edit: &Edit) -> Result<(), TestCaseError>
where
    T: FromStr<Err: Debug + PartialEq> + Display + Debug + PartialEq,
{
    let text = value.to_string();
    prop_assert_eq!(text.parse(), Ok(value));
    let edited = edit.apply(&text);
    if let Ok(parsed) = edited.parse::<T>() {
        prop_assert_eq!(parsed.to_string(), edited);
    }
    Ok(())
}

proptest! {
    #[test]
    fn list_cursor_parses_only_its_own_text(cursor in list_cursor(), edit in edit()) {
        check(cursor, &edit)?;
    }

    #[test]
    fn trail_cursor_parses_only_its_own_text(accepted in any::<i64>(), edit in edit()) {
        check(TrailCursor::new(accepted), &edit)?;
    }

    #[test]
    fn step_number_parses_only_its_own_text(step in 0..=i64::from(i32::MAX), edit in edit()) {
        check(StepNumber::new(step).unwrap(), &edit)?;
    }

    #[test]
    fn task_cursor_parses_only_its_own_text(cursor in task_cursor(), edit in edit()) {
        check(cursor, &edit)?;
    }

    #[test]
    fn execution_cursor_parses_only_its_own_text(cursor in execution_cursor(), edit in edit()) {
        check(cursor, &edit)?;
    }

    #[test]
    fn audit_cursor_parses_only_its_own_text(
        at in instant(),
        position in any::<i64>(),
        edit in edit(),
    ) {
        check(AuditCursor { at, position }, &edit)?;
    }

    #[test]
    fn priority_parses_only_its_own_text(priority in -1000..=1000_i64, edit in edit()) {
        check(Priority::new(priority).unwrap(), &edit)?;
    }

    #[test]
    fn page_size_parses_only_its_own_text(items in 1..=1000_u64, edit in edit()) {
        check(PageSize::new(items).unwrap(), &edit)?;
    }
}

#[test]
fn texts_that_integers_would_accept_are_refused() {
    for text in ["+1", "01", "-0", " 1", "1 ", ""] {
        assert!(text.parse::<TrailCursor>().is_err(), "{text:?}");
        assert!(text.parse::<StepNumber>().is_err(), "{text:?}");
        assert!(text.parse::<PageSize>().is_err(), "{text:?}");
    }
}
