use tasktrail::task_history::ResultLimit;

/// What an import does about a bad line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BadLines {
    /// Saves the good lines before it and stops.
    #[default]
    Stop,
    /// Counts it and goes on.
    Skip,
}

/// What an import does about a result or a message that cannot be stored, in an otherwise good line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unstorable {
    /// Takes the line for a bad one.
    #[default]
    Refuse,
    /// Saves the step with a replacement, as
    /// [`UncheckedStepResult::replace`](tasktrail::task_history::UncheckedStepResult::replace) makes
    /// it, and counts it.
    Replace,
}

/// How an import reads its lines. By default a result is bounded to 1 MiB, and a bad line stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// How large a line's result and messages may be.
    pub result_limit: ResultLimit,
    /// What happens at a bad line.
    pub bad_lines: BadLines,
    /// What happens at a result or a message that cannot be stored.
    pub unstorable: Unstorable,
}
