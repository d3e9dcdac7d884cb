//! The conformance suite through PgBouncer, with the runtime role.

use std::sync::Arc;

use tasktrail_conformance::Repository;
use tasktrail_test_support::PoolMode;

use super::fixture::Fixture;

async fn store(mode: PoolMode) -> (Repository, Fixture) {
    let fixture = Fixture::migrated(mode).await;
    let runtime = fixture.runtime().await;
    (Arc::new(runtime.task_history()), fixture)
}

mod transaction_mode {
    use super::{Fixture, PoolMode, Repository, store};

    async fn fresh() -> (Repository, Fixture) {
        store(PoolMode::Transaction).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

mod session_mode {
    use super::{Fixture, PoolMode, Repository, store};

    async fn fresh() -> (Repository, Fixture) {
        store(PoolMode::Session).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}
