//! The private PgBouncer.

use std::net::TcpStream;

use tasktrail_test_support::{PgBouncer, PoolMode, Server, TestDatabase, simple_query};

#[test]
fn it_forwards_to_the_server_until_it_is_dropped() {
    let database = TestDatabase::new();
    let bouncer = PgBouncer::start(Server::shared().addr(), PoolMode::Session, &[], "");
    let addr = bouncer.addr();

    let rows = simple_query::execute(addr, database.name(), "SELECT current_database()").unwrap();

    assert_eq!(rows, [[Some(database.name().to_owned())]]);
    drop(bouncer);
    TcpStream::connect(addr).unwrap_err();
}

#[test]
fn url_has_its_address() {
    let database = TestDatabase::new();
    let bouncer = PgBouncer::start(Server::shared().addr(), PoolMode::Session, &[], "");

    let url = bouncer.url(&database.url());

    let expected = format!("postgres://postgres@{}/{}", bouncer.addr(), database.name());
    assert_eq!(url, expected);
}

#[test]
#[should_panic(expected = "never")]
fn invalid_setting_is_reported() {
    let server = Server::shared().addr();
    let _never = PgBouncer::start(server, PoolMode::Transaction, &[], "pool_mode = never");
}
