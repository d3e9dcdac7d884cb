//! Who changed what, when and why.
//!
//! Each write leaves its entries in its own transaction: the first one for what was written, and
//! one for each task that changed because of that.

mod action;
mod change;
mod conversion;
mod entry;
mod list;
mod repository;

pub use self::action::{Action, CustomAction};
pub use self::change::Change;
pub use self::entry::{AuditEntry, EntityId, EntityKind, NewAuditEntry};
pub use self::list::{AuditCursor, AuditFilter};
#[cfg(feature = "mock")]
pub use self::repository::MockAuditLogRepository;
pub use self::repository::{AuditLogRepository, operation};
