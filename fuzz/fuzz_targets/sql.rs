//! The text of statements: lexer, fingerprint and proof.
#![no_main]

use pgweir::routing::{Catalog, Classifier};

static NONE: Catalog = Catalog::none();

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let classifier = Classifier::new([1, 2]);
    // The second time from the cache: it must not change its mind.
    assert_eq!(classifier.classify(text, &NONE), classifier.classify(text, &NONE));
    let standard = || classifier.classify_standard(text, &NONE);
    assert_eq!(standard(), standard());
});
