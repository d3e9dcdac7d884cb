//! Storing and reading bookmarks.

use tasktrail_domain::UserId;

use super::Bookmarks;
use crate::domain::bookmarks::{Bookmark, BookmarkName, BookmarkUrl};

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn name(text: &str) -> BookmarkName {
    BookmarkName::new(text).unwrap()
}

fn bookmark(of: &str, url: &str) -> Bookmark {
    let (name, url) = (name(of), BookmarkUrl::new(url).unwrap());
    Bookmark { name, url }
}

/// A bookmark is read as it was put; another name has none.
pub async fn a_bookmark_is_read_as_it_was_put(bookmarks: &Bookmarks) {
    let (alice, news) = (user("alice"), bookmark("news", "https://example.com/news"));

    bookmarks.put(&alice, &news).await.unwrap();

    let [found, other] = [name("news"), name("mail")];
    assert_eq!(bookmarks.get(&alice, &found).await.unwrap(), Some(news));
    assert_eq!(bookmarks.get(&alice, &other).await.unwrap(), None);
}

/// A put replaces the user's bookmark with the same name.
pub async fn a_put_replaces_the_bookmark_of_the_same_name(bookmarks: &Bookmarks) {
    let alice = user("alice");
    let [old, new] =
        ["https://example.com/1", "https://example.com/2"].map(|url| bookmark("news", url));

    bookmarks.put(&alice, &old).await.unwrap();
    bookmarks.put(&alice, &new).await.unwrap();

    let found = bookmarks.get(&alice, &new.name).await.unwrap();
    assert_eq!(found, Some(new));
}

/// The same name under two users is two bookmarks.
pub async fn the_same_name_under_another_user_is_another_bookmark(bookmarks: &Bookmarks) {
    let news = bookmark("news", "https://example.com");

    bookmarks.put(&user("alice"), &news).await.unwrap();

    let of_bob = bookmarks.get(&user("bob"), &news.name).await.unwrap();
    assert_eq!(of_bob, None);
}
