use std::sync::Arc;

use tasktrail_test_support::TestDatabase;

use crate::conformance::bookmarks::{Bookmarks, bookmarks_suite};
use crate::{connected, migrated};

async fn fresh() -> (Bookmarks, TestDatabase) {
    let database = migrated();
    let bookmarks = connected(database.url(), 2).await;
    // Shared once more, so that the forwarding of the port is tested as well.
    let shared: Bookmarks = Arc::new(bookmarks);
    (Arc::new(shared), database)
}

bookmarks_suite!(fresh);
