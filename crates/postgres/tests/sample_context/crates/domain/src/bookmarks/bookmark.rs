use tasktrail_domain::InvalidValue;

/// A named URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bookmark {
    pub(crate) name: BookmarkName,
    pub(crate) url: BookmarkUrl,
}

/// The name of a bookmark: 1 to 255 bytes without NUL, as every text in a key. In the domain, a line
/// of `short_text!` declares such a type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BookmarkName(String);

impl BookmarkName {
    pub(crate) fn new(text: &str) -> Result<Self, InvalidValue> {
        check("bookmark name", text, 255).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a bookmark leads: 1 to 2048 bytes without NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BookmarkUrl(String);

impl BookmarkUrl {
    pub(crate) fn new(text: &str) -> Result<Self, InvalidValue> {
        check("bookmark URL", text, 2048).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(field: &'static str, text: &str, most: usize) -> Result<String, InvalidValue> {
    if text.is_empty() || text.len() > most {
        let limit = format!("1 to {most} bytes long");
        return Err(InvalidValue::text(field, limit, text));
    }
    if text.contains('\0') {
        return Err(InvalidValue::text(field, "free of NUL characters", text));
    }
    Ok(text.to_owned())
}

#[test]
fn values_that_a_store_cannot_keep_are_refused() {
    for name in ["", "a\0b", &"a".repeat(256)] {
        assert!(BookmarkName::new(name).is_err(), "{name:?}");
        assert!(BookmarkUrl::new(&name.repeat(9)).is_err(), "{name:?}");
    }
}
