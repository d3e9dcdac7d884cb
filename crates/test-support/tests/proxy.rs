//! Every fault of the proxy, in front of an echo server.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use tasktrail_test_support::{Direction, Proxy, Server, TestDatabase, simple_query};

const TIMEOUT: Duration = Duration::from_secs(30);
/// Long enough to see that nothing arrives.
const SILENCE: Duration = Duration::from_millis(100);

#[test]
fn everything_passes_without_a_fault() {
    let proxy = Proxy::to(echo());
    let sent = vec![7; 1 << 20];
    let mut client = connect(&proxy);
    let mut writer = client.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            writer.write_all(&sent).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert!(received == sent);
    });
    assert_eq!(proxy.cuts(), 0);
    for direction in Direction::BOTH {
        assert_eq!(proxy.passed(direction), 1 << 20);
    }
}

#[test]
fn a_database_is_reached_through_its_url() {
    let database = TestDatabase::new();
    let proxy = Proxy::to(Server::shared().addr());
    let url = proxy.url(&database.url());
    assert_eq!(
        url,
        format!("postgres://postgres@{}/{}", proxy.addr(), database.name())
    );
    simple_query::execute(proxy.addr(), database.name(), "SELECT 1").unwrap();
}

#[test]
fn latency_delays_both_directions() {
    let proxy = Proxy::to(echo());
    let mut client = connect(&proxy);
    proxy.set_latency(Duration::from_millis(40));
    let started = Instant::now();
    assert_echo(&mut client);
    assert!(started.elapsed() >= Duration::from_millis(80));
}

#[test]
fn a_stall_holds_bytes_until_released() {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let proxy = Proxy::to(echo());
        let mut client = connect(&proxy);
        proxy.stall(direction);
        client.write_all(b"held").unwrap();
        proxy.wait_until_held(direction);
        assert_silent(&mut client);
        proxy.release();
        assert_eq!(&read(&mut client), b"held");
    }
}

#[test]
fn a_connection_is_cut_instead_of_exceeding_the_limit() {
    let proxy = Proxy::to(echo());
    let mut client = connect(&proxy);
    assert_echo(&mut client);
    proxy.cut_after(Direction::ServerToClient, 6);
    assert_echo(&mut client);
    client.write_all(b"echo").unwrap();
    assert_eq!(read_to_end(&mut client), b"ec");
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(proxy.passed(Direction::ServerToClient), 10);
}

#[test]
fn every_connection_is_cut_until_healed() {
    let proxy = Proxy::to(echo());
    proxy.cut_after(Direction::ClientToServer, 4);
    for _ in 0..2 {
        let mut client = connect(&proxy);
        assert_echo(&mut client);
        client.write_all(b"more").unwrap();
        assert_reset(&mut client);
    }
    assert_eq!(proxy.cuts(), 2);
    proxy.heal();
    let mut client = connect(&proxy);
    assert_echo(&mut client);
    assert_echo(&mut client);
}

#[test]
fn a_single_cut_does_not_affect_other_connections() {
    let proxy = Proxy::to(echo());
    let (mut cut, mut spared) = (connect(&proxy), connect(&proxy));
    proxy.cut_once_after(Direction::ClientToServer, 0);
    cut.write_all(b"cut").unwrap();
    assert_reset(&mut cut);
    assert_echo(&mut spared);
    assert_echo(&mut connect(&proxy));
    assert_eq!(proxy.cuts(), 1);
}

#[test]
fn a_reset_reaches_a_client_whose_bytes_are_held() {
    let proxy = Proxy::to(echo());
    let mut client = connect(&proxy);
    proxy.stall(Direction::ClientToServer);
    client.write_all(b"held").unwrap();
    proxy.wait_until_held(Direction::ClientToServer);
    proxy.reset();
    assert_reset(&mut client);
}

#[test]
fn a_reset_ends_an_idle_connection() {
    let proxy = Proxy::to(echo());
    let mut client = connect(&proxy);
    assert_echo(&mut client);
    proxy.reset();
    assert_eq!(read_to_end(&mut client), b"");
    assert_echo(&mut connect(&proxy));
}

#[test]
fn a_reset_ends_a_connection_whose_client_does_not_read() {
    let proxy = Proxy::to(flood());
    let mut client = connect(&proxy);
    let mut first = [0];
    client.read_exact(&mut first).unwrap();
    proxy.reset();
    let mut rest = Vec::new();
    // Both an error and an end of file show that the connection is closed.
    let _ = client.read_to_end(&mut rest);
}

#[test]
fn connections_are_refused_and_accepted_again() {
    let proxy = Proxy::to(echo());
    let mut open = connect(&proxy);
    assert_echo(&mut open);
    for _ in 0..3 {
        proxy.refuse();
        let refused = TcpStream::connect(proxy.addr()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        assert_echo(&mut open);
        proxy.accept();
        assert_echo(&mut connect(&proxy));
    }
}

#[test]
fn a_client_gets_an_error_if_the_server_is_down() {
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let proxy = Proxy::to(unused);
    assert_eq!(read_to_end(&mut connect(&proxy)), b"");
}

#[test]
fn dropping_the_proxy_closes_everything() {
    let proxy = Proxy::to(echo());
    let addr = proxy.addr();
    let mut client = connect(&proxy);
    assert_echo(&mut client);
    proxy.stall(Direction::ServerToClient);
    drop(proxy);
    assert_eq!(read_to_end(&mut client), b"");
    assert_eq!(
        TcpStream::connect(addr).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
}

/// Starts a server that sends back what it receives.
fn echo() -> SocketAddr {
    serve(|connection| {
        // A cut connection ends with an error.
        let _ = io::copy(&mut &connection, &mut &connection);
    })
}

/// Starts a server that sends endlessly.
fn flood() -> SocketAddr {
    serve(|mut connection| while connection.write_all(&[0; 4096]).is_ok() {})
}

fn serve(handle: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = connection.unwrap();
            thread::spawn(move || handle(connection));
        }
    });
    addr
}

fn connect(proxy: &Proxy) -> TcpStream {
    let client = TcpStream::connect(proxy.addr()).unwrap();
    client.set_read_timeout(Some(TIMEOUT)).unwrap();
    client
}

fn read(client: &mut TcpStream) -> [u8; 4] {
    let mut received = [0; 4];
    client.read_exact(&mut received).unwrap();
    received
}

fn read_to_end(client: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    received
}

fn assert_echo(client: &mut TcpStream) {
    client.write_all(b"echo").unwrap();
    assert_eq!(&read(client), b"echo");
}

fn assert_silent(client: &mut TcpStream) {
    client.set_read_timeout(Some(SILENCE)).unwrap();
    let silence = client.read(&mut [0]).unwrap_err();
    assert!(matches!(
        silence.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    client.set_read_timeout(Some(TIMEOUT)).unwrap();
}

fn assert_reset(client: &mut TcpStream) {
    assert_eq!(
        client.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}
