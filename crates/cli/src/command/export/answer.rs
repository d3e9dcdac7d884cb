use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, grouped};

/// The answer of an export; `counts` has the numbers of what is in the file.
#[derive(Serialize)]
pub(super) struct Answer<'a, C> {
    pub(super) file: &'a str,
    pub(super) format: &'a str,
    #[serde(flatten)]
    pub(super) counts: C,
    /// Size of the stored file; `null` if the target is not a regular file.
    pub(super) bytes: Option<u64>,
    pub(super) seconds: f64,
}

impl<C: Serialize> Answer<'_, C> {
    /// Prints the answer, as a table with the counts by these names.
    pub(super) fn print(
        &self,
        counts: impl IntoIterator<Item = (&'static str, u64)>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        if output.is_json() {
            return output.json(self);
        }
        let counts = counts.into_iter();
        let counts = counts.map(|(name, count)| (name, grouped(count)));
        let bytes = self.bytes.map_or_else(|| "?".to_owned(), grouped);
        let seconds = format!("{:.1}", self.seconds);
        let facts = counts.chain([("bytes", bytes), ("seconds", seconds)]);
        output.table(&output.table_style().facts(facts))
    }
}
