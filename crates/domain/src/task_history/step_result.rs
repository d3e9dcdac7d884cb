mod unchecked;

use serde::{Deserialize, Serialize};

use super::result_limit::json_size;
use super::{ErrorCode, ResultLimit, StepName, TaskStatus};
use crate::{InvalidValue, JsonText};

pub use self::unchecked::UncheckedStepResult;

/// What came of one step: its name, its result, and how it stands.
///
/// As JSON an object of exactly seven keys, always all present: `step`, `result`, `completed`,
/// `message`, `status`, `error_code`, `error_message`. Reading refuses a missing or an unknown key. It is
/// read by `serde_json` only, as a [`JsonText`] is.
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
    /// Begins the result of the step called `step`.
    ///
    /// Unless said otherwise it has no result (`null`), no message and no error, and is completed
    /// if its status is [`Completed`](TaskStatus::Completed).
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

    /// How many bytes the seven-key document has as compact JSON.
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

    /// The step's name.
    #[must_use]
    pub fn step(&self) -> &StepName {
        &self.step
    }

    /// What the step gave; any JSON, exactly as it was given.
    #[must_use]
    pub fn result(&self) -> &JsonText {
        &self.result
    }

    /// Whether the step is done.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.completed
    }

    /// What the step says to people; may be empty.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How the step stands.
    #[must_use]
    pub fn status(&self) -> TaskStatus {
        self.status
    }

    /// Why the step failed, as a code.
    #[must_use]
    pub fn error_code(&self) -> Option<&ErrorCode> {
        self.error_code.as_ref()
    }

    /// Why the step failed, in words.
    #[must_use]
    pub fn error_message(&self) -> Option<&str> {
        self.error_message.as_deref()
    }
}

/// Builds a [`TaskStepResult`]; everything is checked by [`build`](Self::build).
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
    /// What the step gave: a [`JsonText`], a `json!`, or anything else that serializes to JSON.
    /// Defaults to `null`.
    pub fn result(mut self, result: impl Serialize) -> Self {
        self.result = JsonText::of_field("result", &result);
        self
    }

    /// Whether the step is done, where its status does not say it.
    pub fn completed(mut self, completed: bool) -> Self {
        self.completed = completed;
        self
    }

    /// What the step says to people. Defaults to an empty text.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Why the step failed. Defaults to no error.
    pub fn error(mut self, code: ErrorCode, message: impl Into<String>) -> Self {
        self.error = Some((code, message.into()));
        self
    }

    /// How large result and messages may be. Defaults to [`ResultLimit::DEFAULT`].
    pub fn limit(mut self, limit: ResultLimit) -> Self {
        self.limit = limit;
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the step's name is not 1 to 255 bytes long or holds a NUL, if the
    /// result or a message exceeds the limit, or if the result is no document (see
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
    fn the_document_of_seven_keys_is_read_and_written() {
        let read: TaskStepResult = serde_json::from_value(document()).unwrap();

        assert_eq!(read.error_code(), Some(&ErrorCode::EXECUTION));
        assert_eq!(serde_json::to_value(&read).unwrap(), document());
    }

    #[test]
    fn every_key_must_be_there() {
        for key in document().as_object().unwrap().keys() {
            let mut without = document();
            without.as_object_mut().unwrap().remove(key);

            let error = serde_json::from_value::<TaskStepResult>(without).unwrap_err();

            assert_eq!(error.to_string(), format!("missing field `{key}`"));
        }
    }

    #[test]
    fn an_eighth_key_is_refused() {
        let mut more = document();
        more["extra"] = json!(1);

        let error = serde_json::from_value::<TaskStepResult>(more).unwrap_err();

        assert!(
            error.to_string().starts_with("unknown field `extra`"),
            "{error}"
        );
    }

    #[test]
    fn the_limit_can_be_changed() {
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
    fn reading_applies_the_limit_it_is_given() {
        let mut large = document();
        large["result"] = json!("x".repeat(2 << 20));

        assert!(serde_json::from_value::<TaskStepResult>(large.clone()).is_err());
        let large: UncheckedStepResult = serde_json::from_value(large).unwrap();
        assert!(large.check(ResultLimit::UNLIMITED).is_ok());
    }

    #[test]
    fn a_step_is_completed_by_its_status_unless_said_otherwise() {
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
