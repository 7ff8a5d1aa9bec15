//! The messages of a client that are opened.
#![no_main]

use pgweir::protocol::frontend::{Bind, Parse, Target, text};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let _ = (Parse::open(body), Target::parse(body), text(body));
    assert!(
        Bind::parse(body).is_ok_and(|bind| bind.names_len <= body.len())
            || Bind::parse(body).is_err()
    );
});
