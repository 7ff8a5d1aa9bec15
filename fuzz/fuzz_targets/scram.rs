//! What is read of a peer that has not proven anything: SCRAM and the other login messages.
#![no_main]

use pgweir::auth::scram::{ClientFinal, ClientFirst, Iterations, ServerFinal, ServerFirst};
use pgweir::auth::{
    Cleartext, Credential, Exchange, Login, Method, Password, Request, RequireAuth, Salts, Step, UserList,
};
use std::sync::Arc;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = (ClientFirst::parse(bytes), ServerFirst::parse(bytes));
    let _ = (ClientFinal::parse(bytes), ServerFinal::parse(bytes), Request::parse(bytes));
    let _ = std::str::from_utf8(bytes).map(UserList::parse);
    let Some(iterations) = Iterations::new(1) else { return };
    for method in [Method::ScramSha256, Method::Md5, Method::Plain] {
        let salts = Salts::new([7; 32], iterations);
        let start = Exchange::start(method, "ann", None, &salts, [1; 18]);
        if let Step::Send(_, exchange) = start {
            let _ = exchange.on_message(bytes);
        }
    }
    let password = Credential::Password(Arc::new(Password::new(&b"secret"[..])));
    let _ = Login::new("ann", password, RequireAuth::Any, Cleartext::Allowed, [2; 18]).on_message(bytes);
});
