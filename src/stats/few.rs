//! Counts by a name, of which there are few.

/// Names that are counted apart. A statement fails for one or two reasons, and goes where it goes for as
/// many; what comes after so many is counted together.
const NAMES_MAX: usize = 8;

/// Counts by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Few<N> {
    known: Vec<(N, u64)>,
    others: u64,
}

impl<N> Default for Few<N> {
    fn default() -> Self {
        Few { known: Vec::new(), others: 0 }
    }
}

impl<N: Copy + PartialEq> Few<N> {
    /// Counts so many of that name.
    pub fn add(&mut self, name: N, count: u64) {
        let is_full = self.known.len() >= NAMES_MAX;
        match self.known.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known += count,
            None if is_full => self.others += count,
            None => self.known.push((name, count)),
        }
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Few<N>) {
        other.known.iter().for_each(|(name, count)| self.add(*name, *count));
        self.others += other.others;
    }

    /// The names that were counted apart, in the order in which they came.
    pub fn known(&self) -> &[(N, u64)] {
        &self.known
    }

    /// How many had other names.
    pub fn others(&self) -> u64 {
        self.others
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.known.iter().map(|(_, count)| count).sum::<u64>() + self.others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_limit_are_counted_together() {
        let mut few = Few::default();
        (0..20).for_each(|name| few.add(name, 1));
        few.add(0, 5);
        assert_eq!((few.known().len(), few.others(), few.total()), (NAMES_MAX, 12, 25));
        assert_eq!(few.known()[0], (0, 6));
    }

    #[test]
    fn merging_adds() {
        let (mut one, mut other) = (Few::default(), Few::default());
        one.add('a', 1);
        other.add('b', 2);
        other.add('a', 3);
        one.merge(&other);
        assert_eq!(one.known(), [('a', 4), ('b', 2)]);
    }
}
