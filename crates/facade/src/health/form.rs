//! The JSON form of a [`Health`], which `tasktrail health --format json` prints.

#[cfg(feature = "postgres")]
mod facts;

use serde::{Serialize, Serializer};

use super::Health;

#[derive(Serialize)]
struct Form<'a> {
    state: &'static str,
    reasons: &'a [String],
    #[cfg(feature = "postgres")]
    #[serde(flatten)]
    facts: facts::Facts<'a>,
}

impl Serialize for Health {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = Form {
            state: self.state.as_str(),
            reasons: &self.reasons,
            #[cfg(feature = "postgres")]
            facts: facts::Facts::of(self),
        };
        form.serialize(serializer)
    }
}
