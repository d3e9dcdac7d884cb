use tasktrail::task_history::ResultLimit;

/// How an import handles an invalid line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InvalidLines {
    /// Save the valid lines before it, and stop.
    #[default]
    Stop,
    /// Count it, and continue.
    Skip,
}

/// How an import handles a result or a message that cannot be stored, in an otherwise valid line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unstorable {
    /// Treat the line as invalid.
    #[default]
    Refuse,
    /// Save the step with the replacement of
    /// [`UncheckedStepResult::replace`](tasktrail::task_history::UncheckedStepResult::replace), and
    /// count the line.
    Replace,
}

/// Options of an import. By default, results are limited to 1 MiB, and the first invalid line stops
/// the import.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// Maximum size of a result and of each message. Default: 1 MiB.
    pub result_limit: ResultLimit,
    /// How to handle invalid lines. Default: [`InvalidLines::Stop`].
    pub invalid_lines: InvalidLines,
    /// How to handle results and messages that cannot be stored. Default: [`Unstorable::Refuse`].
    pub unstorable: Unstorable,
}
