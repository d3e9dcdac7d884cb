//! A real PostgreSQL server for tests, databases on it, and faults.
//!
//! ```no_run
//! use tasktrail_test_support::{Proxy, Server, TestDatabase};
//!
//! let database = TestDatabase::new(); // on a server shared by this test binary
//! let proxy = Proxy::to(Server::shared().addr());
//! let url = proxy.url(&database.url()); // what the code under test connects to
//! ```
//!
//! A [`Server`] leaves nothing behind, neither process nor directory nor shared memory, even when
//! the test process is killed. Only the start of a server returns an error, and [`simple_query`];
//! every other step that fails panics with the reason, because a test cannot go on without it.

#![expect(
    clippy::panic,
    reason = "used from tests only, where a failed step is a failed test"
)]

mod disk;
mod ports;
mod proxy;
mod server;
pub mod simple_query;
mod table_lock;
mod test_database;
mod wait;

pub use disk::Disk;
pub use proxy::{Direction, Proxy};
pub use server::{Server, ServerOptions, StartError};
pub use table_lock::TableLock;
pub use test_database::TestDatabase;
pub use wait::wait_until;
