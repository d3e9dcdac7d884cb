//! Tests that every statement reads index ranges of one user.

use std::path::Path;

use tasktrail_domain::UserId;
use tasktrail_test_support::{TestDatabase, statement_plans};

use crate::domain::bookmarks::{Bookmark, BookmarkName, BookmarkRepository, BookmarkUrl};
use crate::postgres::prepared_plans::PreparedPlans;
use crate::{connected, migrated};

/// Calls every operation of the port once.
async fn one_of_each(bookmarks: &impl BookmarkRepository) {
    let user = UserId::new("alice").unwrap();
    let name = BookmarkName::new("news").unwrap();
    let url = BookmarkUrl::new("https://example.com").unwrap();
    let bookmark = Bookmark { name, url };
    bookmarks.put(&user, &bookmark).await.unwrap();
    bookmarks.get(&user, &bookmark.name).await.unwrap();
}

#[tokio::test]
async fn every_statement_reads_index_ranges_of_one_user() {
    let database: TestDatabase = migrated();
    let bookmarks = connected(database.url(), 1).await;
    one_of_each(&bookmarks).await;

    let plans = bookmarks.run(PreparedPlans(&[])).await.unwrap();

    let plans = plans
        .iter()
        .map(|(sql, plan)| (sql.as_str(), plan.as_str()));
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample_context");
    let folder = here.join("crates/postgres/src/bookmarks/sql");
    let problems = statement_plans::problems(&folder, plans, &[]).unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
