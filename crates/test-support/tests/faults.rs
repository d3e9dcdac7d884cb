//! Stopping, killing and freezing a server.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use tasktrail_test_support::simple_query::{self, QueryError, Row};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase, wait_until};

/// `SSLRequest`, which the server answers with one byte.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

fn durable() -> Server {
    ServerOptions::default().durable().start().unwrap()
}

fn query(server: &Server, sql: &str) -> Result<Vec<Row>, QueryError> {
    simple_query::execute(server.addr(), "postgres", sql)
}

fn is_refused(server: &Server) -> bool {
    let refused = |error: &io::Error| error.kind() == ErrorKind::ConnectionRefused;
    matches!(query(server, "SELECT 1"), Err(QueryError::Io(error)) if refused(&error))
}

fn comes_back_with_its_data_after(stop: impl Fn(&Server)) {
    let server = durable();
    let (addr, pid) = (server.addr(), server.pid());
    query(&server, "CREATE TABLE task AS SELECT 5 AS id").unwrap();
    stop(&server);
    assert_eq!(server.pid(), None);
    assert!(is_refused(&server));
    server.restart();
    assert_eq!(server.addr(), addr);
    assert_ne!(server.pid(), pid);
    assert_eq!(
        query(&server, "SELECT id FROM task").unwrap(),
        [[Some("5".to_owned())]]
    );
}

#[test]
fn a_killed_server_recovers() {
    comes_back_with_its_data_after(Server::kill);
}

#[test]
fn a_killed_frozen_server_recovers() {
    comes_back_with_its_data_after(|server| {
        server.freeze();
        server.kill();
    });
}

#[test]
fn an_immediately_stopped_server_recovers() {
    comes_back_with_its_data_after(Server::stop_immediately);
}

#[test]
fn a_stopped_frozen_server_ends_and_restarts() {
    comes_back_with_its_data_after(|server| {
        server.freeze();
        server.stop();
    });
}

#[test]
fn a_running_server_restarts() {
    let server = durable();
    let pid = server.pid();
    server.restart();
    assert_ne!(server.pid(), pid);
    query(&server, "SELECT 1").unwrap();
}

#[test]
fn a_frozen_server_accepts_but_does_not_answer_until_thawed() {
    let server = durable();
    server.freeze();
    let mut connection = TcpStream::connect(server.addr()).unwrap();
    connection.write_all(&TLS_REQUEST).unwrap();
    connection
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let silence = connection.read(&mut [0]).unwrap_err();
    assert!(matches!(
        silence.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    server.thaw();
    connection
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut answer = [0];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"N");
}

#[cfg(target_os = "linux")]
#[test]
fn a_freeze_reaches_every_process_of_the_server() {
    let server = durable();
    let backends = query(
        &server,
        "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    );
    let mut processes = backends
        .unwrap()
        .concat()
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    processes.push(server.pid().unwrap().to_string());
    assert!(processes.len() > 4, "{processes:?}");
    server.freeze();
    for pid in &processes {
        wait_until("the process to be frozen", || state(pid) == "T");
    }
    server.thaw();
    for pid in &processes {
        wait_until("the process to continue", || state(pid) != "T");
    }
}

#[test]
#[should_panic(expected = "the server is stopped")]
fn a_stopped_server_cannot_be_killed() {
    let server = durable();
    server.stop();
    server.kill();
}

#[test]
fn a_database_may_outlive_its_server() {
    let server = durable();
    let database = TestDatabase::create(&server);
    drop(server);
    drop(database);
}

#[cfg(target_os = "linux")]
fn state(pid: &str) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1[..1].to_owned()
}
