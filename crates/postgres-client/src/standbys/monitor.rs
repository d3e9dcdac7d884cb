//! Periodically checks the role and the WAL position of each host.

use std::sync::Weak;
use std::time::Duration;

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior};

use super::freshness::{Freshness, Position};
use super::{Host, Standbys};
use crate::connection::Session;
use crate::pool::Pool;

/// The longest time to wait for a host.
const LIMIT: Duration = Duration::from_secs(2);
/// The longest time between two checks.
const INTERVAL: Duration = Duration::from_secs(1);

/// Runs until the standbys are closed or dropped.
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
        if standbys.is_closed() {
            return;
        }
        watch.check(&standbys).await;
    }
}

struct Watch {
    /// One connection per host, outside its pool, so that the check does not wait for reads.
    connections: Vec<Option<AsyncPgConnection>>,
    freshness: Freshness,
    limit: Duration,
}

/// The role and position that a host reports.
#[derive(Debug, Clone)]
enum Role {
    Primary { inserted: Position },
    Standby { replayed: Position },
}

impl Watch {
    async fn check(&mut self, standbys: &Standbys) {
        let (started, hosts) = (Instant::now(), &standbys.hosts);
        let checks = hosts
            .iter()
            .zip(&mut self.connections)
            .map(|(host, connection)| check_host(host, connection, self.limit));
        let roles = join_all(checks).await;
        let mut primaries = roles.iter().filter_map(|role| match role {
            Some(Role::Primary { inserted }) => Some(inserted.clone()),
            _ => None,
        });
        match (primaries.next(), primaries.next()) {
            (Some(inserted), None) => self.freshness.note(started, inserted),
            // There is no telling which of two primaries is current, so no standby is known to be
            // fresh.
            (Some(_), Some(_)) => self.freshness.forget(),
            (None, _) => {}
        }
        for (host, role) in hosts.iter().zip(&roles) {
            host.set_fresh_until(match role {
                Some(Role::Standby { replayed }) => self.freshness.until(replayed),
                _ => None,
            });
        }
        standbys.are_known();
        let opening = hosts.iter().map(|host| open_pool(standbys, host));
        let _in_time = tokio::time::timeout(self.limit, join_all(opening)).await;
    }
}

/// Checks a host, and opens a connection to it if there is none.
async fn check_host(
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

/// Opens the pool of a standby when it is first found to be fresh.
async fn open_pool(standbys: &Standbys, host: &Host) {
    if host.fresh_until().is_none() || host.pool.get().is_some() {
        return;
    }
    let Ok(pool) = Pool::open(host.connector.clone()).await else {
        return;
    };
    // Only this task sets it.
    let pool = host.pool.get_or_init(|| pool);
    if standbys.is_closed() {
        pool.close(Duration::ZERO).await;
    }
}

#[derive(diesel::QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    standby: bool,
    #[diesel(sql_type = Text)]
    timeline: String,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// The primary reports where it inserts into its WAL, not how far it has written: with asynchronous
/// commit, an acknowledged commit may not be written yet. On an idle server that stopped at the end
/// of a page of WAL, the insert position is behind the header of the next page, which no standby
/// reaches before the next record.
///
/// A standby reports the timeline of its last restart point. Right after a promotion this is still
/// the old one, so the standby does not count as fresh until its next restart point.
const QUERY: &str = "
    SELECT standby, bytes, (pg_control_system()).system_identifier || '/' || CASE
        WHEN standby THEN lpad(to_hex((pg_control_checkpoint()).timeline_id), 8, '0')
        ELSE lower(left(pg_walfile_name(pg_current_wal_lsn()), 8)) END AS timeline
    FROM (SELECT pg_is_in_recovery() AS standby, coalesce((
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
             ELSE pg_current_wal_insert_lsn() END - '0/0')::bigint, 0) AS bytes) AS host";

async fn role(connection: &mut AsyncPgConnection) -> QueryResult<Role> {
    let answer: Answer = diesel::sql_query(QUERY).get_result(connection).await?;
    let position = Position {
        timeline: answer.timeline,
        bytes: answer.bytes,
    };
    Ok(if answer.standby {
        Role::Standby { replayed: position }
    } else {
        Role::Primary { inserted: position }
    })
}
