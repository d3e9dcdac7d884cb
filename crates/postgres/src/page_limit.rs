//! Pages that are limited by rows and by bytes.

use tasktrail_domain::repository::{Page, PageSize};

/// The row limit of a page. One additional row shows whether there is a next page.
pub(crate) fn one_beyond(size: PageSize) -> i64 {
    i64::try_from(size.get())
        .unwrap_or(i64::MAX)
        .saturating_add(1)
}

/// Creates a page from rows that were read to one more than `size`, each with the number of rows that
/// were read: fewer are left because of the limit on bytes.
pub(crate) fn page_of<R, T, C, E>(
    rows: Vec<(i64, R)>,
    size: PageSize,
    item: impl Fn(R) -> Result<T, E>,
    cursor: impl FnOnce(&T) -> C,
) -> Result<Page<T, C>, E> {
    let read = rows.as_slice().first().map_or(0, |(read, _)| *read);
    let held = rows.into_iter().take(size.get());
    let items: Vec<T> = held.map(|(_, row)| item(row)).collect::<Result<_, E>>()?;
    let is_last = i64::try_from(items.len()) == Ok(read);
    let next = items.last().filter(|_| !is_last).map(cursor);
    Ok(Page { items, next })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn page(read: i64, rows: i64, size: u64) -> (Vec<i64>, Option<i64>) {
        let rows = (1..=rows).map(|row| (read, row)).collect();
        let size = PageSize::new(size).unwrap();
        let page = page_of(rows, size, Ok::<_, Infallible>, |item| *item).unwrap();
        (page.items, page.next)
    }

    #[test]
    fn page_has_a_cursor_if_rows_are_left_out_by_number_or_bytes() {
        assert_eq!(page(0, 0, 2), (vec![], None));
        assert_eq!(page(2, 2, 2), (vec![1, 2], None));
        assert_eq!(page(3, 3, 2), (vec![1, 2], Some(2)));
        assert_eq!(page(2, 1, 2), (vec![1], Some(1)));
    }
}
