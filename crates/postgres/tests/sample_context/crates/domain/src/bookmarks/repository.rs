use std::fmt;

use async_trait::async_trait;
use tasktrail_domain::UserId;
use tasktrail_domain::repository::{Result, port};

use super::bookmark::{Bookmark, BookmarkName};

/// Stores bookmarks.
///
/// # Contract
///
/// - Users are isolated: the same name under two users is two bookmarks.
#[port("bookmarks")]
#[async_trait]
pub(crate) trait BookmarkRepository: fmt::Debug + Send + Sync {
    /// Stores a bookmark, in place of the user's bookmark with the same name.
    #[idempotent]
    async fn put(&self, user: &UserId, bookmark: &Bookmark) -> Result<()>;

    /// Returns a bookmark; `None` if the user has none with this name.
    #[read]
    async fn get(&self, user: &UserId, name: &BookmarkName) -> Result<Option<Bookmark>>;
}
