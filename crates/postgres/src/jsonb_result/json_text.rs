use std::io::Write as _;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use tasktrail_domain::JsonText;

use super::{JSONB_VERSION, document_of, unescaped, write};

/// JSON to be sent to the server, with the same escapes as a step result.
#[derive(Debug, Clone, Copy, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub(crate) struct SentJson<'e>(pub(crate) &'e JsonText);

impl ToSql<Jsonb, Pg> for SentJson<'_> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        write(self.0, out)?;
        Ok(IsNull::No)
    }
}

/// Stored JSON. The caller reports a decoding error, because it knows the row.
#[derive(Debug, FromSqlRow)]
pub(crate) struct StoredJson(pub(crate) serde_json::Result<JsonText>);

impl FromSql<Jsonb, Pg> for StoredJson {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let json = document_of(value.as_bytes())?;
        Ok(Self(serde_json::from_str(&unescaped(json))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tasktrail_conformance::json_texts::any_json_text;

    use super::*;

    proptest! {
        #[test]
        fn every_json_comes_back_equal(json in any_json_text()) {
            let mut stored = Vec::new();
            write(&json, &mut stored)?;
            let stored = String::from_utf8(stored)?;

            prop_assert!(!stored.contains("\\u0000"), "{}", stored);
            prop_assert_eq!(serde_json::from_str::<JsonText>(&unescaped(&stored))?, json);
        }
    }
}
