use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::Text;
use diesel::{OptionalExtension as _, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use tasktrail_domain::UserId;
use tasktrail_domain::repository::{Effect, ErrorKind, Operation};
use tasktrail_postgres_client::error::{Refusal, StoreError};
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use crate::domain::bookmarks::{Bookmark, BookmarkName, BookmarkUrl, operation};

pub(super) struct Put<'e>(pub(super) &'e UserId, pub(super) &'e Bookmark);

impl PgOperation for Put<'_> {
    type Output = ();

    const OPERATION: Operation = operation::PUT;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<(), StoreError> {
        Prepared(Put(self.0, self.1)).execute(connection).await?;
        Ok(())
    }
}

impl Statement for Put<'_> {
    const SQL: &'static str = include_str!("sql/put.sql");
    type Columns = ();
    type Id = Put<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.0.as_str()),
            2 => out.push_bind_param::<Text, _>(self.1.name.as_str()),
            3 => out.push_bind_param::<Text, _>(self.1.url.as_str()),
            other => unbound(other),
        }
    }
}

pub(super) struct Get<'e>(pub(super) &'e UserId, pub(super) &'e BookmarkName);

impl PgOperation for Get<'_> {
    type Output = Option<Bookmark>;

    const OPERATION: Operation = operation::GET;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let url: Option<String> = Prepared(Get(self.0, self.1))
            .get_result(connection)
            .await
            .optional()?;
        let bookmark = |url: String| {
            let url = BookmarkUrl::new(&url)
                .map_err(|error| Refusal::new(ErrorKind::Corrupt, Effect::NotApplied, error))?;
            let name = self.1.clone();
            Ok(Bookmark { name, url })
        };
        url.map(bookmark).transpose().map_err(StoreError::Refused)
    }
}

impl Statement for Get<'_> {
    const SQL: &'static str = include_str!("sql/get.sql");
    type Columns = Text;
    type Id = Get<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.0.as_str()),
            2 => out.push_bind_param::<Text, _>(self.1.as_str()),
            other => unbound(other),
        }
    }
}
