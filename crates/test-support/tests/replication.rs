//! Standbys: streaming, synchronous commits and promotion.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::thread;

use tasktrail_test_support::simple_query::{self, QueryError, Row};
use tasktrail_test_support::{Server, ServerOptions, wait_until};

fn durable() -> Server {
    ServerOptions::default().durable().start().unwrap()
}

fn query(server: &Server, sql: &str) -> Result<Vec<Row>, QueryError> {
    simple_query::execute(server.addr(), "postgres", sql)
}

fn has(server: &Server, sql: &str) -> bool {
    query(server, sql).is_ok_and(|rows| !rows.is_empty())
}

#[test]
fn a_standby_replicates_its_primary_and_refuses_writes() {
    let primary = durable();
    query(&primary, "CREATE TABLE task AS SELECT 1 AS id").unwrap();
    let standby = primary.standby().unwrap();
    query(&primary, "INSERT INTO task VALUES (2)").unwrap();
    wait_until("the insert to arrive", || {
        has(&standby, "SELECT 1 FROM task WHERE id = 2")
    });
    let refused = query(&standby, "INSERT INTO task VALUES (3)").unwrap_err();
    assert!(matches!(refused, QueryError::Refused { code, .. } if code == "25006"));
    assert_ne!(standby.addr(), primary.addr());
    assert_ne!(standby.directory(), primary.directory());
}

#[test]
fn a_restarted_standby_catches_up() {
    let primary = durable();
    let standby = primary.standby().unwrap();
    standby.stop();
    query(&primary, "CREATE TABLE task AS SELECT 1 AS id").unwrap();
    standby.restart();
    wait_until("the table to arrive", || {
        has(&standby, "SELECT 1 FROM task")
    });
}

#[test]
fn a_synchronous_commit_waits_for_the_standby() {
    let primary = durable();
    let standby = primary.standby().unwrap();
    query(&primary, "CREATE TABLE task (id int)").unwrap();
    primary.replicate_synchronously();
    standby.freeze();
    thread::scope(|scope| {
        let commit = scope.spawn(|| query(&primary, "INSERT INTO task VALUES (1)"));
        let waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        wait_until("the commit to wait", || has(&primary, waiting));
        assert!(!commit.is_finished());
        standby.thaw();
        commit.join().unwrap().unwrap();
    });
}

#[test]
fn a_promoted_standby_outlives_its_frozen_primary() {
    let primary = durable();
    let standby = primary.standby().unwrap();
    query(&primary, "CREATE TABLE task (id int)").unwrap();
    primary.replicate_synchronously();
    query(&primary, "INSERT INTO task VALUES (1)").unwrap();
    primary.freeze();
    standby.promote();
    query(&standby, "INSERT INTO task VALUES (2)").unwrap();
    primary.thaw();
    primary.stop();
    drop(primary);
    assert_eq!(
        query(&standby, "SELECT count(*) FROM task").unwrap(),
        [[Some("2".to_owned())]]
    );
}

#[test]
fn a_stopped_server_cannot_get_a_standby() {
    let server = durable();
    server.stop();
    let error = server.standby().unwrap_err().to_string();
    assert!(error.contains("pg_basebackup: error"), "{error}");
}
