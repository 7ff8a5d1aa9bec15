//! What is steered.

use rustix::process::Signal;

use super::{admin, config, number, start, watcher};
use crate::support::frontend::query;
use crate::support::{Database, Fields, Pgweir, Wire, until};

fn try_client(pgweir: &Pgweir, database: &Database) -> Result<Wire, Fields> {
    let name = database.name.as_str();
    let mut wire = Wire::connect(pgweir.port());
    wire.try_log_in(name, name, &[("user", name), ("database", name)]).map(|()| wire)
}

#[test]
fn a_pause_lets_transactions_end_and_holds_what_comes() {
    let database = Database::create();
    for command in ["PAUSE", &format!("PAUSE {}", database.name)] {
        let pgweir = start(&database, "");
        let (mut console, mut other) = (admin(&pgweir), watcher(&pgweir));
        let (mut busy, mut late) = (pgweir.client(&database), pgweir.client(&database));
        busy.rows("BEGIN");
        busy.rows("SELECT 1");
        console.send([query(command)]);
        let paused = "SELECT max(paused) FROM databases";
        until("it is paused", || number(&mut other, paused) == 1);
        late.send([query("SELECT 2")]);
        until("one waits", || number(&mut other, "SELECT cl_waiting FROM pools") == 1);
        busy.rows("SELECT 3");
        busy.rows("COMMIT");
        assert_eq!(console.expect("C Z")[0].text(), "PAUSE");
        assert_eq!(number(&mut other, "SELECT sv_active + sv_idle + sv_login FROM pools"), 0);
        console.rows(&command.replace("PAUSE", "RESUME"));
        assert_eq!(late.expect("T D C Z")[1].row(), [Some("2".to_owned())]);
        assert_eq!(number(&mut other, paused), 0);
    }
}

#[test]
fn a_pause_that_is_cancelled_stays() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let (mut console, mut other) = (admin(&pgweir), watcher(&pgweir));
    let mut busy = pgweir.client(&database);
    busy.rows("BEGIN");
    busy.rows("SELECT 1");
    console.send([query("PAUSE")]);
    until("it is paused", || number(&mut other, "SELECT max(paused) FROM databases") == 1);
    console.cancel(pgweir.port());
    assert_eq!(console.expect("E Z")[0].fields().code, "57014");
    assert_eq!(number(&mut other, "SELECT max(paused) FROM databases"), 1);
    console.rows("RESUME");
    assert_eq!(console.error("RESUME").code, "55000");
    assert_eq!(busy.value("SELECT 1"), "1");
}

#[test]
fn a_killed_database_has_no_client_and_no_server_and_stays_paused() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut console = admin(&pgweir);
    let (mut idle, mut busy) = (pgweir.client(&database), pgweir.client(&database));
    idle.rows("SELECT 1");
    busy.send([query("SELECT pg_sleep(600)")]);
    until("it runs", || database.running("SELECT pg_sleep") == 1);
    console.rows(&format!("KILL {}", database.name));
    assert_eq!(idle.until_error().code, "57P01");
    assert_eq!(busy.until_error().code, "57P01");
    busy.expect_end();
    assert_eq!(database.running("SELECT pg_sleep"), 0, "its statement was cancelled");
    assert_eq!(number(&mut console, "SELECT count(*) FROM servers"), 0);
    assert_eq!(number(&mut console, "SELECT count(*) FROM clients"), 1, "the console itself");
    let paused = format!("SELECT paused FROM databases WHERE name = '{}'", database.name);
    assert_eq!(number(&mut console, &paused), 1);
    console.rows(&format!("RESUME {}", database.name));
    assert_eq!(pgweir.client(&database).value("SELECT 1"), "1");
}

#[test]
fn one_client_is_killed_alone() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut console = admin(&pgweir);
    let mut victim = pgweir.client_with(&database, &[("application_name", "victim")]);
    let mut other = pgweir.client(&database);
    victim.rows("BEGIN");
    victim.rows("SELECT 1");
    let id = console.value("SELECT id FROM clients WHERE application_name = 'victim'");
    console.rows(&format!("KILL_CLIENT {id}"));
    let Fields { severity, code, .. } = victim.until_error();
    assert_eq!((severity.as_str(), code.as_str()), ("FATAL", "57P01"));
    victim.expect_end();
    assert_eq!(other.value("SELECT 1"), "1");
    until("it is gone", || console.error(&format!("KILL_CLIENT {id}")).code == "42704");
}

#[test]
fn a_client_that_is_killed_in_the_middle_of_a_message_gets_no_other_one() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut console = admin(&pgweir);
    let mut victim = pgweir.client_with(&database, &[("application_name", "victim")]);
    victim.send([query("SELECT repeat('x', 100000000)")]);
    victim.expect("T");
    let id = console.value("SELECT id FROM clients WHERE application_name = 'victim'");
    console.rows(&format!("KILL_CLIENT {id}"));
    let rest = victim.rest();
    let (header, value) = rest.split_at(11);
    assert_eq!(header[0], b'D');
    assert!(value.len() < 100_000_000 && value.iter().all(|byte| *byte == b'x'));
}

#[test]
fn a_limit_of_silence_that_is_set_reaches_those_who_are_silent() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut console = admin(&pgweir);
    let (mut idle, mut open) = (pgweir.client(&database), pgweir.client(&database));
    open.rows("BEGIN");
    console.rows("SET idle_transaction_timeout = '100ms'");
    assert_eq!(open.expect("E")[0].fields().code, "25P03");
    console.rows("SET client_idle_timeout = '100ms'");
    assert_eq!(idle.expect("E")[0].fields().code, "57P05");
}

#[test]
fn a_disabled_database_takes_nobody_new() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut console = admin(&pgweir);
    let mut inside = pgweir.client(&database);
    console.rows(&format!("DISABLE {}", database.name));
    let refused = try_client(&pgweir, &database).err().unwrap();
    assert_eq!(
        (refused.code.as_str(), refused.hint.as_str()),
        ("57P03", "ENABLE it on the console.")
    );
    assert_eq!(inside.value("SELECT 1"), "1");
    console.rows(&format!("ENABLE {}", database.name));
    assert!(try_client(&pgweir, &database).is_ok());
}

#[test]
fn after_a_reconnect_every_server_is_new() {
    let database = Database::create();
    let pgweir = start(&database, "default_pool_size = 1");
    let (mut console, mut other) = (admin(&pgweir), watcher(&pgweir));
    let mut client = pgweir.client(&database);
    client.rows("BEGIN");
    let old = client.server_pid();
    console.rows("RECONNECT");
    assert_eq!(number(&mut other, "SELECT close_needed FROM servers"), 1);
    console.send([query("WAIT_CLOSE")]);
    client.rows("COMMIT");
    assert_eq!(console.expect("C Z")[0].text(), "WAIT_CLOSE");
    assert_ne!(client.server_pid(), old);
}

#[test]
fn pgbouncers_signals_pause_resume_and_end_at_once() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let (mut console, mut client) = (admin(&pgweir), pgweir.client(&database));
    pgweir.signal(Signal::USR1);
    pgweir.wait_for_log("paused (SIGUSR1)");
    assert_eq!(number(&mut console, "SELECT max(paused) FROM databases"), 1);
    client.send([query("SELECT 2")]);
    until("it waits", || number(&mut console, "SELECT sum(cl_waiting) FROM pools") == 1);
    pgweir.signal(Signal::USR2);
    assert_eq!(client.expect("T D C Z")[1].row(), [Some("2".to_owned())]);
    pgweir.signal(Signal::USR2);
    pgweir.wait_for_log("cannot resume (SIGUSR2)");
    client.rows("BEGIN");
    client.rows("SELECT 1");
    pgweir.signal(Signal::QUIT);
    assert_eq!(client.until_error().code, "57P01");
    let (status, log) = pgweir.stop_after_signal();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn a_secret_that_is_set_is_not_logged() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut console = admin(&pgweir);
    console.send([query("SET tracing.headers = 'api-key=hunter2'")]);
    assert_eq!(console.expect("N C Z")[1].text(), "SET tracing.headers=[secret]");
    pgweir.wait_for_log("setting changed on the console");
    assert!(!pgweir.log().contains("hunter2"), "{}", pgweir.log());
}

#[test]
fn what_needs_a_restart_is_told_until_it_has_had_one() {
    let database = Database::create();
    let pgweir = start(&database, "workers = 1");
    let mut console = admin(&pgweir);
    let mut reload = || {
        console.send([query("RELOAD")]);
        let replies = console.expect("N C Z");
        replies[0].fields().message
    };
    pgweir.reload(&config(&database, "workers = 2"));
    pgweir.wait_for_log("needs a restart");
    assert_eq!(reload(), "needs a restart to take effect: pooler.workers");
    pgweir.reload(&config(&database, "workers = 1"));
    until("it is read", || reload() == "nothing has changed");
    assert_eq!(console.value("SELECT value FROM config WHERE key = 'workers'"), "1");
}

#[test]
fn a_setting_changes_until_the_next_reload() {
    let database = Database::create();
    let pgweir = start(&database, "default_pool_size = 1");
    let mut console = admin(&pgweir);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    one.rows("BEGIN");
    one.rows("SELECT 1");
    other.send([query("SELECT 1")]);
    console.send([query("SET default_pool_size = 2")]);
    let replies = console.expect("N C Z");
    assert!(replies[0].fields().message.contains("default_pool_size was 1"), "{:?}", replies[0]);
    assert_eq!(replies[1].text(), "SET default_pool_size=2");
    other.expect("T D C Z");
    let wrong = console.error("SET default_pool_size = 'many'");
    assert_eq!(wrong.code, "22023");
    assert!(wrong.detail.contains("allowed: a whole number from 1"), "{}", wrong.detail);
    assert_eq!(console.error("SET listen_port = 1").code, "55P02");
    assert!(console.error("SET default_pol_size = 1").hint.contains("default_pool_size"));
    console.send([query("RELOAD")]);
    let changed = console.expect("N C Z")[0].fields().message;
    assert!(changed.contains("pooler.default_pool_size"), "{changed}");
    assert_eq!(number(&mut console, "SELECT value FROM config WHERE key = 'default_pool_size'"), 1);
}

#[test]
fn a_reload_says_what_is_wrong() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut console = admin(&pgweir);
    pgweir.reload(&config(&database, "pool_mod = \"session\""));
    pgweir.wait_for_log("reload refused");
    let refused = console.error("RELOAD");
    assert_eq!(refused.code, "F0000");
    assert!(refused.detail.contains("pool_mode"), "{}", refused.detail);
    pgweir.reload(&config(&database, "listen_backlog = 7"));
    pgweir.wait_for_log("needs a restart");
}

#[test]
fn a_shutdown_is_at_once_or_waits() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut busy = pgweir.client(&database);
    busy.rows("BEGIN");
    let mut console = admin(&pgweir);
    console.send([query("SHUTDOWN")]);
    assert_eq!(pgweir.stop_after_signal().0.code(), Some(0));

    let pgweir = start(&database, "");
    let mut busy = pgweir.client(&database);
    busy.rows("BEGIN");
    busy.rows("SELECT 1");
    admin(&pgweir).rows("SHUTDOWN WAIT_FOR_SERVERS");
    pgweir.wait_for_log("shutting down");
    assert_eq!(busy.value("SELECT 1"), "1");
    busy.rows("COMMIT");
    assert_eq!(pgweir.stop_after_signal().0.code(), Some(0));

    let pgweir = start(&database, "");
    let mut client = pgweir.client(&database);
    let mut console = admin(&pgweir);
    console.rows("SHUTDOWN WAIT_FOR_CLIENTS");
    pgweir.wait_for_log("no new clients");
    assert_eq!(client.value("SELECT 1"), "1");
    assert_eq!(client.value("SELECT 2"), "2");
    assert_eq!(console.rows("SHOW POOLS").len(), 1);
    drop(client);
    assert_eq!(console.until_error().code, "57P01");
    assert_eq!(pgweir.stop_after_signal().0.code(), Some(0));
}
