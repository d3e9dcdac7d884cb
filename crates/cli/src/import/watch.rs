use super::error::InvalidLine;
use super::report::ImportReport;

/// Receives the progress of an import. Use `()` to ignore it.
pub trait ImportWatch: Send {
    /// Called when an input was opened. `size_bytes` is the size of the file as stored, if it is
    /// known.
    fn opened(&mut self, name: &str, size_bytes: Option<u64>);

    /// Called when a chunk of lines was saved. `read_bytes` is the number of bytes of the input,
    /// before decompression, that were read up to the end of this chunk.
    fn advanced(&mut self, read_bytes: u64, report: &ImportReport);

    /// Called when an invalid line was skipped.
    fn invalid_line(&mut self, invalid: &InvalidLine);

    /// Called when a part of a line was replaced because it cannot be stored.
    fn replaced(&mut self, replaced: &InvalidLine);
}

impl ImportWatch for () {
    fn opened(&mut self, _name: &str, _size_bytes: Option<u64>) {}

    fn advanced(&mut self, _read_bytes: u64, _report: &ImportReport) {}

    fn invalid_line(&mut self, _invalid: &InvalidLine) {}

    fn replaced(&mut self, _replaced: &InvalidLine) {}
}
