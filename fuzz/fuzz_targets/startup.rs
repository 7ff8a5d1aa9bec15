//! What comes before a client's login.
#![no_main]

use pgweir::protocol::startup::{self, CancelKey, Packet};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = startup::packet_len(bytes);
    let _ = startup::options(bytes);
    let _ = CancelKey::parse(bytes);
    if let Ok(Packet::Startup(startup)) = startup::parse(bytes) {
        let _ = (startup.extensions().count(), startup.spoken());
        startup.negotiate(&mut Vec::new());
    }
});
