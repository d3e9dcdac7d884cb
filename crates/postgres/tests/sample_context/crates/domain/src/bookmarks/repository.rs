use std::fmt;

use async_trait::async_trait;
use tasktrail_domain::UserId;
use tasktrail_domain::repository::{Result, port};

/// A named URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bookmark {
    pub(crate) name: String,
    pub(crate) url: String,
}

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
    async fn get(&self, user: &UserId, name: &str) -> Result<Option<Bookmark>>;
}
