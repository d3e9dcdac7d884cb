use serde::Deserialize;
use tasktrail::task_history::{
    ResultLimit, StepNumber, TaskId, TaskKey, TaskStepResult, UncheckedStepResult, UserId,
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
        let step_result = written.step_result.check(limit).map_err(|error| Fault {
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
    step_result: UncheckedStepResult,
}
