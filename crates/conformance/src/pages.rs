//! Lists that are read page by page.

use tasktrail_domain::repository::{Page, PageRequest};

use crate::fixture::page;

/// Reads page after page until the last one.
///
/// Panics if a page is too long, if it is empty and not the first, or if its cursor does not
/// advance.
pub(crate) async fn pages<T, C>(
    size: u64,
    load: impl AsyncFn(&PageRequest<C>) -> Page<T, C>,
) -> Vec<Vec<T>>
where
    C: PartialEq,
{
    let mut pages = Vec::new();
    let mut request = Some(page(size));
    while let Some(asked) = request {
        let given = load(&asked).await;
        let held = given.items.len();
        assert!(held <= asked.size.get(), "{held} items on a page of {size}");
        assert!(
            held > 0 || pages.is_empty(),
            "empty page after another page"
        );
        assert!(
            given.next.is_none() || given.next != asked.after,
            "the cursor does not advance"
        );
        pages.push(given.items);
        request = asked.next(given.next);
    }
    pages
}
