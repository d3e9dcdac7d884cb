use std::str::FromStr;

use tasktrail::InvalidValue;
use tasktrail::task_history::{ListAllCursor, ListCursor};

use crate::failure::Failure;

/// The cursor of a page of tasks.
#[derive(Debug, Clone)]
pub(super) enum Cursor {
    OfUser(ListCursor),
    OfAll(ListAllCursor),
}

impl Cursor {
    /// The cursor for the tasks of one user.
    pub(super) fn of_user(given: Option<&Self>) -> Result<Option<ListCursor>, Failure> {
        match given {
            None => Ok(None),
            Some(Self::OfUser(cursor)) => Ok(Some(cursor.clone())),
            Some(Self::OfAll(_)) => Err(Failure::Usage(
                "the cursor is of a list of all users: pass --all".to_owned(),
            )),
        }
    }

    /// The cursor for the tasks of all users.
    pub(super) fn of_all(given: Option<&Self>) -> Result<Option<ListAllCursor>, Failure> {
        match given {
            None => Ok(None),
            Some(Self::OfAll(cursor)) => Ok(Some(cursor.clone())),
            Some(Self::OfUser(_)) => Err(Failure::Usage(
                "the cursor is of a list of one user: pass the user, and neither --all nor \
                 --user-prefix"
                    .to_owned(),
            )),
        }
    }
}

impl FromStr for Cursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The texts of the two kinds have different numbers of hyphens.
        text.parse()
            .map(Self::OfAll)
            .or_else(|_| text.parse().map(Self::OfUser))
    }
}
