//! Arguments shared by several commands. Nothing here depends on a command.

mod global;
mod seconds;
mod status;
mod task;
mod time;

pub(crate) use self::global::Global;
pub(crate) use self::seconds::seconds_between;
pub(crate) use self::status::{status_parser, status_set};
pub(crate) use self::task::TaskArgs;
pub(crate) use self::time::time;
