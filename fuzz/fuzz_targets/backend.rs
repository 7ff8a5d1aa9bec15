//! The messages of a server that are opened.
#![no_main]

use pgweir::protocol::backend::{TransactionStatus, command_tag, parameter_status};
use pgweir::protocol::error_response::{Fields, rewritten};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let _ = (TransactionStatus::parse(body), parameter_status(body), command_tag(body));
    let fields = Fields::new(body);
    let _ = (fields.sqlstate(), fields.message(), fields.is_fatal());
    rewritten(&mut Vec::new(), fields, b"pgweir_1", b"s1");
});
