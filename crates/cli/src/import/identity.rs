use fastbloom::BloomFilter;
use sha2::{Digest, Sha256};
use tasktrail::task_history::EntryId;
use tasktrail::timestamp::Timestamp;

/// A filter of 16 MiB. Of ten million lines, it mistakes fewer than 1 in 400 for a repeated line.
const FILTER_BITS: usize = 16 << 23;
const FILTER_HASHES: u32 = 6;

/// 8 MiB of counters. The memory is not touched unless lines are repeated.
const COUNTERS: usize = 1 << 21;

/// Derives the entry IDs of the lines of one input.
///
/// Equal lines of an input are separate saves, so an ID is derived from the line and from the
/// number of equal lines before it. Storing every line would need as much memory as the input.
/// Instead, a Bloom filter detects new lines, and counters, each shared by several lines, number
/// the repeated ones. Both have a fixed size. They can mistake a new line for a repeated one, or
/// return a number that is too high. But equal lines always get different numbers, and the same
/// input always gets the same numbers: nothing depends on the machine, the run or the time.
pub(super) struct Identities {
    seen: BloomFilter,
    counters: Vec<u32>,
}

impl Default for Identities {
    fn default() -> Self {
        Self {
            // The hashes are passed in. A fixed seed avoids the random default.
            seen: BloomFilter::with_num_bits(FILTER_BITS)
                .seed(&0)
                .hashes(FILTER_HASHES),
            counters: vec![0; COUNTERS],
        }
    }
}

impl Identities {
    /// Returns the ID of the next line. `line` excludes the line ending.
    pub(super) fn next(&mut self, line: &[u8], recorded_at: Option<Timestamp>) -> EntryId {
        let mut digest = Sha256::new_with_prefix(line);
        let occurrence = self.occurrence(&digest.clone().finalize());
        digest.update(occurrence.to_be_bytes());
        let mut fingerprint = [0; 10];
        for (byte, hashed) in fingerprint.iter_mut().zip(digest.finalize()) {
            *byte = hashed;
        }
        // A line without a time must get the same ID in every import.
        EntryId::derived(recorded_at.unwrap_or_default(), fingerprint)
    }

    /// Returns at least the number of equal lines before this one.
    fn occurrence(&mut self, line_hash: &[u8]) -> u32 {
        let mut words = line_hash.chunks_exact(8).map(|bytes| {
            bytes
                .iter()
                .fold(0, |word, byte| (word << 8) | u64::from(*byte))
        });
        if !self.seen.insert_hash(words.next().unwrap_or_default()) {
            return 0;
        }
        let places: Vec<usize> = words.map(place).collect();
        let shared = places.iter().filter_map(|place| self.counters.get(*place));
        let occurrence = shared.min().map_or(1, |count| count.saturating_add(1));
        for place in places {
            if let Some(count) = self.counters.get_mut(place) {
                *count = occurrence.max(*count);
            }
        }
        occurrence
    }
}

fn place(word: u64) -> usize {
    let counters = u64::try_from(COUNTERS).unwrap_or(1);
    usize::try_from(word % counters).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn identities_are_deterministic() {
        let mut identities = Identities::default();
        let at = "2026-01-31T12:00:00Z".parse().ok();
        let ids = [
            identities.next(b"a line", at),
            identities.next(b"a line", at),
            identities.next(b"a line", None),
        ];

        assert_eq!(
            ids.map(|id| id.to_string()),
            [
                "019c13ec-9e00-797f-bb7d-8443a8d6fe0e",
                "019c13ec-9e00-7964-81b6-3d28d969bdc7",
                "00000000-0000-7a81-97ae-5d5a7524401c",
            ]
        );
    }

    #[test]
    fn equal_lines_are_numbered() {
        let mut identities = Identities::default();
        let mut occurrence = |line: &str| identities.occurrence(&Sha256::digest(line));

        assert_eq!(
            ["a", "b", "a", "a", "b", "c"].map(&mut occurrence),
            [0, 0, 1, 2, 1, 0]
        );
    }

    #[test]
    fn equal_lines_differ_even_if_counters_are_shared() {
        let mut identities = Identities::default();
        identities.counters.truncate(0);
        identities.counters.resize(COUNTERS, 7);

        let numbers: HashSet<u32> = (0..100)
            .map(|_| identities.occurrence(&Sha256::digest(b"a")))
            .collect();

        assert_eq!(numbers.len(), 100);
    }
}
