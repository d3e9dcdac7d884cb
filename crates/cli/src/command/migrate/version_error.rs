use tasktrail::{DatabaseError, MigrateError};

use crate::failure::Failure;

/// Reports an unknown, ambiguous or unapplied version as invalid usage.
pub(super) fn version_error(error: DatabaseError) -> Failure {
    match error {
        DatabaseError::Migrate(
            error @ (MigrateError::UnknownVersion { .. }
            | MigrateError::AmbiguousVersion { .. }
            | MigrateError::NotApplied(_)),
        ) => Failure::Usage(error.to_string()),
        error => error.into(),
    }
}
