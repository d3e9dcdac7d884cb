use super::error::BadLine;
use super::report::ImportReport;

/// Is told how an import goes on. `()` does not care.
pub trait ImportWatch: Send {
    /// An input was opened; its size is that of the file, compressed or not, where it is known.
    fn opened(&mut self, name: &str, size_bytes: Option<u64>);

    /// A chunk of the lines was saved; so many bytes of the input had been read for it.
    fn advanced(&mut self, read_bytes: u64, report: &ImportReport);

    /// A bad line was skipped.
    fn bad_line(&mut self, bad: &BadLine);

    /// Something in a line could not be stored, and was replaced.
    fn replaced(&mut self, replaced: &BadLine);
}

impl ImportWatch for () {
    fn opened(&mut self, _name: &str, _size_bytes: Option<u64>) {}

    fn advanced(&mut self, _read_bytes: u64, _report: &ImportReport) {}

    fn bad_line(&mut self, _bad: &BadLine) {}

    fn replaced(&mut self, _replaced: &BadLine) {}
}
