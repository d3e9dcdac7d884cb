use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Document;
use crate::number::bounded_number;
use crate::text::short_text;
use crate::timestamp::Timestamp;

short_text! {
    /// What kind of agent it is, such as `code` or `review`.
    AgentType, "agent_type"
}

short_text! {
    /// The name of an agent, for people.
    AgentName, "agent name"
}

bounded_number! {
    /// How many tasks an agent may have at the same time: 1 to 1000. Defaults to 1.
    Capacity(i16), "capacity", 1 to 1000, default 1
}

bounded_number! {
    /// How long an agent counts as alive after a heartbeat, in seconds: 5 s to 24 h. Defaults to
    /// 60 s.
    Lease(i32), "lease", 5 to 86_400, default 60
}

impl Lease {
    /// Returns the lease as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0.unsigned_abs().into())
    }

    /// Returns the end of a lease that starts at `at`.
    #[must_use]
    pub fn until(self, at: Timestamp) -> Timestamp {
        at.saturating_add(self.duration())
    }
}

/// An agent's description of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AgentDescription {
    /// What kind of agent it is.
    pub agent_type: AgentType,
    /// Its name, for people.
    pub name: AgentName,
    /// What it can do. It may execute the tasks that it [fits](Self::fits).
    #[serde(default)]
    pub capabilities: Document,
    /// Anything else, which the store does not interpret.
    #[serde(default)]
    pub metadata: Document,
    /// How many tasks it may have at the same time.
    #[serde(default)]
    pub capacity: Capacity,
    /// How long it counts as alive after a heartbeat, in seconds.
    #[serde(default)]
    pub lease: Lease,
}

impl AgentDescription {
    /// Describes an agent without capabilities and metadata, and with the default capacity and
    /// lease.
    #[must_use]
    pub fn new(agent_type: AgentType, name: AgentName) -> Self {
        Self {
            agent_type,
            name,
            capabilities: Document::default(),
            metadata: Document::default(),
            capacity: Capacity::DEFAULT,
            lease: Lease::DEFAULT,
        }
    }

    /// Sets [`capabilities`](Self::capabilities).
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Document) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Sets [`metadata`](Self::metadata).
    #[must_use]
    pub fn with_metadata(mut self, metadata: Document) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sets [`capacity`](Self::capacity).
    #[must_use]
    pub fn with_capacity(mut self, capacity: Capacity) -> Self {
        self.capacity = capacity;
        self
    }

    /// Sets [`lease`](Self::lease).
    #[must_use]
    pub fn with_lease(mut self, lease: Lease) -> Self {
        self.lease = lease;
        self
    }

    /// Returns whether the agent can do what a task requires: its capabilities, with its type added
    /// as the member `agent_type`, [contain](Document::contains) `required`.
    ///
    /// A member `agent_type` of the capabilities themselves has no effect.
    #[must_use]
    pub fn fits(&self, required: &Document) -> bool {
        let (agent_type, others) = required.split_member("agent_type");
        let agent_type: Option<Result<String, _>> = agent_type.map(|json| json.deserialize());
        let same_type = agent_type
            .is_none_or(|wanted| wanted.is_ok_and(|wanted| wanted == self.agent_type.as_str()));
        same_type && self.capabilities.contains(&others)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::JsonText;

    fn coder(capabilities: &Value) -> AgentDescription {
        let agent_type = AgentType::new("code").unwrap();
        AgentDescription::new(agent_type, AgentName::new("Coder").unwrap())
            .with_capabilities(Document::of(capabilities).unwrap())
    }

    fn fits(capabilities: &Value, required: &Value) -> bool {
        coder(capabilities).fits(&Document::of(required).unwrap())
    }

    #[test]
    fn agent_fits_what_its_capabilities_and_its_type_contain() {
        let capabilities = json!({ "languages": ["rust", "go"], "gpu": true });
        for required in [
            json!({}),
            json!({ "agent_type": "code" }),
            json!({ "languages": ["go"] }),
            json!({ "agent_type": "code", "gpu": true, "languages": ["rust"] }),
        ] {
            assert!(fits(&capabilities, &required), "{required}");
        }
        for required in [
            json!({ "agent_type": "review" }),
            json!({ "agent_type": ["code"] }),
            json!({ "agent_type": null }),
            json!({ "agent_type": {} }),
            json!({ "languages": ["rust", "c"] }),
            json!({ "agent_type": "review", "gpu": true }),
        ] {
            assert!(!fits(&capabilities, &required), "{required}");
        }
    }

    #[test]
    fn capability_called_agent_type_has_no_effect() {
        let capabilities = json!({ "agent_type": "review" });

        assert!(!fits(&capabilities, &json!({ "agent_type": "review" })));
        assert!(fits(&capabilities, &json!({ "agent_type": "code" })));
    }

    #[test]
    fn lease_and_capacity_have_bounds_and_defaults() {
        assert_eq!((Lease::MIN.get(), Lease::MAX.get()), (5, 86_400));
        assert_eq!(Lease::default().get(), 60);
        assert_eq!(
            Lease::new(4).unwrap_err().to_string(),
            "lease must be 5 to 86400, got 4"
        );
        assert_eq!((Capacity::MIN.get(), Capacity::MAX.get()), (1, 1000));
        assert_eq!(Capacity::default().get(), 1);
        assert_eq!(
            Capacity::new(1001).unwrap_err().to_string(),
            "capacity must be 1 to 1000, got 1001"
        );
    }

    #[test]
    fn lease_ends_after_its_seconds() {
        let noon: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();

        assert_eq!(Lease::MAX.duration(), Duration::from_secs(24 * 60 * 60));
        assert_eq!(
            Lease::default().until(noon).to_string(),
            "2026-01-31T12:01:00.000000Z"
        );
        assert_eq!(Lease::MAX.until(Timestamp::MAX), Timestamp::MAX);
    }

    /// Documents with few keys and values, so that many contain each other.
    fn capabilities() -> impl Strategy<Value = Value> {
        let scalar =
            prop::sample::select(vec![json!("code"), json!("review"), json!(1), json!(null)]);
        let value = prop_oneof![
            3 => scalar.clone(),
            1 => prop::collection::vec(scalar, 0..3).prop_map(Value::from),
        ];
        let key = prop::sample::select(vec!["agent_type", "a", "b"]);
        prop::collection::btree_map(key, value, 0..3).prop_map(|members| json!(members))
    }

    proptest! {
        #[test]
        fn agent_fits_exactly_what_its_capabilities_with_its_type_contain(
            capabilities in capabilities(),
            required in capabilities(),
        ) {
            let own = Document::of(&capabilities).unwrap();
            let with_type = own.with_member("agent_type", &JsonText::of(&"code").unwrap());
            let contains = with_type.unwrap().contains(&Document::of(&required).unwrap());

            prop_assert_eq!(fits(&capabilities, &required), contains);
        }
    }
}
