//! The bookmarks of users, and the port to store them.

mod bookmark;
mod repository;

pub(crate) use self::bookmark::{Bookmark, BookmarkName, BookmarkUrl};
pub(crate) use self::repository::{BookmarkRepository, operation};
