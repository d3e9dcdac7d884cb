use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidValue;
use crate::text::canonical;

/// The maximum number of items of a page: 1 to 1000, 100 by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct PageSize(u16);

impl PageSize {
    /// One item.
    pub const MIN: Self = Self(1);
    /// 1000 items.
    pub const MAX: Self = Self(1000);
    /// 100 items.
    pub const DEFAULT: Self = Self(100);

    /// Creates the size of a page with at most `items` items.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] outside of 1 to 1000.
    pub fn new(items: u64) -> Result<Self, InvalidValue> {
        u16::try_from(items)
            .map(Self)
            .ok()
            .filter(|size| (Self::MIN..=Self::MAX).contains(size))
            .ok_or_else(|| InvalidValue::new("page size", "1 to 1000", items))
    }

    /// Returns the maximum number of items.
    #[must_use]
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl TryFrom<u64> for PageSize {
    type Error = InvalidValue;

    fn try_from(items: u64) -> Result<Self, Self::Error> {
        Self::new(items)
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PageSize {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let items = canonical(text);
        let refused = || InvalidValue::text("page size", "1 to 1000", text);
        Self::new(items.ok_or_else(refused)?)
    }
}

/// A request for a page: its size, and the cursor that it starts after.
///
/// `C` is the cursor of the list. The default is the first page, of 100 items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<C> {
    /// The maximum number of items of the page.
    pub size: PageSize,
    /// The [`next`](Page::next) of the previous page; `None` for the first page.
    pub after: Option<C>,
}

impl<C> PageRequest<C> {
    /// Requests the first page, of at most `size` items.
    #[must_use]
    pub fn first(size: PageSize) -> Self {
        Self { size, after: None }
    }

    /// Requests the page after `cursor`, of the same size. Returns `None` if `cursor` is `None`.
    #[must_use]
    pub fn next(&self, cursor: Option<C>) -> Option<Self> {
        cursor.map(|cursor| Self {
            size: self.size,
            after: Some(cursor),
        })
    }
}

impl<C> Default for PageRequest<C> {
    fn default() -> Self {
        Self::first(PageSize::DEFAULT)
    }
}

/// A page of a list, and the cursor of the next page.
///
/// A page may have fewer items than requested, to limit the amount of data, but at least one if any
/// item follows the cursor. The list ends only when [`next`](Self::next) is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T, C> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// The cursor for the next page; `None` on the last page.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Creates a page from a list that was read to one item more than `size`.
    ///
    /// The additional item shows that another page follows. `cursor` returns the cursor of the last
    /// item of the page.
    pub fn of(mut read: Vec<T>, size: PageSize, cursor: impl FnOnce(&T) -> C) -> Self {
        let more = read.len() > size.get();
        read.truncate(size.get());
        let next = read.last().filter(|_| more).map(cursor);
        Self { items: read, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_size_is_1_to_1000() {
        assert!(PageSize::new(1).is_ok() && PageSize::new(1000).is_ok());
        assert_eq!(
            PageSize::new(1001).unwrap_err().to_string(),
            "page size must be 1 to 1000, got 1001"
        );
        assert!(PageSize::new(0).is_err() && PageSize::new(u64::MAX).is_err());
        assert!("-1".parse::<PageSize>().is_err());
    }

    #[test]
    fn page_has_a_cursor_only_if_more_items_follow() {
        let size = PageSize::new(2).unwrap();

        assert_eq!(
            Page::of(vec![1, 2, 3], size, |n| *n),
            Page {
                items: vec![1, 2],
                next: Some(2)
            }
        );
        assert_eq!(
            Page::of(vec![1, 2], size, |n| *n),
            Page {
                items: vec![1, 2],
                next: None
            }
        );
    }
}
