//! When a catalog counts, without a database.

use super::*;
use crate::routing::Reason;

fn current() -> Current {
    Current::new("d".to_owned(), Arc::new(Semaphore::new(1)))
}

fn is_known(current: &Current) -> bool {
    current.ask(Catalog::is_readable)
}

#[test]
fn a_catalog_counts_until_a_definition_is_seen() {
    let (current, classifier) = (current(), Classifier::new([1, 2]));
    assert!(!is_known(&current));
    let before = current.answer_call();
    let epoch = classifier.epoch();
    current.learn(Some(Arc::new(Catalog::none())), before, &classifier);
    assert_ne!(classifier.epoch(), epoch);
    assert!(is_known(&current));
    current.definitions().seen();
    assert!(!is_known(&current));
    assert_eq!(current.called(), Call::Unknown);
}

#[test]
fn what_was_read_before_a_definition_is_not_known_after_it() {
    let (current, classifier) = (current(), Classifier::new([1, 2]));
    let before = current.answer_call();
    current.definitions().seen();
    current.learn(Some(Arc::new(Catalog::none())), before, &classifier);
    let class = current.ask(|catalog| classifier.classify(b"SELECT 1", catalog));
    assert_eq!(class.reason, Reason::CatalogUnknown);
}

#[test]
fn a_catalog_that_cannot_be_read_is_unknown_again() {
    let (current, classifier) = (current(), Classifier::new([1, 2]));
    current.learn(Some(Arc::new(Catalog::none())), 0, &classifier);
    current.learn(None, 0, &classifier);
    assert!(!is_known(&current));
}
