//! The JSON form of a [`Health`], which `tasktrail health --format json` prints.

#[cfg(feature = "postgres")]
use std::time::Duration;

use serde::{Serialize, Serializer};
#[cfg(feature = "postgres")]
use tasktrail_postgres::{ServerHealth, ServerRole, StandbyState};

use super::Health;

#[derive(Serialize)]
struct Form<'a> {
    state: &'static str,
    reasons: &'a [String],
    #[cfg(feature = "postgres")]
    #[serde(flatten)]
    facts: Facts<'a>,
}

#[cfg(feature = "postgres")]
#[derive(Serialize)]
struct Facts<'a> {
    server: Option<Server<'a>>,
    schema: Option<Schema<'a>>,
    standbys: Vec<Standby<'a>>,
}

#[cfg(feature = "postgres")]
#[derive(Serialize)]
struct Server<'a> {
    version: &'a str,
    role: &'static str,
    writable: bool,
    round_trip_ms: f64,
}

#[cfg(feature = "postgres")]
#[derive(Serialize)]
struct Schema<'a> {
    found: Option<&'a str>,
    expected: Option<&'a str>,
    pending: &'a [String],
    unknown: &'a [String],
}

#[cfg(feature = "postgres")]
#[derive(Serialize)]
struct Standby<'a> {
    host: &'a str,
    fresh: bool,
}

impl Serialize for Health {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = Form {
            state: self.state.as_str(),
            reasons: &self.reasons,
            #[cfg(feature = "postgres")]
            facts: Facts::of(self),
        };
        form.serialize(serializer)
    }
}

#[cfg(feature = "postgres")]
impl<'a> Facts<'a> {
    fn of(health: &'a Health) -> Self {
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

#[cfg(feature = "postgres")]
impl<'a> Server<'a> {
    fn of(server: &'a ServerHealth) -> Self {
        Self {
            version: &server.version,
            role: match server.role {
                ServerRole::Primary => "primary",
                ServerRole::Standby => "standby",
            },
            writable: server.writable,
            round_trip_ms: microseconds(server.round_trip) / 1000.0,
        }
    }
}

/// Rounded to whole microseconds.
#[cfg(feature = "postgres")]
fn microseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round()
}

#[cfg(feature = "postgres")]
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

#[cfg(feature = "postgres")]
impl<'a> Standby<'a> {
    fn of(standby: &'a StandbyState) -> Self {
        Self {
            host: &standby.host,
            fresh: standby.fresh,
        }
    }
}
