//! Asks each host, again and again, what it is and how far it is.

use std::sync::Weak;
use std::time::Duration;

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior};

use super::freshness::Freshness;
use super::{Host, Standbys};
use crate::connection::Session;
use crate::pool::Pool;

/// The longest that a host may take for its answer, and the longest between two questions.
const LIMIT: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_secs(1);

/// Watches until nobody needs it any more.
pub(super) async fn run(standbys: Weak<Standbys>) {
    let Some((number, lag)) = standbys.upgrade().map(|all| (all.hosts.len(), all.lag)) else {
        return;
    };
    let mut watch = Watch {
        connections: (0..number).map(|_| None).collect(),
        freshness: Freshness::within(lag),
        limit: LIMIT.min(lag / 2),
    };
    let mut ticks = tokio::time::interval(INTERVAL.min(lag / 4));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(standbys) = standbys.upgrade() else {
            return;
        };
        watch.look(&standbys.hosts).await;
    }
}

struct Watch {
    /// One to each host, apart from its pool: what is watched must not wait for whom it watches.
    connections: Vec<Option<AsyncPgConnection>>,
    freshness: Freshness,
    limit: Duration,
}

/// What a host says of itself.
#[derive(Debug, Clone, Copy)]
enum Role {
    Primary { written: i64 },
    Standby { replayed: i64 },
}

impl Watch {
    async fn look(&mut self, hosts: &[Host]) {
        let asked = Instant::now();
        let questions = hosts
            .iter()
            .zip(&mut self.connections)
            .map(|(host, connection)| ask(host, connection, self.limit));
        let roles = join_all(questions).await;
        let mut primaries = roles.iter().filter_map(|role| match role {
            Some(Role::Primary { written }) => Some(*written),
            _ => None,
        });
        match (primaries.next(), primaries.next()) {
            (Some(written), None) => self.freshness.note(asked, written),
            // Which of two is right cannot be known, and so not what is fresh.
            (Some(_), Some(_)) => self.freshness.forget(),
            (None, _) => {}
        }
        for (host, role) in hosts.iter().zip(roles) {
            let fresh_until = match role {
                Some(Role::Standby { replayed }) => self.freshness.until(replayed),
                _ => None,
            };
            if fresh_until.is_some() {
                open_pool(host).await;
            }
            host.is_fresh_until(fresh_until);
        }
    }
}

/// Asks a host, on a new connection if there is none.
async fn ask(
    host: &Host,
    connection: &mut Option<AsyncPgConnection>,
    limit: Duration,
) -> Option<Role> {
    let session = Session {
        statement_timeout: limit,
    };
    let answer = tokio::time::timeout(limit, async {
        let mut open = match connection.take() {
            Some(open) => open,
            None => host.connector.open(session).await.ok()?,
        };
        let role = role(&mut open).await.ok()?;
        Some((open, role))
    });
    let (open, role) = answer.await.ok()??;
    *connection = Some(open);
    Some(role)
}

async fn open_pool(host: &Host) {
    if host.pool.get().is_none()
        && let Ok(pool) = Pool::open(host.connector.clone()).await
    {
        // Only this task sets it.
        let _first = host.pool.set(pool);
    }
}

#[derive(diesel::QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    standby: bool,
    #[diesel(sql_type = BigInt)]
    position: i64,
}

async fn role(connection: &mut AsyncPgConnection) -> QueryResult<Role> {
    let question = "SELECT pg_is_in_recovery() AS standby, coalesce((
                        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                             ELSE pg_current_wal_lsn() END - '0/0')::bigint, 0) AS position";
    let answer: Answer = diesel::sql_query(question).get_result(connection).await?;
    let position = answer.position;
    Ok(if answer.standby {
        Role::Standby { replayed: position }
    } else {
        Role::Primary { written: position }
    })
}
