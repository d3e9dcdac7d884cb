//! Lists that are read page by page.

use tasktrail_domain::repository::{Page, PageRequest};

use crate::fixture::page;

/// Reads page after page until the last one.
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
        request = turn(&asked, given, &mut pages);
    }
    pages
}

/// Keeps a page, and returns the request for the next one.
///
/// Panics if the page is too long, if it is empty and not the first, or if its cursor does not
/// advance.
fn turn<T, C: PartialEq>(
    asked: &PageRequest<C>,
    given: Page<T, C>,
    pages: &mut Vec<Vec<T>>,
) -> Option<PageRequest<C>> {
    let (held, size) = (given.items.len(), asked.size.get());
    assert!(held <= size, "{held} items on a page of {size}");
    assert!(
        held > 0 || pages.is_empty(),
        "empty page after another page"
    );
    assert!(
        given.next.is_none() || given.next != asked.after,
        "the cursor does not advance"
    );
    pages.push(given.items);
    asked.next(given.next)
}
