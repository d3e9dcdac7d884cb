//! The contract of a `BookmarkRepository`, and the list of its cases.

pub(crate) mod put;

use std::sync::Arc;

use crate::domain::bookmarks::BookmarkRepository;

pub(crate) type Bookmarks = Arc<dyn BookmarkRepository>;

/// Generates a test for each case, on a repository created by `$fresh`.
///
/// `$fresh` is an `async fn() -> (Bookmarks, Guard)`.
macro_rules! bookmarks_suite {
    ($fresh:path) => {
        $crate::conformance::bookmarks::bookmarks_cases! {
            $fresh;
            put:
                a_bookmark_is_read_as_it_was_put,
                a_put_replaces_the_bookmark_of_the_same_name,
                the_same_name_under_another_user_is_another_bookmark;
        }
    };
}

macro_rules! bookmarks_cases {
    ($fresh:path; $($concern:ident: $($case:ident),+;)+) => {
        $($(
            #[test]
            fn $case() {
                tasktrail_conformance::run(
                    $fresh,
                    std::convert::identity,
                    $crate::conformance::bookmarks::$concern::$case,
                );
            }
        )+)+
    };
}

pub(crate) use {bookmarks_cases, bookmarks_suite};
