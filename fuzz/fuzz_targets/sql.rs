//! The text of statements: lexer, fingerprint and proof.
#![no_main]

use pgweir::routing::Classifier;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let classifier = Classifier::new([1, 2]);
    // The second time from the cache: it must not change its mind.
    assert_eq!(classifier.classify(text), classifier.classify(text));
    assert_eq!(classifier.classify_standard(text), classifier.classify_standard(text));
});
