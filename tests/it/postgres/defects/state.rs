//! A session's state: what differs between its hosts, and what leaks to the next client.

use super::split;
use crate::support::frontend::{bind, execute, parse, sync};
use crate::support::{Database, Pgweir, Trace, Wire, until};

/// A read that shows the session's time zone, on whatever host.
const ZONE: &str = "SELECT timestamptz '2024-06-01 00:00+00' AS zone";

/// Pgpool-II sends `set_config` to the primary alone; PgDog understands one form of it, as the only target.
#[test]
fn a_setting_made_by_a_function_holds_on_one_host_only() {
    let database = Database::create();
    let mut trace = database.trace();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    wire.rows("SELECT set_config('TimeZone', 'Asia/Tokyo', false)");
    must_read(&mut wire, &mut trace, "2024-06-01 09:00:00+09");
    wire.rows(
        "SELECT 1, set_config('TimeZone', 'Asia/Kolkata', false), set_config('a.b', 'c', false)",
    );
    must_read(&mut wire, &mut trace, "2024-06-01 05:30:00+05:30");
    let sql = "SELECT set_config('TimeZone', $1, false)";
    wire.send([parse("", sql), bind("", "", &[Some("Etc/GMT-1")]), execute(""), sync()]);
    wire.expect("1 2 D C Z");
    must_read(&mut wire, &mut trace, "2024-06-01 01:00:00+01");
}

/// PgDog does not follow these forms, and the next client finds them.
#[test]
fn a_setting_made_in_an_unusual_way_leaks_to_the_next_client() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let mut next = pgweir.client(&database);
    let zone = next.value(ZONE);
    wire.rows("SELECT set_config('TimeZone', 'Asia/Tokyo', false), 1");
    assert_eq!(next.value(ZONE), zone);
    wire.rows("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY");
    next.rows("INSERT INTO t VALUES (1)");
    assert_eq!(wire.error("INSERT INTO t VALUES (2)").code, "25006");
}

/// PgDog passes them on and does not follow them.
#[test]
fn a_role_leaks_to_the_next_client() {
    let database = Database::create();
    let pgweir = split(&database);
    let (mut wire, mut next) = (pgweir.client(&database), pgweir.client(&database));
    let name = database.name.as_str();
    wire.rows("SET ROLE NONE");
    database.run(&format!("CREATE ROLE {name}_other; GRANT {name}_other TO {name}"));
    wire.rows(&format!("SET ROLE {name}_other"));
    assert_eq!(next.value("SELECT current_user"), name);
}

/// PgDog ignores it, and what it knows of the client survives.
#[test]
fn discard_all_keeps_the_settings() {
    let database = Database::create();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let zone = wire.value(ZONE);
    wire.rows("SET TimeZone = 'Asia/Tokyo'");
    assert_ne!(wire.value(ZONE), zone);
    wire.rows("DISCARD ALL");
    assert_eq!(wire.value(ZONE), zone);
}

/// PgDog and Pgpool-II send some of these to a standby, where they hold for nobody.
#[test]
fn what_belongs_to_the_session_is_done_on_a_standby() {
    let statements = [
        "SELECT setseed(0.5)",
        "SELECT set_config('a.b', 'c', true)",
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT pg_try_advisory_xact_lock_shared(1)",
        "SELECT pg_cancel_backend(0)",
        "SELECT pg_terminate_backend(0)",
        "SELECT pg_stat_clear_snapshot()",
        "SHOW transaction_read_only",
    ];
    super::all_go_to("primary", "", &statements);
}

/// PgDog says it once more without doubling the quotes.
#[test]
fn a_quote_in_a_notification_is_lost() {
    let database = Database::create();
    let pgweir = split(&database);
    let mut listener = database.direct();
    listener.rows("LISTEN news");
    pgweir.client(&database).rows("NOTIFY news, 'it''s'");
    let strings = listener.expect("A")[0].body[4..].to_vec();
    assert_eq!(strings, b"news\0it's\0");
}

/// PgDog passes on what its first host said, and that is a replica: a driver that wants a host that it can
/// write to (`target_session_attrs`) goes away.
#[test]
fn a_client_is_told_that_it_talks_to_a_standby() {
    let database = Database::create();
    let pgweir = split(&database);
    for _ in 0..4 {
        let mut wire = pgweir.client(&database);
        for name in ["in_hot_standby", "default_transaction_read_only"] {
            let told = wire.parameters.iter().find(|(parameter, _)| parameter == name);
            assert_eq!(told.map(|(_, value)| value.as_str()), Some("off"), "{name}");
        }
        wire.rows(ZONE);
        let mut told = Vec::new();
        wire.send([crate::support::frontend::query("SELECT 1")]);
        loop {
            let message = wire.next();
            match message.tag {
                'S' => told.push(message.strings()),
                'Z' => break,
                _ => {}
            }
        }
        assert_eq!(told, Vec::<Vec<String>>::new());
    }
}

/// Supabase's pooler has had `default_transaction_read_only` leak to other clients.
#[test]
fn a_client_that_only_reads_makes_the_next_one_only_read() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = split(&database);
    let options = ("options", "-c default_transaction_read_only=on");
    let mut reader = pgweir.client_with(&database, &[options]);
    let mut writer = pgweir.client(&database);
    for _ in 0..3 {
        reader.rows("SELECT count(*) FROM t");
        assert_eq!(reader.error("INSERT INTO t VALUES (1)").code, "25006");
        writer.rows("INSERT INTO t VALUES (1)");
    }
}

/// PgCat gives a session its role by its first statement (its issue 469).
#[test]
fn in_session_mode_the_first_statement_decides_for_all() {
    let database = Database::with("CREATE TABLE t (id int)");
    let config = super::SPLIT.replace("[pooler]\n", "[pooler]\npool_mode = \"session\"\n");
    let pgweir =
        Pgweir::start(&format!("{config}{}", database.config())).with_catalog_of(&database);
    let mut wire = pgweir.client(&database);
    wire.rows("SELECT count(*) FROM t");
    wire.rows("INSERT INTO t VALUES (1)");
    assert_eq!(database.run("SELECT count(*) FROM t"), "1");
}

/// The zone that a replica shows. It waits for one that serves: the primary has just been used.
fn must_read(wire: &mut Wire, trace: &mut Trace, expected: &str) {
    until("a replica serves the read", || {
        trace.ran();
        assert_eq!(wire.value(ZONE), expected);
        trace.roles("AS zone") == ["replica"]
    });
}
