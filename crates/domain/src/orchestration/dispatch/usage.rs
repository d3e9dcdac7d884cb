use serde::{Deserialize, Serialize};

use crate::number::bounded_number;

/// What an attempt used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The peak of its memory, in mebibytes.
    #[serde(rename = "memory_usage_mb")]
    pub memory: Option<MemoryUsage>,
    /// Its CPU time, in milliseconds.
    #[serde(rename = "cpu_time_ms")]
    pub cpu_time: Option<CpuTime>,
}

bounded_number! {
    /// The peak of an attempt's memory, in mebibytes: 0 to 2³¹ − 1.
    MemoryUsage(i32), "memory_usage_mb", 0 to 2_147_483_647
}

bounded_number! {
    /// The CPU time of an attempt, in milliseconds: 0 to 2⁵³.
    CpuTime(i64), "cpu_time_ms", 0 to 9_007_199_254_740_992
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_has_bounds() {
        assert_eq!(MemoryUsage::new(0), Ok(MemoryUsage::MIN));
        assert_eq!(MemoryUsage::MAX.get(), i32::MAX);
        assert_eq!(
            MemoryUsage::new(1 << 31).unwrap_err().to_string(),
            "memory_usage_mb must be 0 to 2147483647, got 2147483648"
        );
        assert_eq!(CpuTime::new(0), Ok(CpuTime::MIN));
        assert_eq!(CpuTime::new(1 << 53), Ok(CpuTime::MAX));
        assert_eq!(
            CpuTime::new((1 << 53) + 1).unwrap_err().to_string(),
            "cpu_time_ms must be 0 to 9007199254740992, got 9007199254740993"
        );
    }
}
