//! `tasktrail import` of the loan log: unpacking and parsing included.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::process::Child;
use tokio::time::interval;

use super::Measured;
use crate::case::Case;
use crate::figures::Figures;
use crate::workbench::Workbench;

/// Interval at which the peak memory of the tool is read.
const LOOK: Duration = Duration::from_millis(5);

pub(crate) async fn measure(bench: &Workbench, file: &Path) -> Result<Measured> {
    let database = bench.database().await?;
    let mut child = bench
        .tool(&database)
        .arg("import")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot run tasktrail")?;
    let peak = peak(&mut child).await?;
    let output = child.wait_with_output().await?;
    anyhow::ensure!(
        output.status.success(),
        "tasktrail import: {}",
        output.status
    );
    let report: Value = serde_json::from_slice(&output.stdout)?;
    Ok(vec![(Case::Import, read(&report, peak)?)])
}

/// Returns the peak memory of a process in bytes, if the system shows it.
async fn peak(child: &mut Child) -> Result<Option<f64>> {
    let mut looks = interval(LOOK);
    let mut peak = None;
    // The peak never decreases, so the last value read before the exit is nearly exact.
    while child.try_wait()?.is_none() {
        let seen = child.id().and_then(high_water_mark);
        peak = seen.or(peak);
        looks.tick().await;
    }
    Ok(peak)
}

fn high_water_mark(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024.0)
}

fn read(report: &Value, peak: Option<f64>) -> Result<Figures> {
    let number = |name: &str| report.get(name).and_then(Value::as_f64);
    let (lines, saved, seconds) = (number("lines"), number("saved"), number("seconds"));
    let (lines, seconds) = lines
        .zip(seconds)
        .context("unknown output of tasktrail import")?;
    anyhow::ensure!(saved == Some(lines), "not every line was saved: {report}");
    Ok(Figures {
        resident_bytes: peak,
        ..Figures::per_second(lines / seconds)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_per_second_are_returned_if_all_were_saved() {
        let report = json!({ "lines": 300, "saved": 300, "seconds": 1.5 });
        let figures = read(&report, Some(1024.0)).unwrap();
        assert!((figures.per_second - 200.0).abs() < 1e-9);
        assert_eq!(figures.resident_bytes, Some(1024.0));

        assert!(read(&json!({ "lines": 300, "saved": 299, "seconds": 1.5 }), None).is_err());
    }
}
