//! A COMMIT whose answer is lost: other routers call it a failure, or try again.

use crate::support::backend::{answer, command_complete, ready_for_query};
use crate::support::frontend::query;
use crate::support::{FakeServer, Pgweir, Wire};

/// The matrix of the peers' bugs: nobody can know whether it happened, so that is what must be said.
#[test]
fn a_commit_without_an_answer_is_called_a_failure() {
    let server = FakeServer::script(|peer| {
        peer.accept_login();
        while let Some(message) = peer.next().filter(|message| message.tag == 'Q') {
            match message.text().as_str() {
                "COMMIT" => return,
                "BEGIN" => peer.send([command_complete("BEGIN"), ready_for_query('T')]),
                "INSERT" => peer.send([command_complete("INSERT 0 1"), ready_for_query('T')]),
                _ => peer.send([answer("value", "x")]),
            }
        }
    });
    let pgweir = Pgweir::start(&format!(
        "[pooler]\nauth_type = \"trust\"\n\n[databases.db]\nprimary = \"127.0.0.1:{}\"\n\n[users.me]\n",
        server.port()
    ));
    let mut wire = Wire::login(pgweir.port(), "me", "", "db");
    for statement in ["BEGIN", "INSERT"] {
        wire.send([query(statement)]);
        wire.expect("C Z");
    }
    wire.send([query("COMMIT")]);
    assert_eq!(wire.until_error().code, "08007");
}
