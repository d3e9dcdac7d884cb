//! The contract of a `BookmarkRepository`, and the list of its cases.

pub(crate) mod put;

/// Generates a test for each case.
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
            #[tokio::test]
            async fn $case() {
                let fresh = $fresh;
                let (repository, _guard) = fresh().await;
                $crate::conformance::bookmarks::$concern::$case(&*repository).await;
            }
        )+)+
    };
}

pub(crate) use {bookmarks_cases, bookmarks_suite};
