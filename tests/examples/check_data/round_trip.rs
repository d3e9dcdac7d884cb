//! Exports a store, imports it into another database, and exports that.

use std::fs;

use tasktrail_test_support::TestDatabase;
use tempfile::TempDir;

use super::tool::Tool;

/// The result.
pub(crate) struct RoundTrip {
    /// The duration of the first export.
    pub(crate) seconds: f64,
    pub(crate) peak_kib: Option<u64>,
    pub(crate) entries: u64,
    pub(crate) tasks: u64,
    /// Whether both files are identical.
    pub(crate) is_equal: bool,
}

pub(crate) async fn round_trip(tool: &Tool) -> RoundTrip {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (first, second) = (file("first.jsonl"), file("second.jsonl"));
    let (report, peak_kib) = tool.watched("export", &first).await;
    let elsewhere = TestDatabase::new();
    let other = Tool {
        binary: tool.binary.clone(),
        database_url: elsewhere.url(),
    };
    other.watched("import", &first).await;
    other.watched("export", &second).await;
    RoundTrip {
        seconds: report["seconds"].as_f64().unwrap(),
        peak_kib,
        entries: report["entries"].as_u64().unwrap(),
        tasks: report["tasks"].as_u64().unwrap(),
        is_equal: fs::read(first).unwrap() == fs::read(second).unwrap(),
    }
}
