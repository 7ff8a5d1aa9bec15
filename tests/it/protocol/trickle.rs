//! Bytes that come one at a time mean the same.

use super::Scene;
use crate::support::backend::{answer, parameter_status};
use crate::support::frontend::{bind, copy_data, copy_done, execute, parse, query, sync};
use crate::support::{FakeServer, Pgweir, Wire};

#[test]
fn a_whole_session_one_byte_at_a_time() {
    let mut scene = Scene::set();
    let name = scene.database.name.clone();
    let mut wire = scene.stranger();
    wire.trickle();
    wire.log_in(&name, &name, &[("user", &name), ("database", &name), ("TimeZone", "Asia/Tokyo")]);
    assert_eq!(wire.value("SHOW timezone"), "Asia/Tokyo");
    wire.send([parse("s", "SELECT $1 || 'x'"), bind("", "s", &[Some("7")]), execute(""), sync()]);
    assert_eq!(wire.expect("1 2 D C Z")[2].row(), [Some("7x".to_owned())]);
    wire.send([parse("s", "SELECT 1"), sync(), bind("", "gone", &[]), sync()]);
    let replies = wire.expect("E Z E Z");
    assert_eq!(replies[0].fields().code, "42P05");
    assert_eq!(replies[2].fields().code, "26000");
    wire.rows("BEGIN; CREATE TEMP TABLE t (id int) ON COMMIT DROP");
    wire.send([query("COPY t FROM STDIN"), copy_data(b"1\n2\n"), copy_done()]);
    assert_eq!(wire.expect("G C Z")[1].text(), "COPY 2");
    wire.rows("COMMIT");
    scene.must_be_unharmed();
}

#[test]
fn a_server_that_says_everything_one_byte_at_a_time() {
    let server = FakeServer::script(|peer| {
        peer.trickle();
        peer.accept_login();
        peer.expect("Q");
        peer.send([parameter_status("TimeZone", "Mars/Base"), answer("value", "slow")]);
        peer.answer_all("slow");
    });
    let pgweir = Pgweir::start(&super::hostile_server::config(server.port()));
    let mut wire = Wire::login(pgweir.port(), "me", "", "db");
    assert_eq!(wire.value("SELECT 1"), "slow");
    assert_eq!(wire.value("SELECT 1"), "slow");
}
