//! Evaluates the statistics of this process's pool.

use tasktrail_postgres_client::pool::PoolStatistics;

use super::finding::{Finding, FindingCode, Severity};

pub(super) fn judge(pool: &PoolStatistics) -> Vec<Finding> {
    let full = (pool.waiting > 0).then(|| {
        FindingCode::PoolFull.finding(
            Severity::Warning,
            "calls wait for a connection of the pool",
            format!(
                "{} wait, {} of {} connections are in use",
                pool.waiting, pool.in_use, pool.maximum
            ),
            "raise the maximum of the pool, or find out what holds the connections",
        )
    });
    let waits = &pool.waits;
    let timed_out = (waits.timed_out > 0).then(|| {
        FindingCode::PoolTimeouts.finding(
            Severity::Warning,
            "calls have timed out waiting for a connection of the pool",
            format!(
                "{} of {} calls that waited, longest wait {:?}",
                waits.timed_out, waits.number, waits.longest
            ),
            "raise the maximum of the pool, or find out what holds the connections",
        )
    });
    let leaks = (pool.leaks > 0).then(|| {
        FindingCode::PoolLeaks.finding(
            Severity::Warning,
            "calls held a connection for longer than the leak threshold",
            format!("{} since the pool was opened", pool.leaks),
            "check the log, which names the operations; then check their statements, and transactions that wait for locks",
        )
    });
    full.into_iter().chain(timed_out).chain(leaks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_timeouts_and_leaks_are_reported() {
        let mut pool = PoolStatistics::default();
        (pool.waiting, pool.in_use, pool.maximum, pool.leaks) = (3, 2, 2, 1);
        (pool.waits.number, pool.waits.timed_out) = (5, 2);
        let codes: Vec<_> = judge(&pool).into_iter().map(|found| found.code).collect();

        assert_eq!(
            codes,
            [
                FindingCode::PoolFull,
                FindingCode::PoolTimeouts,
                FindingCode::PoolLeaks
            ]
        );
        assert_eq!(judge(&PoolStatistics::default()), []);
    }
}
