//! The conformance suite with a role that has only the privileges that the statements need.

use std::sync::Arc;

use tasktrail_test_support::TestDatabase;

use crate::conformance::bookmarks::{Bookmarks, bookmarks_suite};
use crate::{connected, migrated};

async fn fresh() -> (Bookmarks, TestDatabase) {
    let database = migrated();
    let role = format!("runtime_of_{}", database.name());
    database
        .execute(&format!(
            "CREATE ROLE {role} LOGIN;
             GRANT SELECT, INSERT, UPDATE ON bookmark TO {role}"
        ))
        .unwrap();
    let url = database.url().replace("postgres@", &format!("{role}@"));
    (Arc::new(connected(url, 2).await), database)
}

bookmarks_suite!(fresh);
