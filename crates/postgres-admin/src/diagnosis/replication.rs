//! Standbys and replication slots.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use serde::Serialize;
use tasktrail_postgres_client::unsigned;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::{Probe, missing_privilege};

/// A standby that streams from the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Replica {
    /// Its application name.
    pub name: String,
    /// Its state, such as `streaming`.
    pub state: String,
    /// Whether commits wait for it, such as `async` or `sync`.
    pub sync_state: String,
    /// Bytes of write-ahead log that it has not replayed yet.
    pub lag_bytes: u64,
    /// Replay lag in seconds; `None` while the server writes nothing.
    pub lag_seconds: Option<u64>,
}

/// A replication slot, for which the server retains write-ahead log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReplicationSlot {
    /// Its name.
    pub name: String,
    /// Whether a consumer is connected.
    pub active: bool,
    /// Write-ahead log retained for it, in bytes.
    pub kept_bytes: u64,
}

#[derive(QueryableByName)]
struct ReplicaRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    state: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    sync_state: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    lag_bytes: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    lag_seconds: Option<i64>,
}

#[derive(QueryableByName)]
struct SlotRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    active: bool,
    #[diesel(sql_type = BigInt)]
    kept_bytes: i64,
}

const REPLICAS: &str = "SELECT coalesce(application_name, '') AS name, state, sync_state,
           pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                                ELSE pg_current_wal_lsn() END, replay_lsn)::bigint AS lag_bytes,
           extract(epoch FROM replay_lag)::bigint AS lag_seconds
    FROM pg_stat_replication
    ORDER BY application_name, pid";

const SLOTS: &str = "SELECT slot_name::text AS name, active,
           coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                                         ELSE pg_current_wal_lsn() END, restart_lsn), 0)::bigint
               AS kept_bytes
    FROM pg_replication_slots
    WHERE NOT temporary
    ORDER BY slot_name";

pub(super) async fn replicas(probe: &mut Probe) -> Result<Vec<Replica>, DiagnosisError> {
    let rows: Option<Vec<ReplicaRow>> = probe
        .query("the standbys", diesel::sql_query(REPLICAS))
        .await?;
    let rows = rows.unwrap_or_default();
    let hidden = rows.iter().filter(|row| row.state.is_none()).count();
    if hidden > 0 {
        probe.found([missing_privilege(
            "the lag of the standbys",
            &format!("{hidden} standbys stream from the server"),
            "GRANT pg_read_all_stats to the role of the diagnosis",
        )]);
    }
    let replicas: Vec<_> = rows.into_iter().filter_map(replica).collect();
    probe.found(replicas.iter().filter_map(judge));
    Ok(replicas)
}

fn replica(row: ReplicaRow) -> Option<Replica> {
    Some(Replica {
        name: row.name,
        state: row.state?,
        sync_state: row.sync_state.unwrap_or_default(),
        lag_bytes: row.lag_bytes.map(unsigned).unwrap_or_default(),
        lag_seconds: row.lag_seconds.map(unsigned),
    })
}

pub(super) async fn slots(probe: &mut Probe) -> Result<Vec<ReplicationSlot>, DiagnosisError> {
    let rows: Option<Vec<SlotRow>> = probe
        .query("the replication slots", diesel::sql_query(SLOTS))
        .await?;
    let slot = |row: SlotRow| ReplicationSlot {
        name: row.name,
        active: row.active,
        kept_bytes: unsigned(row.kept_bytes),
    };
    let slots: Vec<_> = rows.unwrap_or_default().into_iter().map(slot).collect();
    probe.found(slots.iter().filter_map(judge_slot));
    Ok(slots)
}

/// Lag from which a standby is reported.
const BEHIND_BYTES: u64 = 256 << 20;
const BEHIND_SECONDS: u64 = 30;

fn judge(replica: &Replica) -> Option<Finding> {
    let seconds = replica.lag_seconds.unwrap_or(0);
    let behind = replica.lag_bytes >= BEHIND_BYTES || seconds >= BEHIND_SECONDS;
    behind.then(|| {
        FindingCode::ReplicationLag.finding(
            Severity::Warning,
            format!("the standby {} lags behind", replica.name),
            format!(
                "{} bytes, {seconds} s ({})",
                replica.lag_bytes, replica.state
            ),
            "check its disk, its network, and long queries that its replay waits for",
        )
    })
}

/// Retained log from which an inactive slot is a warning, because it may fill the disk.
const MUCH_LOG: u64 = 1 << 30;

fn judge_slot(slot: &ReplicationSlot) -> Option<Finding> {
    (!slot.active).then(|| {
        let severity = if slot.kept_bytes >= MUCH_LOG {
            Severity::Warning
        } else {
            Severity::Notice
        };
        let name = &slot.name;
        FindingCode::InactiveSlot.finding(
            severity,
            format!(
                "the server retains write-ahead log for the slot {name}, which has no consumer"
            ),
            format!("{} bytes of write-ahead log so far", slot.kept_bytes),
            format!(
                "start its consumer, or SELECT pg_drop_replication_slot('{name}'); \
                 max_slot_wal_keep_size limits what is retained"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(lag_bytes: u64, lag_seconds: Option<u64>) -> bool {
        let replica = Replica {
            name: "b".to_owned(),
            state: "streaming".to_owned(),
            sync_state: "async".to_owned(),
            lag_bytes,
            lag_seconds,
        };
        judge(&replica).is_some()
    }

    #[test]
    fn standby_lags_by_bytes_or_by_time() {
        assert!(!behind(BEHIND_BYTES - 1, None) && !behind(0, Some(29)));
        assert!(behind(BEHIND_BYTES, None) && behind(0, Some(30)));
    }

    #[test]
    fn severity_of_an_inactive_slot_grows_with_the_retained_log() {
        let severity = |active, kept_bytes| {
            let slot = ReplicationSlot {
                name: "s".to_owned(),
                active,
                kept_bytes,
            };
            judge_slot(&slot).map(|found| found.severity)
        };

        assert_eq!(severity(true, MUCH_LOG), None);
        assert_eq!(severity(false, 0), Some(Severity::Notice));
        assert_eq!(severity(false, MUCH_LOG), Some(Severity::Warning));
    }
}
