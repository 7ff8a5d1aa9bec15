//! Both sides of a session: the input is pieces, each of which begins with a length and whose it is.
#![no_main]

use pgweir::session::outbox::Nowhere;
use pgweir::session::request::{Out, Stopped, Until};
use pgweir::session::{ServerSide, Session, Shared};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let shared = Shared::default();
    let parameters = shared.interner.intern(Default::default());
    let mut server = ServerSide::new(parameters.clone(), 2);
    let mut session = Session::new(parameters, true);
    let (mut from_client, mut from_server) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    while let [head, tail @ ..] = rest {
        let (piece, tail) = tail.split_at(tail.len().min(usize::from(head >> 1)));
        rest = tail;
        if head & 1 == 0 {
            from_client.extend_from_slice(piece);
            let _ = session.plan(&shared, &from_client, Some(&mut |_| {}));
            let mut out = Out { server: &mut Nowhere, client: &mut Nowhere };
            let request =
                session.request(&shared, &mut server, &from_client, Until::UnitEnd, &mut out);
            let Ok(requested) = request else { return };
            from_client.drain(..requested.consumed);
            if requested.stopped == Stopped::Terminate {
                return;
            }
        } else {
            from_server.extend_from_slice(piece);
            let reply = session.reply(&shared, &mut server, &from_server, &mut Nowhere);
            let Ok(consumed) = reply else { return };
            from_server.drain(..consumed);
        }
        if server.clean().is_some() {
            session.link(&mut server, None, &mut Nowhere);
        }
    }
});
