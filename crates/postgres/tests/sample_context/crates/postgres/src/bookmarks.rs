//! Bookmarks in PostgreSQL.

mod operations;
#[cfg(test)]
mod plans_of_all;

use async_trait::async_trait;
use tasktrail_domain::UserId;
use tasktrail_domain::repository::Result;
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_postgres_client::source::Source;

use crate::domain::bookmarks::{Bookmark, BookmarkName, BookmarkRepository};

pub(crate) struct PostgresBookmarks(pub(crate) Source<'static>);

impl PostgresBookmarks {
    pub(crate) async fn run<W: PgOperation>(&self, work: W) -> Result<W::Output> {
        let result = self.0.run(&work).await;
        result.map_err(|error| error.during(W::OPERATION))
    }
}

impl std::fmt::Debug for PostgresBookmarks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostgresBookmarks")
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl BookmarkRepository for PostgresBookmarks {
    async fn put(&self, user: &UserId, bookmark: &Bookmark) -> Result<()> {
        self.run(operations::Put(user, bookmark)).await
    }

    async fn get(&self, user: &UserId, name: &BookmarkName) -> Result<Option<Bookmark>> {
        self.run(operations::Get(user, name)).await
    }
}
