mod xml_text;

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, Event};
use tasktrail::task_history::{HistoryEntry, TaskStatus};
use tasktrail::{ExportedItem, ExportedTask};

use self::xml_text::{case_name, legal};
use super::document::Document;

/// Writes an event log in XES, IEEE 1849-2016: a trace for each task, an event for each entry.
pub(super) struct EventLog<W: Write> {
    out: Writer<W>,
    in_trace: bool,
}

/// The standard extensions that define the attribute names.
const EXTENSIONS: [(&str, &str); 4] = [
    ("Concept", "concept"),
    ("Lifecycle", "lifecycle"),
    ("Organizational", "org"),
    ("Time", "time"),
];

/// Attributes that every trace or event has, with the default values that the format requires.
type Globals = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

const GLOBALS: [Globals; 2] = [
    ("trace", &[("string", "concept:name", "UNKNOWN")]),
    (
        "event",
        &[
            ("string", "concept:name", "UNKNOWN"),
            ("date", "time:timestamp", "1970-01-01T00:00:00.000000Z"),
            ("string", "lifecycle:transition", "unknown"),
        ],
    ),
];

/// The attributes that identify the class of an event.
const CLASSIFIERS: [(&str, &str); 2] = [
    ("Activity", "concept:name"),
    (
        "Activity and transition",
        "concept:name lifecycle:transition",
    ),
];

impl<W: Write> EventLog<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out: Writer::new_with_indent(out, b' ', 1),
            in_trace: false,
        }
    }

    fn start(&mut self, name: &str) -> io::Result<()> {
        self.out.write_event(Event::Start(BytesStart::new(name)))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.out.write_event(Event::End(BytesEnd::new(name)))
    }

    /// Writes an element without content.
    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        let element = BytesStart::new(name).with_attributes(attributes.iter().copied());
        self.out.write_event(Event::Empty(element))
    }

    /// Writes an attribute in the sense of the XES standard.
    fn attribute(&mut self, kind: &str, key: &str, value: &str) -> io::Result<()> {
        self.empty(kind, &[("key", key), ("value", &legal(value))])
    }

    fn head(&mut self) -> io::Result<()> {
        for (name, prefix) in EXTENSIONS {
            let uri = format!("http://www.xes-standard.org/{prefix}.xesext");
            self.empty(
                "extension",
                &[("name", name), ("prefix", prefix), ("uri", &uri)],
            )?;
        }
        for (scope, attributes) in GLOBALS {
            let element = BytesStart::new("global").with_attributes([("scope", scope)]);
            self.out.write_event(Event::Start(element))?;
            for (kind, key, value) in attributes {
                self.attribute(kind, key, value)?;
            }
            self.close("global")?;
        }
        for (name, keys) in CLASSIFIERS {
            self.empty("classifier", &[("name", name), ("keys", keys)])?;
        }
        self.attribute("string", "lifecycle:model", "standard")
    }

    fn trace(&mut self, task: &ExportedTask) -> io::Result<()> {
        self.end_trace()?;
        self.start("trace")?;
        self.in_trace = true;
        self.attribute("string", "concept:name", &case_name(&task.task))?;
        self.attribute("string", "user_id", task.task.user.as_str())?;
        self.attribute("string", "task_id", task.task.task.as_str())?;
        if let Some(finish) = task.finish {
            self.attribute("string", "finished_status", &finish.status.to_string())?;
            self.attribute("date", "finished_at", &finish.at.to_string())?;
        }
        Ok(())
    }

    fn end_trace(&mut self) -> io::Result<()> {
        if self.in_trace {
            self.in_trace = false;
            self.close("trace")?;
        }
        Ok(())
    }

    fn event(&mut self, entry: &HistoryEntry) -> io::Result<()> {
        let result = &entry.step_result;
        let status = result.status();
        self.start("event")?;
        self.attribute("string", "concept:name", result.step().as_str())?;
        self.attribute("date", "time:timestamp", &entry.recorded_at.to_string())?;
        self.attribute("string", "lifecycle:transition", transition(status))?;
        self.attribute("string", "org:resource", entry.task.user.as_str())?;
        self.attribute("id", "entry_id", &entry.id.to_string())?;
        self.attribute("int", "step", &entry.step.to_string())?;
        self.attribute("string", "status", status.as_str())?;
        let completed = if result.is_completed() {
            "true"
        } else {
            "false"
        };
        self.attribute("boolean", "completed", completed)?;
        if let Some(code) = result.error_code() {
            self.attribute("string", "error_code", code.as_str())?;
        }
        if let Some(message) = result.error_message() {
            self.attribute("string", "error_message", message)?;
        }
        if !result.message().is_empty() {
            self.attribute("string", "message", result.message())?;
        }
        if !result.result().is_null() {
            self.attribute("string", "result", result.result().as_str())?;
        }
        self.close("event")
    }
}

/// The transition of the standard lifecycle that leads to a status.
fn transition(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Pending => "schedule",
        TaskStatus::Running => "start",
        TaskStatus::Completed => "complete",
        TaskStatus::Cancelled => "withdraw",
        TaskStatus::TimedOut | TaskStatus::Failed => "ate_abort",
    }
}

impl<W: Write> Document for EventLog<W> {
    fn begin(&mut self) -> io::Result<()> {
        let declaration = BytesDecl::new("1.0", Some("UTF-8"), None);
        self.out.write_event(Event::Decl(declaration))?;
        let log = BytesStart::new("log").with_attributes([
            ("xes.version", "1849.2016"),
            ("xes.features", ""),
            ("xmlns", "http://www.xes-standard.org/"),
        ]);
        self.out.write_event(Event::Start(log))?;
        self.head()
    }

    fn item(&mut self, item: &ExportedItem) -> io::Result<()> {
        match item {
            ExportedItem::Task(task) => self.trace(task),
            ExportedItem::Entry(entry) => self.event(entry),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.end_trace()?;
        self.close("log")?;
        self.out.get_mut().write_all(b"\n")
    }
}
