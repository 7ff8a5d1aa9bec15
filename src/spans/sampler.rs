//! Whether a statement is recorded.

use crate::trace::Context;
use std::sync::atomic::{AtomicU64, Ordering};

/// Decides for each statement: as its caller does, and by chance where it has none.
#[derive(Debug, Default)]
pub struct Sampler {
    /// Random numbers below this are recorded; `u64::MAX` is all of them.
    below: AtomicU64,
}

impl Sampler {
    /// From now on this share (0 to 1) of the statements without a caller's span is recorded.
    pub fn set(&self, share: f64) {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share that is off by one in 2^53 is right, and `as` keeps to the bounds"
        )]
        let below = (share.clamp(0.0, 1.0) * u64::MAX as f64) as u64;
        self.below.store(below, Ordering::Relaxed);
    }

    /// Whether a statement is recorded. `random` is asked only if chance decides.
    #[inline]
    pub fn records(&self, parent: Option<&Context>, random: impl FnOnce() -> u64) -> bool {
        match (parent, self.below.load(Ordering::Relaxed)) {
            (Some(parent), _) => parent.is_sampled(),
            (None, 0) => false,
            (None, u64::MAX) => true,
            (None, below) => random() < below,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(flags: u8) -> Context {
        Context { trace_id: [1; 16], span_id: [1; 8], flags, state: None }
    }

    #[test]
    fn a_caller_decides_for_its_statements() {
        let sampler = Sampler::default();
        for share in [0.0, 0.5, 1.0] {
            sampler.set(share);
            assert!(sampler.records(Some(&parent(1)), || panic!("asked")));
            assert!(!sampler.records(Some(&parent(0)), || panic!("asked")));
        }
    }

    #[test]
    fn chance_decides_for_others() {
        let sampler = Sampler::default();
        assert!(!sampler.records(None, || panic!("asked")), "off");
        sampler.set(1.0);
        assert!(sampler.records(None, || panic!("asked")));
        sampler.set(0.25);
        let quarter = u64::MAX / 4;
        assert!(sampler.records(None, || quarter - 1));
        assert!(!sampler.records(None, || quarter + 1));
    }
}
