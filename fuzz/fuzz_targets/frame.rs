//! Whole messages in a piece.
#![no_main]

use pgweir::protocol::frame::{Frames, Header};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut frames = Frames::new(bytes);
    while let Ok(Some(frame)) = frames.next_frame() {
        assert!(frame.body().len() + 5 == frame.bytes.len());
    }
    assert!(frames.position() <= bytes.len());
    let _ = Header::parse(&bytes[frames.position()..]);
});
