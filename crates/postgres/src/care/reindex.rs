use std::pin::pin;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use serde::Serialize;
use tokio::time::Instant;

use super::{CareError, connect, tables};
use crate::advisory_lock::try_lock;
use crate::connection::Connector;
use crate::diagnosis::{IndexFacts, index_facts};

/// What a reindex has done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reindexing {
    /// The indexes that were built anew, in that order.
    pub done: Vec<ReindexedIndex>,
    /// What an interrupted run had left behind, and what was removed.
    pub removed: Vec<String>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

/// An index that was built anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReindexedIndex {
    /// Its schema and name, quoted as in SQL.
    pub index: String,
    /// How large it was, in bytes.
    pub bytes_before: u64,
    /// How large it is now, in bytes.
    pub bytes_after: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Names the advisory lock: the bytes of "tasktrar".
const LOCK: i64 = 0x7461_736b_7472_6172;

/// On a connection of its own, which holds the lock.
pub(crate) async fn reindex(
    connector: &Connector,
    only: &[String],
    mut told: impl FnMut(&IndexFacts) + Send,
    stop: impl Future<Output = ()> + Send,
) -> Result<Reindexing, CareError> {
    let mut connection = connect(connector).await?;
    tables(&mut connection).await?;
    if !try_lock(&mut connection, LOCK).await? {
        return Err(CareError::Taken);
    }
    let (left_over, indexes): (Vec<_>, Vec<_>) = index_facts(&mut connection)
        .await?
        .into_iter()
        .partition(IndexFacts::is_left_over);
    let indexes = wanted(indexes, only)?;
    let statement = connection.cancel_token();
    let mut did = Reindexing::default();
    let ended = {
        let mut work = pin!(all(
            &mut connection,
            left_over,
            indexes,
            &mut told,
            &mut did
        ));
        tokio::select! {
            biased;
            result = &mut work => Some(result),
            () = stop => {
                match statement.cancel_query(connector.tls()).await {
                    // Its statement fails now, as it should.
                    Ok(()) => drop(work.await),
                    Err(error) => tracing::warn!(%error, "the reindex at hand could not be cancelled"),
                }
                None
            }
        }
    };
    did.stopped = ended.is_none();
    ended.unwrap_or(Ok(()))?;
    Ok(did)
}

/// Those that were asked for, by their own names or that of the whole table's index.
fn wanted(indexes: Vec<IndexFacts>, only: &[String]) -> Result<Vec<IndexFacts>, CareError> {
    let is = |index: &IndexFacts, name: &String| {
        [&index.name, &index.family, &index.qualified].contains(&name)
    };
    for name in only {
        if !indexes.iter().any(|index| is(index, name)) {
            let mut known: Vec<_> = indexes.iter().map(|index| index.family.clone()).collect();
            known.sort_unstable();
            known.dedup();
            let wanted = name.clone();
            return Err(CareError::UnknownIndex { wanted, known });
        }
    }
    let named = |index: &IndexFacts| only.is_empty() || only.iter().any(|name| is(index, name));
    Ok(indexes.into_iter().filter(named).collect())
}

async fn all(
    connection: &mut AsyncPgConnection,
    left_over: Vec<IndexFacts>,
    indexes: Vec<IndexFacts>,
    told: &mut (impl FnMut(&IndexFacts) + Send),
    did: &mut Reindexing,
) -> Result<(), CareError> {
    // What is being built is nobody's leaving.
    for index in left_over.into_iter().filter(|index| !index.building) {
        let statement = format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.qualified);
        connection.batch_execute(&statement).await?;
        did.removed.push(index.qualified);
    }
    for index in indexes {
        told(&index);
        let began = Instant::now();
        // The name comes quoted from the server.
        let statement = format!("REINDEX INDEX CONCURRENTLY {}", index.qualified);
        connection.batch_execute(&statement).await?;
        let took = began.elapsed();
        let after = index_facts(connection).await?;
        let after = after.iter().find(|now| now.qualified == index.qualified);
        did.done.push(ReindexedIndex {
            bytes_before: index.bytes,
            bytes_after: after.map_or(0, |after| after.bytes),
            index: index.qualified,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_found_by_their_names_and_an_unknown_one_is_refused() {
        let index = |name: &str, family: &str| IndexFacts {
            name: name.to_owned(),
            family: family.to_owned(),
            qualified: format!("public.{name}"),
            ..IndexFacts::default()
        };
        let all = vec![index("a_1", "a"), index("a_2", "a"), index("b", "b")];
        let names = |only: &[&str]| {
            let only: Vec<_> = only.iter().map(|name| (*name).to_owned()).collect();
            let found = wanted(all.clone(), &only).map_err(|error| error.to_string());
            found.map(|found| {
                found
                    .iter()
                    .map(|index| index.name.clone())
                    .collect::<Vec<_>>()
            })
        };

        assert_eq!(names(&[]).unwrap(), ["a_1", "a_2", "b"]);
        assert_eq!(names(&["a"]).unwrap(), ["a_1", "a_2"]);
        assert_eq!(names(&["public.b", "a_1"]).unwrap(), ["a_1", "b"]);
        assert_eq!(
            names(&["c"]).unwrap_err(),
            "no index of the histories is called c; there are: a, b"
        );
    }
}
