use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use tasktrail::InvalidValue;
use tasktrail::task_history::{
    EntryId, Finish, StepNumber, TaskStatus, TaskStepResult, UncheckedStepResult,
};
use tasktrail::timestamp::Timestamp;
use tasktrail::{TaskId, TaskKey, UserId};

use super::options::{ImportOptions, Unstorable};

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) field: Option<String>,
    pub(super) reason: String,
}

impl Fault {
    /// A fault of the line as a whole.
    pub(super) fn of_line(reason: impl Into<String>) -> Self {
        Self {
            field: None,
            reason: reason.into(),
        }
    }

    /// A fault of the value of a field.
    fn in_field(field: &'static str) -> impl Fn(InvalidValue) -> Self {
        move |error| Self {
            field: Some(field.to_owned()),
            reason: error.to_string(),
        }
    }
}

/// A parsed line.
#[derive(Debug)]
pub(super) enum Record {
    /// A saved step result.
    Save(Save),
    /// The finish of a task.
    Finish(TaskKey, Finish),
}

#[derive(Debug)]
pub(super) struct Save {
    pub(super) task: TaskKey,
    pub(super) step: StepNumber,
    pub(super) recorded_at: Option<Timestamp>,
    pub(super) entry_id: Option<EntryId>,
    pub(super) step_result: TaskStepResult,
    /// The reason, if a part of the step result was replaced.
    pub(super) replaced: Option<Fault>,
}

impl Record {
    /// Parses a line.
    pub(super) fn read(line: &[u8], options: ImportOptions) -> Result<Self, Fault> {
        let text = std::str::from_utf8(line).map_err(|error| {
            let byte = error.valid_up_to() + 1;
            Fault::of_line(format!("not UTF-8 (byte {byte} of the line)"))
        })?;
        parse(text)?.check(options)
    }
}

fn parse(text: &str) -> Result<Written, Fault> {
    let mut json = serde_json::Deserializer::from_str(text);
    let written = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        // serde_path_to_error names the root "." and an unreadable key "?".
        let path = error.path().to_string();
        let known = path.trim_end_matches(['.', '?']);
        let field = Some(known.to_owned()).filter(|path| !path.is_empty());
        fault(text, field, &error.into_inner())
    })?;
    json.end().map_err(|error| fault(text, None, &error))?;
    Ok(written)
}

fn fault(line: &str, field: Option<String>, error: &serde_json::Error) -> Fault {
    // Remove the position from the message: the line number is always 1.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let what = text.strip_suffix(&place).unwrap_or(&text);
    if error.is_data() {
        let reason = what.to_owned();
        return Fault { field, reason };
    }
    // The parser also reports two kinds of valid JSON as syntax errors.
    let is_json = serde_json::from_str::<IgnoredAny>(line).is_ok();
    let why = if is_json {
        "a lone surrogate, or a number out of range"
    } else {
        "not JSON"
    };
    let reason = format!("{why}: {what} (column {})", error.column());
    Fault { field, reason }
}

/// The keys of a line. The keys decide whether it is a step result or a finish; both kinds share
/// some.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    user_id: UserId,
    task_id: TaskId,
    #[serde(default, deserialize_with = "given")]
    step: Option<StepNumber>,
    recorded_at: Option<Timestamp>,
    entry_id: Option<EntryId>,
    #[serde(default, deserialize_with = "given")]
    step_result: Option<UncheckedStepResult>,
    #[serde(default, deserialize_with = "given")]
    finish: Option<WrittenFinish>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFinish {
    status: TaskStatus,
    at: Timestamp,
}

/// Deserializes an optional key that must not be null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(json: D) -> Result<Option<T>, D::Error> {
    T::deserialize(json).map(Some)
}

impl Written {
    fn check(self, options: ImportOptions) -> Result<Record, Fault> {
        let task = TaskKey {
            user: self.user_id,
            task: self.task_id,
        };
        let Some(finish) = self.finish else {
            let missing = |key| Fault::of_line(format!("missing field `{key}`"));
            let step = self.step.ok_or_else(|| missing("step"))?;
            let step_result = self.step_result.ok_or_else(|| missing("step_result"))?;
            let (step_result, replaced) = check_or_replace(step_result, options)?;
            return Ok(Record::Save(Save {
                task,
                step,
                recorded_at: self.recorded_at,
                entry_id: self.entry_id,
                step_result,
                replaced,
            }));
        };
        let of_a_step = [
            ("step", self.step.is_some()),
            ("recorded_at", self.recorded_at.is_some()),
            ("entry_id", self.entry_id.is_some()),
            ("step_result", self.step_result.is_some()),
        ];
        match of_a_step.iter().find(|(_, is_present)| *is_present) {
            Some((key, _)) => Err(Fault::of_line(format!(
                "a line has either `finish` or `{key}`: it is the finish of a task or one of its steps"
            ))),
            None => Ok(Record::Finish(task, finish.check()?)),
        }
    }
}

/// Checks the step result, or replaces the parts that cannot be stored. Also returns the reasons.
fn check_or_replace(
    step_result: UncheckedStepResult,
    options: ImportOptions,
) -> Result<(TaskStepResult, Option<Fault>), Fault> {
    let limit = options.result_limit;
    let field = "step_result";
    match options.unstorable {
        Unstorable::Refuse => {
            let checked = step_result.check(limit).map_err(Fault::in_field(field))?;
            Ok((checked, None))
        }
        Unstorable::Replace => {
            let (step_result, reasons) = step_result.replace(limit);
            let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            let replaced = (!reasons.is_empty()).then(|| Fault {
                field: Some(field.to_owned()),
                reason: reasons.join("; "),
            });
            Ok((step_result, replaced))
        }
    }
}

impl WrittenFinish {
    fn check(self) -> Result<Finish, Fault> {
        let status = self.status.try_into();
        Ok(Finish {
            status: status.map_err(Fault::in_field("finish.status"))?,
            at: self.at,
        })
    }
}
