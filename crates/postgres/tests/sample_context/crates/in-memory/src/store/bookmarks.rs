//! The bookmarks of all users.

use std::collections::BTreeMap;

use tasktrail_domain::UserId;

use crate::domain::bookmarks::{Bookmark, BookmarkName};

#[derive(Debug, Default)]
pub(crate) struct Bookmarks(BTreeMap<(UserId, BookmarkName), Bookmark>);

impl Bookmarks {
    pub(crate) fn put(&mut self, user: &UserId, bookmark: &Bookmark) {
        let key = (user.clone(), bookmark.name.clone());
        self.0.insert(key, bookmark.clone());
    }

    pub(crate) fn get(&self, user: &UserId, name: &BookmarkName) -> Option<Bookmark> {
        self.0.get(&(user.clone(), name.clone())).cloned()
    }
}
