//! A cancel request reaches what its own client runs or waits for, and nobody else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{one_server, with_settings};
use crate::support::frontend::query;
use crate::support::{Database, Wire, send_cancel, until};

/// Waits for a lock that the test holds: it runs for as long as the test wants.
const BLOCKED: &str = "SELECT 'through' FROM pg_advisory_lock(42)";

#[test]
fn a_running_statement_is_cancelled_and_the_session_lives_on() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let server = wire.server_pid();
    wire.send([query("SELECT pg_sleep(600)")]);
    until("it runs", || database.running("SELECT pg_sleep") == 1);
    wire.cancel(pgweir.port());
    wire.expect("T");
    let replies = wire.expect("E Z");
    assert_eq!(replies[0].fields().code, "57014");
    assert_eq!(replies[1].status(), 'I');
    assert_eq!(wire.server_pid(), server);
}

#[test]
fn a_cancel_request_with_a_wrong_key_does_nothing() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let mut blocker = blocked(&database, &mut wire);
    let pid = i32::from_be_bytes(wire.cancel_key[..4].try_into().unwrap());
    let mut key = wire.cancel_key[4..].to_vec();
    key[0] ^= 1;
    send_cancel(pgweir.port(), pid, &key);
    for other in [pid + 1, -pid, 0, i32::MAX] {
        send_cancel(pgweir.port(), other, &wire.cancel_key[4..]);
    }
    gets_through(&mut blocker, &mut wire);
}

#[test]
fn an_idle_client_cancels_nobody_on_the_server_that_it_had() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut idle, mut busy) = (pgweir.client(&database), pgweir.client(&database));
    let server = idle.server_pid();
    assert_eq!(busy.server_pid(), server);
    let mut blocker = blocked(&database, &mut busy);
    for _ in 0..5 {
        idle.cancel(pgweir.port());
    }
    gets_through(&mut blocker, &mut busy);
    assert_eq!(idle.value("SELECT 1"), "1");
}

#[test]
fn of_two_running_statements_the_right_one_is_cancelled() {
    let database = Database::create();
    let pgweir = with_settings(&database, "default_pool_size = 2");
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    let mut blocker = blocked(&database, &mut other);
    one.send([query("SELECT pg_sleep(600)")]);
    until("it runs", || database.running("SELECT pg_sleep") == 1);
    one.cancel(pgweir.port());
    assert_eq!(one.expect("T E Z")[1].fields().code, "57014");
    gets_through(&mut blocker, &mut other);
}

#[test]
fn waiting_for_a_server_can_be_cancelled_and_the_session_lives_on() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut holder, mut waiter) = (pgweir.client(&database), pgweir.client(&database));
    holder.rows("BEGIN");
    waiter.send([query("SELECT 1")]);
    // Nobody outside can see that it waits; a request that comes too early does nothing.
    let answered = AtomicBool::new(false);
    let (port, key) = (pgweir.port(), waiter.cancel_key.clone());
    thread::scope(|scope| {
        scope.spawn(|| {
            let pid = i32::from_be_bytes(key[..4].try_into().unwrap());
            while !answered.load(Ordering::SeqCst) {
                send_cancel(port, pid, &key[4..]);
                thread::sleep(Duration::from_millis(5));
            }
        });
        let replies = waiter.expect("E Z");
        answered.store(true, Ordering::SeqCst);
        assert_eq!(replies[0].fields().code, "57014");
        assert_eq!(replies[0].fields().severity, "ERROR");
        assert_eq!(replies[1].status(), 'I');
    });
    assert_eq!(holder.value("SELECT 1"), "1");
    holder.rows("COMMIT");
    assert_eq!(waiter.value("SELECT 1"), "1");
}

#[test]
fn a_cancel_request_has_ended_when_its_connection_is_closed() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    // The server stays with the client: what comes late would hit its next statement.
    wire.rows("BEGIN");
    for _ in 0..20 {
        wire.cancel(pgweir.port());
        assert_eq!(wire.value("SELECT 'through' FROM pg_sleep(0.02)"), "through");
    }
    wire.rows("COMMIT");
}

/// Sends [`BLOCKED`] and returns when it waits for the lock, with the one who holds it.
fn blocked(database: &Database, wire: &mut Wire) -> Wire {
    let mut blocker = database.direct();
    blocker.rows("SELECT pg_advisory_lock(42)");
    wire.send([query(BLOCKED)]);
    until("it waits for the lock", || database.running("SELECT ''through''") == 1);
    blocker
}

fn gets_through(blocker: &mut Wire, wire: &mut Wire) {
    blocker.rows("SELECT pg_advisory_unlock(42)");
    assert_eq!(wire.expect("T D C Z")[1].row(), [Some("through".to_owned())]);
    wire.rows("SELECT pg_advisory_unlock_all()");
}
