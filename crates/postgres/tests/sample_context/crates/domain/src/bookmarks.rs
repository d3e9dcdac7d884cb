//! The bookmarks of users, and the port to store them.

mod repository;

pub(crate) use self::repository::{Bookmark, BookmarkRepository, operation};
