//! Bookmarks in memory. A real context is a view of `InMemoryStore` instead of its own lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tasktrail_domain::UserId;
use tasktrail_domain::repository::Result;

use crate::domain::bookmarks::{Bookmark, BookmarkName, BookmarkRepository};
use crate::in_memory::store::bookmarks::Bookmarks;

#[derive(Debug, Default)]
pub(crate) struct InMemoryBookmarks(Mutex<Bookmarks>);

impl InMemoryBookmarks {
    fn lock(&self) -> MutexGuard<'_, Bookmarks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl BookmarkRepository for InMemoryBookmarks {
    async fn put(&self, user: &UserId, bookmark: &Bookmark) -> Result<()> {
        self.lock().put(user, bookmark);
        Ok(())
    }

    async fn get(&self, user: &UserId, name: &BookmarkName) -> Result<Option<Bookmark>> {
        Ok(self.lock().get(user, name))
    }
}
