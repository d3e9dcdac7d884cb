use std::sync::Arc;

use tasktrail_postgres_client::config::PostgresConfig;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::pool::Pool;
use tasktrail_postgres_client::source::Source;
use tasktrail_test_support::TestDatabase;

use crate::domain::bookmarks::BookmarkRepository;
use crate::migrated;
use crate::postgres::bookmarks::PostgresBookmarks;

async fn fresh() -> (Arc<dyn BookmarkRepository>, TestDatabase) {
    let database = migrated();
    let config = PostgresConfig::from_url(database.url()).unwrap();
    let connector = Connector::new(config).unwrap();
    let pool = Pool::open(connector).await.unwrap();
    let bookmarks = PostgresBookmarks(Source::Pool(pool));
    // Shared once more, so that the forwarding of the port is tested as well.
    let shared: Arc<dyn BookmarkRepository> = Arc::new(bookmarks);
    (Arc::new(shared), database)
}

crate::conformance::bookmarks::bookmarks_suite!(fresh);
