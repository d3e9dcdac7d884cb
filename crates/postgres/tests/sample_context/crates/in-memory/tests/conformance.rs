use std::sync::Arc;

use crate::domain::bookmarks::BookmarkRepository;
use crate::in_memory::bookmarks::InMemoryBookmarks;

async fn fresh() -> (Arc<dyn BookmarkRepository>, ()) {
    (Arc::new(InMemoryBookmarks::default()), ())
}

crate::conformance::bookmarks::bookmarks_suite!(fresh);
