//! Sums of measurements.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Range of the histogram of latencies, in nanoseconds.
const SHORTEST: u64 = 1_000;
const LONGEST: u64 = 3_600_000_000_000;

/// Significant decimal digits of the histogram.
const DIGITS: u8 = 3;

/// The latencies of calls.
#[derive(Debug, Clone)]
pub(super) struct Latencies(Option<Histogram<u64>>);

impl Default for Latencies {
    fn default() -> Self {
        // A test checks that the bounds are valid.
        Self(Histogram::new_with_bounds(SHORTEST, LONGEST, DIGITS).ok())
    }
}

impl Latencies {
    pub(super) fn record(&mut self, took: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(LONGEST));
        }
    }

    fn add(&mut self, other: &Self) {
        if let (Some(histogram), Some(other)) = (&mut self.0, &other.0) {
            // Both have the same bounds.
            let _added = histogram.add(other);
        }
    }

    fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// The percentile of the latencies, in milliseconds.
    pub(super) fn percentile_ms(&self, percent: f64) -> f64 {
        let histogram = self.0.as_ref();
        let nanos = histogram.map_or(0, |histogram| histogram.value_at_percentile(percent));
        Duration::from_nanos(nanos).as_secs_f64() * 1e3
    }

    pub(super) fn max_ms(&self) -> f64 {
        let nanos = self.0.as_ref().map_or(0, Histogram::max);
        Duration::from_nanos(nanos).as_secs_f64() * 1e3
    }
}

/// The peak resident memory of this process, as sampled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Resident(pub(super) Option<u64>);

impl Resident {
    pub(super) fn sample(&mut self) {
        let stats = memory_stats::memory_stats();
        let now = stats.and_then(|stats| u64::try_from(stats.physical_mem).ok());
        self.0 = self.0.max(now);
    }
}

/// The result of one or more measurements of the same workload.
#[derive(Debug, Clone, Default)]
pub(super) struct Measured {
    /// Number of entries, lines or reads.
    pub(super) count: u64,
    pub(super) took: Duration,
    pub(super) latencies: Latencies,
    pub(super) resident: Resident,
}

impl Measured {
    /// Creates a measurement in which each call counts as one.
    pub(super) fn of_calls(took: Duration, latencies: &Latencies, mut resident: Resident) -> Self {
        resident.sample();
        Self {
            count: latencies.count(),
            took,
            latencies: latencies.clone(),
            resident,
        }
    }

    /// Adds another turn of the same measurement.
    pub(super) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.took += other.took;
        self.latencies.add(&other.latencies);
        self.resident.0 = self.resident.0.max(other.resident.0);
    }

    pub(super) fn per_second(&self) -> f64 {
        ratio(float(self.count), self.took.as_secs_f64())
    }

    /// Returns `total` divided by the count.
    pub(super) fn each(&self, total: u64) -> f64 {
        ratio(float(total), float(self.count))
    }
}

/// Returns zero instead of dividing by zero.
fn ratio(one: f64, other: f64) -> f64 {
    if other > 0.0 { one / other } else { 0.0 }
}

/// Exact up to 2^53, rounded above.
fn float(number: u64) -> f64 {
    const HALF: u64 = 1 << 32;
    let part = |half: u64| u32::try_from(half).map_or(0.0, f64::from);
    part(number / HALF) * 4_294_967_296.0 + part(number % HALF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latencies(millis: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        for each in millis {
            latencies.record(Duration::from_millis(each));
        }
        latencies
    }

    fn near(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 0.001, "{found} {expected}");
    }

    #[test]
    fn percentiles_cover_all_turns() {
        let mut all = Measured::of_calls(
            Duration::from_secs(1),
            &latencies(1..=50),
            Resident(Some(7)),
        );
        all.add(&Measured::of_calls(
            Duration::from_secs(3),
            &latencies(51..=100),
            Resident(None),
        ));

        near(all.latencies.percentile_ms(50.0), 50.0);
        near(all.latencies.percentile_ms(99.0), 99.0);
        near(all.latencies.max_ms(), 100.0);
        near(all.per_second(), 25.0);
        near(all.each(1000), 10.0);
    }

    #[test]
    fn empty_measurement_is_zero() {
        let nothing = Measured::default();

        assert!(nothing.per_second() <= 0.0 && nothing.each(7) <= 0.0);
        assert!(nothing.latencies.percentile_ms(99.0) <= 0.0);
    }

    #[test]
    fn latencies_out_of_range_are_clamped() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::ZERO);
        latencies.record(Duration::from_secs(1 << 40));

        assert_eq!(latencies.count(), 2);
        near(latencies.max_ms(), 3_600_000.0);
    }

    #[test]
    fn resident_memory_is_sampled() {
        let mut resident = Resident::default();
        resident.sample();

        assert!(resident.0 > Some(100_000), "{resident:?}");
    }

    #[test]
    fn large_numbers_are_converted() {
        near(float(5_000_000_000), 5e9);
        assert!(float(0) <= 0.0);
    }
}
