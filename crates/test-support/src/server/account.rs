//! The account that runs the server: PostgreSQL does not run as root.

use std::fs;
use std::process::Command;

use super::StartError;

const PASSWD: &str = "/etc/passwd";

/// An account other than root.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Account {
    pub(super) user: u32,
    pub(super) group: u32,
}

impl Account {
    /// Returns `postgres`, or else `nobody`, if this process is root. Returns `None` otherwise.
    pub(super) fn for_server() -> Result<Option<Self>, StartError> {
        if !is_root()? {
            return Ok(None);
        }
        let passwd = fs::read_to_string(PASSWD)
            .map_err(|error| StartError::new(format!("cannot read {PASSWD}: {error}")))?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| Self::named(name, &passwd))
            .map(Some)
            .ok_or_else(|| StartError::new(format!("neither postgres nor nobody is in {PASSWD}")))
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

fn is_root() -> Result<bool, StartError> {
    let id = Command::new("id")
        .arg("-u")
        .output()
        .map_err(|error| StartError::new(format!("cannot run id: {error}")))?;
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
