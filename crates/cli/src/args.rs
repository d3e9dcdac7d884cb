//! Arguments shared by several commands. Nothing here depends on a command.

mod document;
mod global;
mod owner;
mod seconds;
mod status;
mod task;
mod time;

pub(crate) use self::document::read_document;
pub(crate) use self::global::Global;
pub(crate) use self::owner::{ActorArgs, OwnerArgs};
pub(crate) use self::seconds::seconds_between;
pub(crate) use self::status::{status_parser, status_set};
pub(crate) use self::task::TaskArgs;
pub(crate) use self::time::time;
