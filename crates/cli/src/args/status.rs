use clap::builder::{PossibleValuesParser, TypedValueParser};
use tasktrail::task_history::{StatusSet, TaskStatus};

/// Parses a status. Help and completions list all of them.
pub(crate) fn status_parser() -> impl TypedValueParser<Value = TaskStatus> {
    PossibleValuesParser::new(TaskStatus::ALL.map(TaskStatus::as_str))
        .try_map(|text| text.parse::<TaskStatus>())
}

/// The given statuses, or all if none is given.
pub(crate) fn status_set(given: &[TaskStatus]) -> StatusSet {
    if given.is_empty() {
        StatusSet::ALL
    } else {
        StatusSet::only(given.iter().copied())
    }
}
