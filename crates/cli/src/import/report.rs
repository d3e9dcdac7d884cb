use serde::Serialize;

/// The counts of an import.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ImportReport {
    /// Lines that were read, including invalid lines, excluding blank ones.
    pub lines: u64,
    /// Lines that this import saved.
    pub saved: u64,
    /// Lines that were already saved.
    pub duplicates: u64,
    /// Number of distinct tasks in the valid lines.
    pub tasks: u64,
    /// Lines that cannot be saved because of their content.
    pub invalid: u64,
    /// Lines with a result or a message that was replaced because it cannot be stored.
    pub replaced: u64,
    /// Duration of the import, in seconds.
    pub seconds: f64,
}
