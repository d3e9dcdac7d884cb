//! Test your code against a real PostgreSQL server, with a database per test and injected faults.
//!
//! ```no_run
//! use tasktrail_test_support::{Proxy, Server, TestDatabase};
//!
//! let database = TestDatabase::new(); // on a server that this test binary shares
//! let proxy = Proxy::to(Server::shared().addr());
//! let url = proxy.url(&database.url()); // what the code under test connects to
//! ```
//!
//! A [`Server`] removes its processes, directory and shared memory, even if the test process is
//! killed.
//!
//! Starting a server, making a standby, mounting a [`Disk`] and [`simple_query`] return errors.
//! Everything else panics on failure, because a test cannot continue without it.

#![expect(
    clippy::panic,
    reason = "used from tests only, where a failed step is a failed test"
)]

mod account;
mod disk;
mod pgbouncer;
mod ports;
mod proxy;
mod server;
pub mod simple_query;
pub mod statement_plans;
mod table_lock;
mod test_database;
mod wait;

pub use disk::Disk;
pub use pgbouncer::{PgBouncer, PoolMode};
pub use proxy::{Direction, Proxy};
pub use server::{Server, ServerOptions, StartError};
pub use table_lock::TableLock;
pub use test_database::TestDatabase;
pub use wait::wait_until;
