use std::io::Write as _;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use tasktrail_domain::{Document, InvalidValue};

use super::{JSONB_VERSION, document_of};

/// A document to be sent to the server. It is stored unchanged, so that the server can search it:
/// documents have nothing that `jsonb` cannot store.
#[derive(Debug, Clone, Copy, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub(crate) struct SentDocument<'e>(pub(crate) &'e Document);

impl ToSql<Jsonb, Pg> for SentDocument<'_> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        out.write_all(self.0.as_str().as_bytes())?;
        Ok(IsNull::No)
    }
}

/// A stored document. The caller reports a decoding error, because it knows the row.
#[derive(Debug, FromSqlRow)]
pub(crate) struct StoredDocument(pub(crate) Result<Document, InvalidValue>);

impl FromSql<Jsonb, Pg> for StoredDocument {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(document_of(value.as_bytes())?.parse()))
    }
}
