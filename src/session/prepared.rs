//! What is prepared on one server under our names, the least recently used first to go.

use super::description::Description;
use super::statements::Moment;
use crate::ids::StatementId;
use foldhash::quality::RandomState;
use hashlink::LinkedHashMap;

/// What is prepared on one server, the least recently used first to go.
#[derive(Debug)]
pub struct Prepared {
    /// In order of use, the latest last.
    statements: LinkedHashMap<StatementId, State, RandomState>,
    max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Parsed at that moment; what it takes and returns, once the server has said it.
    Usable(Moment, Option<Description>),
    /// Must be closed and prepared anew before its next use: a change of its tables made the
    /// plan useless ("cached plan must not change result type"), somebody has deallocated it, or
    /// its `Close` was skipped.
    Stale,
}

/// Whether a statement can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usable {
    /// As it is; it takes and returns this, if the server has said it.
    AsItIs(Option<Description>),
    /// It must be prepared first.
    Not,
}

impl Prepared {
    /// Nothing is prepared yet; at most `max` statements will be.
    pub fn new(max: usize) -> Self {
        Prepared { statements: LinkedHashMap::default(), max: max.max(1) }
    }

    /// At most `max` statements will be prepared from now on.
    pub fn set_max(&mut self, max: usize) {
        self.max = max.max(1);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Whether `id` can be used as it is by one who prepared it at this moment; if so, it counts as
    /// used now.
    pub fn touch(&mut self, id: StatementId, since: Moment) -> bool {
        matches!(self.usable(id, since), Usable::AsItIs(_))
    }

    /// The same, and what the server has said of it.
    pub(super) fn usable(&mut self, id: StatementId, since: Moment) -> Usable {
        match self.statements.to_back(&id) {
            Some(State::Usable(parsed, described)) if *parsed >= since => {
                Usable::AsItIs(*described)
            }
            _ => Usable::Not,
        }
    }

    /// `id` counts as prepared from now on; says whether it must be closed before that. When the
    /// `Parse` fails or is skipped, [`Prepared::forget`] takes it back. Then
    /// [`Prepared::evict`] must make room.
    #[must_use]
    pub fn insert(&mut self, id: StatementId, now: Moment) -> bool {
        self.statements.insert(id, State::Usable(now, None)).is_some()
    }

    /// The server has said what `id` takes and returns.
    pub(super) fn describe(&mut self, id: StatementId, described: Description) {
        if let Some(State::Usable(_, known)) = self.statements.get_mut(&id) {
            *known = Some(described);
        }
    }

    /// `id` is not prepared.
    pub fn forget(&mut self, id: StatementId) {
        self.statements.remove(&id);
    }

    /// `id` is prepared but must not be used as it is.
    pub fn mark_stale(&mut self, id: StatementId) {
        self.statements.insert(id, State::Stale);
    }

    /// Nothing is prepared any more.
    pub fn clear(&mut self) {
        self.statements.clear();
    }

    /// It is not known what is prepared.
    pub fn mark_all_stale(&mut self) {
        self.statements.values_mut().for_each(|state| *state = State::Stale);
    }

    /// What must be closed, as long as there are too many.
    pub fn evict(&mut self) -> Option<StatementId> {
        let too_many = self.statements.len() > self.max;
        let oldest = if too_many { self.statements.pop_front() } else { None };
        oldest.map(|(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::statements::StatementIds;
    use super::*;

    #[test]
    fn the_least_recently_used_makes_room() {
        let [a, b, c] = [1, 2, 3].map(StatementId);
        let now = StatementIds::default().moment();
        let mut prepared = Prepared::new(2);
        assert!(!prepared.insert(a, now) && !prepared.insert(b, now));
        assert_eq!(prepared.evict(), None);
        assert!(prepared.touch(a, now));
        assert!(!prepared.insert(c, now));
        assert_eq!(prepared.evict(), Some(b));
        assert_eq!(prepared.evict(), None);
        assert!(!prepared.touch(b, now));
    }

    #[test]
    fn a_limit_that_is_lowered_makes_room_for_the_next() {
        let now = StatementIds::default().moment();
        let mut prepared = Prepared::new(3);
        (1..=3).for_each(|id| assert!(!prepared.insert(StatementId(id), now)));
        prepared.set_max(1);
        assert_eq!(prepared.len(), 3, "nothing is closed before the next is prepared");
        assert!(!prepared.insert(StatementId(4), now));
        let evicted: Vec<_> = std::iter::from_fn(|| prepared.evict()).collect();
        assert_eq!(evicted, [1, 2, 3].map(StatementId));
    }

    #[test]
    fn a_stale_statement_is_closed_and_prepared_anew() {
        let mut prepared = Prepared::new(2);
        let (a, now) = (StatementId(1), StatementIds::default().moment());
        assert!(!prepared.insert(a, now));
        prepared.mark_stale(a);
        assert!(!prepared.touch(a, now));
        assert!(prepared.insert(a, now), "must be closed first");
        assert!(prepared.touch(a, now));
    }

    #[test]
    fn what_was_parsed_before_a_client_prepared_it_is_too_old_for_it() {
        let mut prepared = Prepared::new(2);
        let (a, ids) = (StatementId(1), StatementIds::default());
        let (first, second, third) = (ids.moment(), ids.moment(), ids.moment());
        assert!(!prepared.insert(a, second));
        assert!(prepared.touch(a, first) && prepared.touch(a, second));
        assert!(!prepared.touch(a, third));
        assert!(prepared.insert(a, third));
        assert!(prepared.touch(a, third) && prepared.touch(a, first));
    }

    #[test]
    fn what_came_back_makes_room_too() {
        let mut prepared = Prepared::new(1);
        let now = StatementIds::default().moment();
        (1..=3).for_each(|id| prepared.mark_stale(StatementId(id)));
        assert!(!prepared.insert(StatementId(4), now));
        let evicted: Vec<_> = std::iter::from_fn(|| prepared.evict()).collect();
        assert_eq!(evicted.len(), 3);
        assert!(prepared.touch(StatementId(4), now));
    }
}
