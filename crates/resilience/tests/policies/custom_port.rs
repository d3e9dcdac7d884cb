//! A port that this library does not know: `Arc` and `Guarded` implement it by its description alone.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tasktrail_domain::repository::{Effect, ErrorKind, RepositoryError, Result, port};
use tasktrail_resilience::Guarded;

use self::operation::{ADD, NUMBER};
use crate::guarded::Recording;

/// Numbers by name.
#[port("counter")]
#[async_trait]
pub(crate) trait Counters: fmt::Debug + Send + Sync {
    /// The number of a counter.
    #[idempotent]
    async fn number(&self, name: &str) -> Result<Option<u64>>;

    /// Adds to a counter.
    #[once]
    async fn add(&self, to: &str, number: u64) -> Result<u64>;
}

/// One counter, `requests`, at 7.
#[derive(Debug)]
struct Requests;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Counters for Requests {
    async fn number(&self, name: &str) -> Result<Option<u64>> {
        Ok((name == "requests").then_some(7))
    }

    async fn add(&self, to: &str, number: u64) -> Result<u64> {
        if to == "requests" {
            Ok(7 + number)
        } else {
            let rejected = RepositoryError::new(ADD, ErrorKind::Refused, Effect::NotApplied);
            Err(rejected)
        }
    }
}

async fn answers(counters: &impl Counters) {
    assert_eq!(counters.number("requests").await.unwrap(), Some(7));
    assert_eq!(counters.number("errors").await.unwrap(), None);
    assert_eq!(counters.add("requests", 2).await.unwrap(), 9);
    let rejected = counters.add("errors", 2).await.unwrap_err();
    assert_eq!(rejected.kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn a_shared_repository_returns_what_the_repository_returns() {
    let shared: Arc<dyn Counters> = Arc::new(Requests);

    answers(&Requests).await;
    answers(&shared).await;
    answers(&Arc::new(shared)).await;
}

#[tokio::test]
async fn a_guarded_repository_names_the_operations_to_its_policy() {
    let shared: Arc<dyn Counters> = Arc::new(Requests);
    let guarded = Guarded::new(shared, Recording::default());

    answers(&guarded).await;

    assert_eq!(guarded.policy().recorded(), [NUMBER, NUMBER, ADD, ADD]);
}

#[test]
fn operations_are_named_after_the_port_and_the_method() {
    let operations = [NUMBER, ADD];
    let described = operations.map(|operation| (operation.name(), operation.is_idempotent()));

    assert_eq!(
        described,
        [("counter.number", true), ("counter.add", false)]
    );
}
