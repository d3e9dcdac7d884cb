use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tasktrail::task_history::{
    ErrorCode, ResultLimit, StepName, StepNumber, TaskId, TaskKey, TaskStatus, TaskStepResult,
    UserId,
};
use tasktrail::timestamp::Timestamp;

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) field: Option<String>,
    pub(super) reason: String,
}

impl Fault {
    /// Something is wrong with the line as a whole.
    pub(super) fn of_line(reason: impl Into<String>) -> Self {
        Self {
            field: None,
            reason: reason.into(),
        }
    }
}

/// A line that was read.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) task: TaskKey,
    pub(super) step: StepNumber,
    pub(super) recorded_at: Option<Timestamp>,
    pub(super) step_result: TaskStepResult,
}

impl Record {
    /// Reads a line.
    pub(super) fn read(line: &[u8], limit: ResultLimit) -> Result<Self, Fault> {
        let text = std::str::from_utf8(line).map_err(|error| {
            let byte = error.valid_up_to() + 1;
            Fault::of_line(format!("not UTF-8 from byte {byte} of the line on"))
        })?;
        let written = parse(text)?;
        let document = written.step_result.into_json();
        let step_result = TaskStepResult::from_json(document, limit).map_err(|error| Fault {
            field: Some("step_result".to_owned()),
            reason: error.to_string(),
        })?;
        Ok(Self {
            task: TaskKey {
                user: written.user_id,
                task: written.task_id,
            },
            step: written.step,
            recorded_at: written.recorded_at,
            step_result,
        })
    }
}

fn parse(text: &str) -> Result<Written, Fault> {
    let mut json = serde_json::Deserializer::from_str(text);
    let written = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        // The root is called "." there, and a key that could not be read "?".
        let path = error.path().to_string();
        let known = path.trim_end_matches(['.', '?']);
        let field = Some(known.to_owned()).filter(|path| !path.is_empty());
        fault(field, &error.into_inner())
    })?;
    json.end().map_err(|error| fault(None, &error))?;
    Ok(written)
}

fn fault(field: Option<String>, error: &serde_json::Error) -> Fault {
    // The parser counts the lines of the text that it is given, which is always one.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let what = text.strip_suffix(&place).unwrap_or(&text);
    if error.is_data() {
        let reason = what.to_owned();
        Fault { field, reason }
    } else {
        let reason = format!("not JSON: {what} (column {})", error.column());
        Fault { field, reason }
    }
}

/// A line, key by key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    user_id: UserId,
    task_id: TaskId,
    step: StepNumber,
    recorded_at: Option<Timestamp>,
    step_result: WrittenResult,
}

/// The seven keys, read one by one so that a wrong one is named. What they must hold together, and
/// how large they may be, is the domain's to check.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenResult {
    step: StepName,
    result: Value,
    completed: bool,
    message: String,
    status: TaskStatus,
    #[serde(deserialize_with = "present")]
    error_code: Option<ErrorCode>,
    #[serde(deserialize_with = "present")]
    error_message: Option<String>,
}

impl WrittenResult {
    fn into_json(self) -> Value {
        let error_code = self.error_code.map(|code| code.as_str().to_owned());
        let keys = [
            ("step", self.step.as_str().into()),
            ("result", self.result),
            ("completed", self.completed.into()),
            ("message", self.message.into()),
            ("status", self.status.as_str().into()),
            ("error_code", error_code.into()),
            ("error_message", self.error_message.into()),
        ];
        Value::Object(Map::from_iter(
            keys.map(|(key, value)| (key.to_owned(), value)),
        ))
    }
}

/// Serde takes a missing key of an `Option` for `None`, unless the field has a reader of its own.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}
