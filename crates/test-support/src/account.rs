//! The account that runs servers: PostgreSQL and PgBouncer do not run as root.

use std::fs;
use std::process::Command;

const PASSWD: &str = "/etc/passwd";

/// An account other than root.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Account {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Account {
    /// Returns `postgres`, or else `nobody`, if this process is root. Returns `None` otherwise.
    pub(crate) fn for_server() -> Result<Option<Self>, String> {
        if !is_root()? {
            return Ok(None);
        }
        let passwd =
            fs::read_to_string(PASSWD).map_err(|error| format!("cannot read {PASSWD}: {error}"))?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| Self::named(name, &passwd))
            .map(Some)
            .ok_or_else(|| format!("neither postgres nor nobody is in {PASSWD}"))
    }

    fn named(name: &str, passwd: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let found = fields.next()? == name;
            let (user, group) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            found.then_some(Self { user, group })
        })
    }
}

fn is_root() -> Result<bool, String> {
    let id = Command::new("id")
        .arg("-u")
        .output()
        .map_err(|error| format!("cannot run id: {error}"))?;
    Ok(id.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "# comment\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        let found = Account::named("postgres", passwd);
        assert_eq!(
            found,
            Some(Account {
                user: 101,
                group: 104
            })
        );
        assert_eq!(Account::named("nobody", passwd), None);
    }
}
