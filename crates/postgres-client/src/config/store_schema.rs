//! The schema of a store.

use tasktrail_domain::InvalidValue;

/// The schema of a store if the configuration names none.
pub(super) const DEFAULT: &str = "public";

/// The schema that benchmarks use.
pub const BENCH: &str = "tasktrail_bench";

/// The server truncates longer names.
const MAX_BYTES: usize = 63;

/// The schema that contains the tables of a store. It is the entire search path of its sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StoreSchema {
    /// The default, `public`. A store in another schema is reported as an error, not ignored.
    #[default]
    Unset,
    /// The schema that the caller chose. Other schemas are not checked.
    Named(String),
    /// The schema of a `BenchSchema`.
    Bench,
}

impl StoreSchema {
    /// A schema that the caller chooses.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the server would truncate the name, or reserves it.
    pub fn named(name: &str) -> Result<Self, InvalidValue> {
        let schema = Self::Named(name.to_owned());
        schema.problem().map_or(Ok(schema), Err)
    }

    /// The name of the schema.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Unset => DEFAULT,
            Self::Named(name) => name,
            Self::Bench => BENCH,
        }
    }

    /// The name as a quoted identifier.
    #[must_use]
    pub fn quoted(&self) -> String {
        quoted(self.name())
    }

    /// Why the name is invalid, if it is.
    pub(super) fn problem(&self) -> Option<InvalidValue> {
        let Self::Named(name) = self else { return None };
        let reserved =
            [BENCH, "information_schema"].contains(&name.as_str()) || name.starts_with("pg_");
        (reserved || !is_identifier(name)).then(|| {
            let limit = "1 to 63 bytes without control characters and backslashes, and not \
                         reserved (pg_…, information_schema, tasktrail_bench)";
            InvalidValue::text("schema", limit, name)
        })
    }
}

/// Whether the server and `psql` accept this name unchanged.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    let odd = |character: char| character.is_control() || character == '\\';
    (1..=MAX_BYTES).contains(&name.len()) && !name.contains(odd)
}

/// Quotes an identifier for use in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(name: &str) -> Option<String> {
        let named = StoreSchema::Named(name.to_owned());
        named.problem().map(|problem| problem.to_string())
    }

    #[test]
    fn quotes_in_a_name_are_doubled() {
        let named = StoreSchema::Named("a\"; DROP TABLE x; --".to_owned());

        assert_eq!(named.quoted(), "\"a\"\"; DROP TABLE x; --\"");
        assert_eq!(StoreSchema::default().quoted(), "\"public\"");
    }

    #[test]
    fn truncated_and_reserved_names_are_invalid() {
        let long = "x".repeat(64);
        for name in [
            "",
            "a\nb",
            "a\0",
            "a\\b",
            "pg_temp",
            "information_schema",
            "tasktrail_bench",
            &long,
        ] {
            assert!(problem(name).is_some(), "{name:?}");
        }
        for name in ["public", "Shop's \"tasks\"", "größe", "page", &long[1..]] {
            assert_eq!(problem(name), None, "{name:?}");
        }
    }
}
