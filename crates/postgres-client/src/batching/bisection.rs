//! Finds the requests of a batch that the server refuses.

/// The maximum number of bisections. This isolates three refused requests in the largest batch. More
/// refusals than that are not caused by single requests.
const MAX_BISECTIONS: u32 = 32;

/// The parts of a batch that are still to be sent, in order. A refused part is split in half until
/// the request that causes the refusal is alone, so that the others succeed.
#[derive(Debug)]
pub struct Bisection<'p, T> {
    open: Vec<&'p [T]>,
    refusals: u32,
}

impl<'p, T> Bisection<'p, T> {
    /// Starts with one part: the whole batch.
    #[must_use]
    pub fn of(all: &'p [T]) -> Self {
        Self {
            open: vec![all],
            refusals: 0,
        }
    }

    /// The next part to send.
    #[expect(
        clippy::should_implement_trait,
        reason = "callers put parts back between calls"
    )]
    pub fn next(&mut self) -> Option<&'p [T]> {
        self.open.pop()
    }

    /// Puts a part back, to be sent next.
    pub fn again(&mut self, part: &'p [T]) {
        self.open.push(part);
    }

    /// Puts the halves of a refused part back. Returns `false` if it did not, because the part is a
    /// single request or there were too many refusals: then all requests of the part are refused.
    pub fn halve(&mut self, part: &'p [T]) -> bool {
        self.refusals += 1;
        let halved = part.len() > 1 && self.refusals <= MAX_BISECTIONS;
        if halved {
            let (one, other) = part.split_at(part.len() / 2);
            self.open.extend([other, one]);
        }
        halved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends numbers in parts. Returns the accepted and the refused ones, and the number of
    /// statements.
    fn send(all: &[u32], refuses: impl Fn(u32) -> bool) -> (Vec<u32>, Vec<u32>, u32) {
        let (mut accepted, mut rejected, mut statements) = (Vec::new(), Vec::new(), 0);
        let mut parts = Bisection::of(all);
        while let Some(part) = parts.next() {
            statements += 1;
            if !part.iter().any(|number| refuses(*number)) {
                accepted.extend(part);
            } else if !parts.halve(part) {
                rejected.extend(part);
            }
        }
        (accepted, rejected, statements)
    }

    #[test]
    fn refused_request_is_isolated_and_order_is_kept() {
        let all: Vec<_> = (0..500).collect();

        let (accepted, refused, statements) = send(&all, |number| number == 321);

        assert_eq!(refused, [321]);
        assert!(accepted.is_sorted() && accepted.len() == 499);
        assert!(statements <= 2 * 9 + 1, "{statements}");
    }

    #[test]
    fn number_of_bisections_is_bounded() {
        let all: Vec<_> = (0..500).collect();

        let (accepted, refused, statements) = send(&all, |_| true);

        assert_eq!((accepted.len(), refused.len()), (0, 500));
        assert!(statements <= 2 * MAX_BISECTIONS + 1, "{statements}");
    }
}
