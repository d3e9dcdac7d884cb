use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidValue;
use crate::text::{short_text, string_form};

/// Who writes: a kind and a name, as text `agent:builder-1`. Ordered like the text, by bytes.
///
/// ```
/// use tasktrail_domain::write::{Actor, ActorKind};
///
/// let actor: Actor = "agent:builder-1".parse()?;
///
/// assert_eq!(actor.kind, ActorKind::Agent);
/// assert_eq!(actor.name.as_str(), "builder-1");
/// assert_eq!(actor.to_string(), "agent:builder-1");
/// # Ok::<(), tasktrail_domain::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Actor {
    /// What kind of actor it is.
    pub kind: ActorKind,
    /// Its name, unique among the actors of its kind.
    pub name: ActorName,
}

impl Actor {
    /// Creates an actor.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the name is not 1 to 255 bytes long or contains a NUL.
    pub fn new(kind: ActorKind, name: impl Into<String>) -> Result<Self, InvalidValue> {
        let name = ActorName::new(name)?;
        Ok(Self { kind, name })
    }
}

short_text! {
    /// The name of an actor.
    ActorName, "actor name"
}

/// A kind of actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ActorKind {
    /// An agent that executes tasks.
    Agent,
    /// A service, such as an importer or a scheduler.
    Service,
    /// The store itself, such as its maintenance.
    System,
    /// A person.
    User,
}

impl ActorKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Service, Self::System, Self::User];

    /// Returns the kind as it is written in the text of an actor.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Service => "service",
            Self::System => "system",
        }
    }
}

impl fmt::Display for ActorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.name)
    }
}

impl FromStr for Actor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |kind: &str| ActorKind::ALL.into_iter().find(|k| k.as_str() == kind);
        let parts = text.split_once(':');
        let Some((kind, name)) = parts.and_then(|(kind, name)| Some((known(kind)?, name))) else {
            let limit = "user:, agent:, service: or system: and a name";
            return Err(InvalidValue::text("actor", limit, text));
        };
        Self::new(kind, name)
    }
}

string_form!(Actor);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actor_of_every_kind_round_trips() {
        for kind in ActorKind::ALL {
            let actor = Actor::new(kind, "a:b").unwrap();

            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
    }

    #[test]
    fn actors_are_ordered_like_their_texts() {
        let mut actors: Vec<_> = ActorKind::ALL
            .into_iter()
            .rev()
            .flat_map(|kind| ["b", "a", "a-1"].map(|name| Actor::new(kind, name).unwrap()))
            .collect();

        actors.sort();

        assert!(actors.is_sorted_by_key(ToString::to_string));
    }

    #[test]
    fn actor_without_a_known_kind_or_a_name_is_refused() {
        let refused = |text: &str| text.parse::<Actor>().unwrap_err().to_string();

        assert_eq!(
            refused("robot:r2"),
            "actor must be user:, agent:, service: or system: and a name, got \"robot:r2\""
        );
        assert!(refused("agent").starts_with("actor must be"));
        assert_eq!(
            refused("agent:"),
            "actor name must be 1 to 255 bytes long, got \"\""
        );
    }
}
