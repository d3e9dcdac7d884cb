//! Storing and reading bookmarks.

use tasktrail_domain::UserId;

use crate::domain::bookmarks::{Bookmark, BookmarkRepository};

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn bookmark(name: &str, url: &str) -> Bookmark {
    let (name, url) = (name.into(), url.into());
    Bookmark { name, url }
}

/// A bookmark is read as it was put; another name has none.
pub async fn a_bookmark_is_read_as_it_was_put(bookmarks: &dyn BookmarkRepository) {
    let news = bookmark("news", "https://example.com/news");

    bookmarks.put(&user("alice"), &news).await.unwrap();

    assert_eq!(
        bookmarks.get(&user("alice"), "news").await.unwrap(),
        Some(news)
    );
    assert_eq!(bookmarks.get(&user("alice"), "mail").await.unwrap(), None);
}

/// A put replaces the user's bookmark with the same name.
pub async fn a_put_replaces_the_bookmark_of_the_same_name(bookmarks: &dyn BookmarkRepository) {
    let [old, new] =
        ["https://example.com/1", "https://example.com/2"].map(|url| bookmark("news", url));

    bookmarks.put(&user("alice"), &old).await.unwrap();
    bookmarks.put(&user("alice"), &new).await.unwrap();

    assert_eq!(
        bookmarks.get(&user("alice"), "news").await.unwrap(),
        Some(new)
    );
}

/// The same name under two users is two bookmarks.
pub async fn the_same_name_under_another_user_is_another_bookmark(
    bookmarks: &dyn BookmarkRepository,
) {
    bookmarks
        .put(&user("alice"), &bookmark("news", "https://example.com"))
        .await
        .unwrap();

    assert_eq!(bookmarks.get(&user("bob"), "news").await.unwrap(), None);
}
