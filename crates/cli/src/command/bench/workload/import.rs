use std::io::{BufWriter, Write};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use tasktrail::task_history::TaskStepResult;
use tasktrail::timestamp::Timestamp;
use tasktrail_cli::import::{
    ImportOptions, ImportReport, ImportWatch, Importer, InvalidLine, Source,
};
use tempfile::NamedTempFile;

use super::Workload;
use super::row::{Row, Written};
use crate::command::bench::entries::{STEPS, StampGenerator, fetched, task};
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::measured::{Latencies, Measured, Resident};
use crate::command::bench::progress::Progress;
use crate::failure::Failure;

/// Measures the import of a file with `lines` lines, including decompression and parsing. A latency
/// is the time between two chunks of up to 2000 lines.
pub(in crate::command::bench) async fn measure(
    environment: &BenchEnvironment,
    lines: u32,
    progress: &Progress,
) -> Result<Row, Failure> {
    environment.clear().await?;
    let file = tokio::task::spawn_blocking(move || file(lines)).await??;
    progress.start_measuring("import");
    let before = environment.statistics().await?;
    let manager = environment.open(true).await?;
    let mut importer = Importer::new(manager.task_history()?, ImportOptions::default());
    let mut batches = Batches::default();
    let began = Instant::now();
    let source = Source::from(file.path().to_owned());
    importer.import(&source, &mut batches).await?;
    let took = began.elapsed();
    let done = environment.statistics().await?;
    manager.close().await;
    let saved = importer.report().saved;
    let after = environment
        .statistics_when(|now| now.entries.rows_added >= before.entries.rows_added + saved)
        .await?;
    let measured = Measured {
        count: saved,
        took,
        latencies: batches.latencies,
        resident: batches.resident,
    };
    let written = Written {
        log_bytes: done.log_bytes.saturating_sub(before.log_bytes),
        rows_died: Written::rows_died(&before, &after),
        by: saved,
    };
    Ok(Row::of_writing(Workload::Import, 1, &measured, &written))
}

/// A line in the format of `tasktrail import`.
#[derive(Serialize)]
struct Line<'a> {
    user_id: &'a str,
    task_id: &'a str,
    step: u16,
    recorded_at: Timestamp,
    step_result: &'a TaskStepResult,
}

/// Writes a gzip file with tasks of 100 users, with ten steps each. Dropping the value removes it.
fn file(lines: u32) -> Result<NamedTempFile, Failure> {
    let file = tempfile::Builder::new().suffix(".jsonl.gz").tempfile()?;
    let mut gzip = GzEncoder::new(BufWriter::new(file.as_file()), Compression::default());
    let newest = StampGenerator::default().time(Instant::now());
    let result = fetched()?;
    for number in 0..lines {
        let key = task(number / u32::from(STEPS))?;
        let line = Line {
            user_id: key.user.as_str(),
            task_id: key.task.as_str(),
            step: u16::try_from(number % u32::from(STEPS))?,
            recorded_at: newest.saturating_sub(Duration::from_millis(u64::from(lines - number))),
            step_result: &result,
        };
        serde_json::to_writer(&mut gzip, &line)?;
        gzip.write_all(b"\n")?;
    }
    let mut rest = gzip.finish()?;
    rest.flush()?;
    drop(rest);
    Ok(file)
}

/// Records the latency of each chunk.
struct Batches {
    latencies: Latencies,
    resident: Resident,
    since: Instant,
    lines: u64,
}

impl Default for Batches {
    fn default() -> Self {
        Self {
            latencies: Latencies::default(),
            resident: Resident::default(),
            since: Instant::now(),
            lines: 0,
        }
    }
}

impl ImportWatch for Batches {
    fn opened(&mut self, _name: &str, _size_bytes: Option<u64>) {
        self.since = Instant::now();
    }

    fn advanced(&mut self, _read_bytes: u64, report: &ImportReport) {
        let now = Instant::now();
        // The end of the file is not a chunk.
        if report.lines > self.lines {
            self.latencies.record(now - self.since);
            self.resident.sample();
        }
        self.lines = report.lines;
        self.since = now;
    }

    fn invalid_line(&mut self, _invalid: &InvalidLine) {}

    fn replaced(&mut self, _replaced: &InvalidLine) {}
}

#[cfg(test)]
mod tests {
    use tasktrail::DatabaseManager;

    use super::*;

    #[tokio::test]
    async fn file_has_the_requested_number_of_good_lines() {
        let file = file(2_500).unwrap();
        let manager = DatabaseManager::in_memory();
        let histories = manager.task_history().unwrap();
        let mut importer = Importer::new(histories, ImportOptions::default());
        let mut batches = Batches::default();

        let source = Source::from(file.path().to_owned());
        importer.import(&source, &mut batches).await.unwrap();

        let report = importer.report();
        assert_eq!((report.saved, report.tasks), (2_500, 250));
        assert_eq!(batches.lines, 2_500);
        assert!(batches.latencies.max_ms() > 0.0);
    }

    #[test]
    fn file_is_removed_on_drop() {
        let file = file(1).unwrap();
        let path = file.path().to_owned();
        assert!(path.is_file());

        drop(file);

        assert!(!path.exists());
    }
}
