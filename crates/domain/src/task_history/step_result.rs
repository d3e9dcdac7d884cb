mod unchecked;

use serde::{Deserialize, Serialize};

use super::result_limit::json_size;
use super::{ErrorCode, ResultLimit, StepName, TaskStatus};
use crate::{InvalidValue, JsonText};

pub use self::unchecked::UncheckedStepResult;

/// The result of a step: its name, its status, its result document, and a message or an error.
///
/// The JSON form is an object with exactly seven keys: `step`, `result`, `completed`, `message`,
/// `status`, `error_code`, `error_message`. Deserializing fails if a key is missing or unknown, and
/// works with `serde_json` only, like [`JsonText`].
///
/// ```
/// use serde_json::json;
/// use tasktrail_domain::task_history::{TaskStatus, TaskStepResult};
///
/// let fetched = TaskStepResult::builder("fetch", TaskStatus::Completed)
///     .result(json!({ "pages": 12 }))
///     .message("fetched 12 pages")
///     .build()?;
///
/// assert_eq!(
///     serde_json::to_value(&fetched)?,
///     json!({
///         "step": "fetch",
///         "result": { "pages": 12 },
///         "completed": true,
///         "message": "fetched 12 pages",
///         "status": "completed",
///         "error_code": null,
///         "error_message": null,
///     })
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedStepResult")]
pub struct TaskStepResult {
    step: StepName,
    result: JsonText,
    completed: bool,
    message: String,
    status: TaskStatus,
    error_code: Option<ErrorCode>,
    error_message: Option<String>,
}

impl TaskStepResult {
    /// Starts building the result of the step named `step`.
    ///
    /// By default the result document is `null`, the message is empty, there is no error, and the
    /// step is completed if its status is [`Completed`](TaskStatus::Completed).
    pub fn builder(step: impl Into<String>, status: TaskStatus) -> TaskStepResultBuilder {
        TaskStepResultBuilder {
            step: step.into(),
            status,
            result: Ok(JsonText::default()),
            completed: status == TaskStatus::Completed,
            message: String::new(),
            error: None,
            limit: ResultLimit::DEFAULT,
        }
    }

    /// Returns the size of the whole step result as compact JSON, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        json_size(self)
    }

    fn within(self, limit: ResultLimit) -> Result<Self, InvalidValue> {
        limit.check_result(&self.result)?;
        limit.check_message("message", &self.message)?;
        limit.check_message("error_message", self.error_message().unwrap_or_default())?;
        Ok(self)
    }

    /// Returns the name of the step.
    #[must_use]
    pub fn step(&self) -> &StepName {
        &self.step
    }

    /// Returns the result document of the step: any JSON, with its exact text.
    #[must_use]
    pub fn result(&self) -> &JsonText {
        &self.result
    }

    /// Returns whether the step is done.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.completed
    }

    /// Returns the message for people; may be empty.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the status of the step.
    #[must_use]
    pub fn status(&self) -> TaskStatus {
        self.status
    }

    /// Returns the error code, if the step failed.
    #[must_use]
    pub fn error_code(&self) -> Option<&ErrorCode> {
        self.error_code.as_ref()
    }

    /// Returns the error message, if the step failed.
    #[must_use]
    pub fn error_message(&self) -> Option<&str> {
        self.error_message.as_deref()
    }
}

/// Builder of a [`TaskStepResult`]. [`build`](Self::build) validates the values.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing before `build`"]
pub struct TaskStepResultBuilder {
    step: String,
    status: TaskStatus,
    result: Result<JsonText, InvalidValue>,
    completed: bool,
    message: String,
    error: Option<(ErrorCode, String)>,
    limit: ResultLimit,
}

impl TaskStepResultBuilder {
    /// Sets the result document: a [`JsonText`], a `json!` value, or any other value that
    /// serializes to JSON. Defaults to `null`.
    pub fn result(mut self, result: impl Serialize) -> Self {
        self.result = JsonText::of_field("result", &result);
        self
    }

    /// Sets whether the step is done. By default it is if its status is `completed`.
    pub fn completed(mut self, completed: bool) -> Self {
        self.completed = completed;
        self
    }

    /// Sets the message for people. Defaults to an empty text.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Sets the error of a failed step. Defaults to no error.
    pub fn error(mut self, code: ErrorCode, message: impl Into<String>) -> Self {
        self.error = Some((code, message.into()));
        self
    }

    /// Sets the maximum size of the result and of each message. Defaults to
    /// [`ResultLimit::DEFAULT`].
    pub fn limit(mut self, limit: ResultLimit) -> Self {
        self.limit = limit;
        self
    }

    /// Validates the values and builds the step result.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the name of the step is not 1 to 255 bytes long or contains a NUL, if
    /// the result or a message exceeds the limit, or if the result is not a valid document (see
    /// [`JsonText::of`]).
    pub fn build(self) -> Result<TaskStepResult, InvalidValue> {
        let (error_code, error_message) = self.error.unzip();
        let built = TaskStepResult {
            step: StepName::new(self.step)?,
            result: self.result?,
            completed: self.completed,
            message: self.message,
            status: self.status,
            error_code,
            error_message,
        };
        built.within(self.limit)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document() -> Value {
        json!({
            "step": "fetch", "result": {"n": 1}, "completed": false, "message": "",
            "status": "failed", "error_code": "E003", "error_message": "refused",
        })
    }

    #[test]
    fn document_of_seven_keys_round_trips() {
        let read: TaskStepResult = serde_json::from_value(document()).unwrap();

        assert_eq!(read.error_code(), Some(&ErrorCode::EXECUTION));
        assert_eq!(serde_json::to_value(&read).unwrap(), document());
    }

    #[test]
    fn document_with_a_missing_key_is_refused() {
        for key in document().as_object().unwrap().keys() {
            let mut without = document();
            without.as_object_mut().unwrap().remove(key);

            let error = serde_json::from_value::<TaskStepResult>(without).unwrap_err();

            assert_eq!(error.to_string(), format!("missing field `{key}`"));
        }
    }

    #[test]
    fn document_with_an_unknown_key_is_refused() {
        let mut more = document();
        more["extra"] = json!(1);

        let error = serde_json::from_value::<TaskStepResult>(more).unwrap_err();

        assert!(
            error.to_string().starts_with("unknown field `extra`"),
            "{error}"
        );
    }

    #[test]
    fn builder_applies_its_limit_to_results() {
        let large = || json!("x".repeat(2 << 20));
        let build = |limit| {
            TaskStepResult::builder("s", TaskStatus::Running)
                .result(large())
                .limit(limit)
                .build()
        };

        assert!(build(ResultLimit::bytes(3 << 20)).is_ok());
        assert_eq!(
            build(ResultLimit::DEFAULT).unwrap_err().to_string(),
            "result must be at most 1048576 bytes long as JSON, got 2097154 bytes"
        );
    }

    #[test]
    fn check_applies_its_limit_to_results() {
        let mut large = document();
        large["result"] = json!("x".repeat(2 << 20));

        assert!(serde_json::from_value::<TaskStepResult>(large.clone()).is_err());
        let large: UncheckedStepResult = serde_json::from_value(large).unwrap();
        assert!(large.check(ResultLimit::UNLIMITED).is_ok());
    }

    #[test]
    fn completed_defaults_to_the_status() {
        let built = |status| TaskStepResult::builder("s", status);

        assert!(built(TaskStatus::Completed).build().unwrap().is_completed());
        assert!(!built(TaskStatus::Failed).build().unwrap().is_completed());
        assert!(
            built(TaskStatus::Failed)
                .completed(true)
                .build()
                .unwrap()
                .is_completed()
        );
    }
}
