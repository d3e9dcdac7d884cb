use std::sync::Arc;

use tasktrail_resilience::{Guarded, ResilienceConfig, StandardPolicy};

use crate::conformance::bookmarks::{Bookmarks, bookmarks_suite};
use crate::in_memory::bookmarks::InMemoryBookmarks;

async fn fresh() -> (Bookmarks, ()) {
    let policy = StandardPolicy::new(&ResilienceConfig::default());
    let guarded = Guarded::new(InMemoryBookmarks::default(), policy);
    (Arc::new(guarded), ())
}

bookmarks_suite!(fresh);
