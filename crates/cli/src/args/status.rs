use clap::builder::{PossibleValuesParser, TypedValueParser};
use tasktrail::task_history::{StatusSet, TaskStatus};

/// Reads a status, and lists them all in help and completions.
pub(crate) fn status_parser() -> impl TypedValueParser<Value = TaskStatus> {
    PossibleValuesParser::new(TaskStatus::ALL.map(TaskStatus::as_str))
        .try_map(|text| text.parse::<TaskStatus>())
}

/// The statuses that were asked for: those given, or all.
pub(crate) fn status_set(given: &[TaskStatus]) -> StatusSet {
    if given.is_empty() {
        StatusSet::ALL
    } else {
        StatusSet::only(given.iter().copied())
    }
}
