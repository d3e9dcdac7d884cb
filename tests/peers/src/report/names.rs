//! The names of the cases in the table of all figures.

use super::number::grouped;
use crate::case::{Case, Dispatcher, Reader, Saver};

/// Returns the workload, the program, and the number of callers.
pub(super) fn names(case: Case) -> [String; 3] {
    match case {
        Case::Save(saver, callers) => ["save".to_owned(), saver_name(saver), callers.to_string()],
        Case::Status(reader, callers) => [
            "status".to_owned(),
            reader_name(reader),
            callers.to_string(),
        ],
        Case::Load(reader @ (Reader::Plain | Reader::Partitioned), callers) => [
            "load, 10 steps".to_owned(),
            reader_name(reader),
            callers.to_string(),
        ],
        Case::Load(reader, callers) => [
            "load, 100 steps".to_owned(),
            reader_name(reader),
            callers.to_string(),
        ],
        Case::List(reader, listed) => {
            let which = if listed.failed_only {
                ", failed only"
            } else {
                ""
            };
            let tasks = grouped(f64::from(listed.tasks));
            [
                format!("list, {tasks} tasks{which}"),
                reader_name(reader),
                "1".to_owned(),
            ]
        }
        Case::Dispatch(dispatcher, callers) => [
            "claim and report".to_owned(),
            dispatcher_name(dispatcher).to_owned(),
            callers.to_string(),
        ],
        Case::Cleanup => [
            "cleanup, entries".to_owned(),
            "tasktrail".to_owned(),
            "1".to_owned(),
        ],
        Case::Import => [
            "import, lines".to_owned(),
            "tasktrail".to_owned(),
            "1".to_owned(),
        ],
    }
}

const fn dispatcher_name(dispatcher: Dispatcher) -> &'static str {
    match dispatcher {
        Dispatcher::Tasktrail => "tasktrail",
        Dispatcher::Pgbench => "pgbench, the state only",
        Dispatcher::River => "river",
    }
}

fn saver_name(saver: Saver) -> String {
    match saver {
        Saver::Grouped => "tasktrail".to_owned(),
        Saver::Alone => "tasktrail, group commit off".to_owned(),
        Saver::Pgbench(1) => "pgbench".to_owned(),
        Saver::Pgbench(entries) => format!("pgbench, {entries} saves per statement"),
        Saver::TokioPostgres => "tokio-postgres".to_owned(),
        Saver::DieselAsync => "diesel-async".to_owned(),
        Saver::Durare => "durare".to_owned(),
        Saver::Original => "the original".to_owned(),
        Saver::IntoEmpty => "tasktrail, empty store".to_owned(),
        Saver::IntoFull => "tasktrail, full store".to_owned(),
        Saver::Plain => "tasktrail, one table".to_owned(),
        Saver::Partitioned => "tasktrail, 13 partitions".to_owned(),
        Saver::Undisturbed => "tasktrail, no cleanup".to_owned(),
        Saver::DuringCleanup => "tasktrail, during a cleanup".to_owned(),
    }
}

fn reader_name(reader: Reader) -> String {
    let name = match reader {
        Reader::Tasktrail => "tasktrail",
        Reader::Pgbench => "pgbench",
        Reader::Original => "the original",
        Reader::Plain => "tasktrail, one table",
        Reader::Partitioned => "tasktrail, 13 partitions",
    };
    name.to_owned()
}
