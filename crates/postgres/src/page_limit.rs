use tasktrail_domain::repository::PageSize;

/// The row limit of a page. One additional row shows whether there is a next page.
pub(crate) fn one_beyond(size: PageSize) -> i64 {
    i64::try_from(size.get())
        .unwrap_or(i64::MAX)
        .saturating_add(1)
}
