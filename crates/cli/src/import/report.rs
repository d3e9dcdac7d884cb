use serde::Serialize;

/// What came of an import.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ImportReport {
    /// Lines that were read; blank ones do not count, bad ones do.
    pub lines: u64,
    /// Lines that were saved by this import.
    pub saved: u64,
    /// Lines that had been saved before.
    pub duplicates: u64,
    /// Tasks that the good lines belong to, each counted once.
    pub tasks: u64,
    /// Lines that could not be saved, because of what is in them.
    pub bad: u64,
    /// Lines of which a result or a message was replaced, because it could not be stored.
    pub replaced: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}
