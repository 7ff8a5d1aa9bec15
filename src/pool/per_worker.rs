//! One thing for each worker, made when the worker first needs it.

use crate::ids::WorkerId;

/// A `T` for each worker. Its length is bounded by the number of workers, which are counted from 0.
#[derive(Debug)]
pub(super) struct PerWorker<T>(Vec<T>);

impl<T> Default for PerWorker<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Default> PerWorker<T> {
    /// What this worker has, if it ever needed one.
    pub(super) fn of(&self, worker: WorkerId) -> Option<&T> {
        self.0.get(usize::from(worker.0))
    }

    /// What this worker has.
    pub(super) fn of_mut(&mut self, worker: WorkerId) -> &mut T {
        let index = usize::from(worker.0);
        if self.0.len() <= index {
            self.0.resize_with(index + 1, T::default);
        }
        &mut self.0[index]
    }

    /// What each worker has.
    pub(super) fn iter(&self) -> impl Iterator<Item = (WorkerId, &T)> {
        (0..=u16::MAX).map(WorkerId).zip(&self.0)
    }

    /// What each worker has, to change it.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (WorkerId, &mut T)> {
        (0..=u16::MAX).map(WorkerId).zip(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_the_worker_that_asks() {
        let mut names = PerWorker::<String>::default();
        names.of_mut(WorkerId(2)).push_str("two");
        assert_eq!(names.of(WorkerId(3)), None);
        let all: Vec<_> = names.iter().map(|(worker, name)| (worker.0, name.as_str())).collect();
        assert_eq!(all, [(0, ""), (1, ""), (2, "two")]);
    }
}
