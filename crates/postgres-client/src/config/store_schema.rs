//! The schema of a store.

use tasktrail_domain::InvalidValue;

/// The schema of a store whose configuration names none.
pub(super) const DEFAULT: &str = "public";

/// The schema in which benchmarks work.
pub const BENCH: &str = "tasktrail_bench";

/// A name that is longer is cut by the server.
const MAX_BYTES: usize = 63;

/// Where the tables of a store are: in one schema, which is the whole search path of its sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StoreSchema {
    /// [`DEFAULT`]. A store in another schema is reported rather than ignored.
    #[default]
    Unset,
    /// The caller's choice, whatever other schemas hold.
    Named(String),
    /// That of a [`BenchSchema`](crate::BenchSchema).
    Bench,
}

impl StoreSchema {
    /// A schema that the caller chose.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the server would cut the name, or reserves it.
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

    /// What is wrong with the name.
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

/// Whether the server and `psql` take this name unchanged.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    let odd = |character: char| character.is_control() || character == '\\';
    (1..=MAX_BYTES).contains(&name.len()) && !name.contains(odd)
}

/// An identifier as it stands in a statement, whatever characters it has.
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
    fn a_name_is_quoted_with_every_quote_in_it_doubled() {
        let named = StoreSchema::Named("a\"; DROP TABLE x; --".to_owned());

        assert_eq!(named.quoted(), "\"a\"\"; DROP TABLE x; --\"");
        assert_eq!(StoreSchema::default().quoted(), "\"public\"");
    }

    #[test]
    fn names_that_the_server_would_cut_or_refuse_are_faults() {
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
