use std::sync::Arc;

use crate::conformance::bookmarks::{Bookmarks, bookmarks_suite};
use crate::in_memory::bookmarks::InMemoryBookmarks;

async fn fresh() -> (Bookmarks, ()) {
    (Arc::new(InMemoryBookmarks::default()), ())
}

bookmarks_suite!(fresh);
