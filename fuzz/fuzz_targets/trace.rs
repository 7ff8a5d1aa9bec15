//! The comments of a statement that name a trace.
#![no_main]

use pgweir::routing::summary::summary;
use pgweir::trace::{Context, context_of, without_context};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let context = Context::parse(text).map(|context| context.with_state(text));
    let _ = (context_of(text), context, summary(text));
    if let Some(left) = without_context(text) {
        assert!(left.len() <= text.len());
    }
});
