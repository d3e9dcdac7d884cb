//! The facts about a database in the JSON form of its health.

use std::time::Duration;

use serde::Serialize;
use tasktrail_postgres::{ServerHealth, StandbyState};

use crate::health::Health;

#[derive(Serialize)]
pub(super) struct Facts<'a> {
    server: Option<Server<'a>>,
    schema: Option<Schema<'a>>,
    standbys: Vec<Standby<'a>>,
}

#[derive(Serialize)]
struct Server<'a> {
    version: &'a str,
    role: &'static str,
    writable: bool,
    round_trip_ms: f64,
}

#[derive(Serialize)]
struct Schema<'a> {
    found: Option<&'a str>,
    expected: Option<&'a str>,
    pending: &'a [String],
    unknown: &'a [String],
}

#[derive(Serialize)]
struct Standby<'a> {
    host: &'a str,
    fresh: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn of(health: &'a Health) -> Self {
        let database = health.database.as_ref();
        let server = database.and_then(|database| database.server.as_ref());
        let standbys = database.map_or(&[][..], |database| &database.standbys);
        Self {
            server: server.map(Server::of),
            schema: server.map(Schema::of),
            standbys: standbys.iter().map(Standby::of).collect(),
        }
    }
}

impl<'a> Server<'a> {
    fn of(server: &'a ServerHealth) -> Self {
        Self {
            version: &server.version,
            role: server.role.as_str(),
            writable: server.writable,
            round_trip_ms: microseconds(server.round_trip) / 1000.0,
        }
    }
}

/// Rounded to whole microseconds.
fn microseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round()
}

impl<'a> Schema<'a> {
    fn of(server: &'a ServerHealth) -> Self {
        Self {
            found: server.schema.found(),
            expected: server.schema.expected(),
            pending: &server.schema.pending,
            unknown: &server.schema.unknown,
        }
    }
}

impl<'a> Standby<'a> {
    fn of(standby: &'a StandbyState) -> Self {
        Self {
            host: &standby.host,
            fresh: standby.fresh,
        }
    }
}
