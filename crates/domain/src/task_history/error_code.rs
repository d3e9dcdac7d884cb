use std::borrow::Cow;

use crate::text::short_text;

short_text! {
    /// The code of an error of a step: any text. The well-known codes are constants.
    ErrorCode, "error_code"
}

impl ErrorCode {
    /// E001: the input was invalid.
    pub const VALIDATION: Self = Self(Cow::Borrowed("E001"));
    /// E002: the step timed out.
    pub const TIMEOUT: Self = Self(Cow::Borrowed("E002"));
    /// E003: the step failed during its execution.
    pub const EXECUTION: Self = Self(Cow::Borrowed("E003"));
    /// E004: the task was cancelled.
    pub const CANCELLED: Self = Self(Cow::Borrowed("E004"));
    /// E005: every retry failed.
    pub const RETRIES_EXHAUSTED: Self = Self(Cow::Borrowed("E005"));
    /// E006: the database failed.
    pub const DATABASE: Self = Self(Cow::Borrowed("E006"));
    /// E007: an expression of the workflow language could not be evaluated.
    pub const DSL_EVALUATION: Self = Self(Cow::Borrowed("E007"));
}
