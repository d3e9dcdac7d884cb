//! A group in which the server refuses one request.

/// How many refusals are looked into: enough for three requests to blame among the most there are. What
/// refuses more than that is not about single requests.
const MAX_BISECTIONS: u32 = 32;

/// The parts of a group that are still to be sent, in order. One that is refused is halved until the
/// request to blame stands alone, so that the others do not suffer for it.
#[derive(Debug)]
pub struct Parts<'p, T> {
    open: Vec<&'p [T]>,
    refusals: u32,
}

impl<'p, T> Parts<'p, T> {
    /// One part: all of the group.
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
        reason = "a caller puts parts back in between"
    )]
    pub fn next(&mut self) -> Option<&'p [T]> {
        self.open.pop()
    }

    /// Puts a part back as the next one.
    pub fn again(&mut self, part: &'p [T]) {
        self.open.push(part);
    }

    /// Puts the halves of a refused part back. Not of a single request, and not once too many were
    /// refused: then the refusal is the answer to all of the part.
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

    /// What is taken and what is refused of numbers, and in how many statements.
    fn send(all: &[u32], refuses: impl Fn(u32) -> bool) -> (Vec<u32>, Vec<u32>, u32) {
        let (mut taken, mut blamed, mut statements) = (Vec::new(), Vec::new(), 0);
        let mut parts = Parts::of(all);
        while let Some(part) = parts.next() {
            statements += 1;
            if !part.iter().any(|number| refuses(*number)) {
                taken.extend(part);
            } else if !parts.halve(part) {
                blamed.extend(part);
            }
        }
        (taken, blamed, statements)
    }

    #[test]
    fn the_one_to_blame_is_found_and_the_others_keep_their_order() {
        let all: Vec<_> = (0..500).collect();

        let (taken, refused, statements) = send(&all, |number| number == 321);

        assert_eq!(refused, [321]);
        assert!(taken.is_sorted() && taken.len() == 499);
        assert!(statements <= 2 * 9 + 1, "{statements}");
    }

    #[test]
    fn refusals_of_all_are_looked_into_a_bounded_number_of_times() {
        let all: Vec<_> = (0..500).collect();

        let (taken, refused, statements) = send(&all, |_| true);

        assert_eq!((taken.len(), refused.len()), (0, 500));
        assert!(statements <= 2 * MAX_BISECTIONS + 1, "{statements}");
    }
}
