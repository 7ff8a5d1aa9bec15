//! Session parameters are the client's, whichever server it gets.

use super::{one_server, with_settings};
use crate::support::frontend::{bind, execute, parse, query, sync};
use crate::support::{Database, Wire};

#[test]
fn startup_parameters_are_applied_before_the_first_statement() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client_with(
        &database,
        &[
            ("TimeZone", "Asia/Tokyo"),
            ("application_name", "till 7"),
            ("options", "-c search_path=pg_catalog,public -c statement_timeout=12345"),
        ],
    );
    assert_eq!(wire.value("SHOW timezone"), "Asia/Tokyo");
    assert_eq!(wire.value("SHOW application_name"), "till 7");
    assert_eq!(wire.value("SHOW search_path"), "pg_catalog,public");
    assert_eq!(wire.value("SHOW statement_timeout"), "12345ms");
}

#[test]
fn the_welcome_tells_the_parameters_that_hold() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let wire = pgweir.client_with(&database, &[("TimeZone", "Asia/Tokyo")]);
    let told = |wanted: &str| {
        let mut all = wire.parameters.iter().filter(|(name, _)| name == wanted);
        all.next().map(|(_, value)| value.as_str())
    };
    assert_eq!(told("TimeZone"), Some("Asia/Tokyo"));
    assert_eq!(told("client_encoding"), Some("UTF8"));
    assert_eq!(told("pgweir_version"), Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn clients_with_different_parameters_share_one_server() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut tokyo = pgweir.client_with(&database, &[("TimeZone", "Asia/Tokyo")]);
    let mut paris =
        pgweir.client_with(&database, &[("TimeZone", "Europe/Paris"), ("DateStyle", "German")]);
    let mut nowhere = pgweir.client(&database);
    let default = database.direct().value("SHOW timezone");
    let server = tokyo.server_pid();
    for _ in 0..3 {
        assert_eq!(tokyo.value("SHOW timezone"), "Asia/Tokyo");
        assert_eq!(paris.value("SHOW timezone"), "Europe/Paris");
        assert_eq!(paris.value("SELECT date '2024-12-31'"), "31.12.2024");
        assert_eq!(nowhere.value("SHOW timezone"), default);
        assert_eq!(nowhere.value("SELECT date '2024-12-31'"), "2024-12-31");
    }
    assert_eq!(paris.server_pid(), server);
    assert_eq!(nowhere.server_pid(), server);
}

#[test]
fn a_set_stays_with_the_client_that_made_it() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    one.rows("SET DateStyle = 'SQL, DMY'");
    other.rows("SET application_name = 'the other'");
    assert_eq!(one.value("SELECT date '2024-12-31'"), "31/12/2024");
    assert_eq!(other.value("SELECT date '2024-12-31'"), "2024-12-31");
    assert_eq!(one.value("SHOW application_name"), "");
    assert_eq!(other.value("SHOW application_name"), "the other");
}

#[test]
fn a_set_that_is_rolled_back_is_nobody_s() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    one.rows("BEGIN; SET DateStyle = 'German'");
    one.rows("ROLLBACK");
    assert_eq!(other.value("SELECT date '2024-12-31'"), "2024-12-31");
    assert_eq!(one.value("SELECT date '2024-12-31'"), "2024-12-31");
}

#[test]
fn a_parameter_that_postgres_refuses_refuses_the_login() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = Wire::connect(pgweir.port());
    let name = database.name.as_str();
    let asked = [("user", name), ("database", name), ("TimeZone", "Atlantis/Center")];
    let refused = wire.try_log_in(name, name, &asked).unwrap_err();
    assert_eq!((refused.severity.as_str(), refused.code.as_str()), ("FATAL", "22023"));
    assert!(refused.message.contains("TimeZone"), "{refused}");
    wire.expect_end();
    assert_eq!(pgweir.client(&database).value("SELECT 1"), "1");
}

/// Startup parameters that differ from what a server logs in with.
const TOKYO: [(&str, &str); 2] =
    [("TimeZone", "Asia/Tokyo"), ("options", "-c work_mem=1234kB -c search_path=pg_catalog")];

/// What the session has set of these.
fn set_now(wire: &mut Wire) -> [String; 3] {
    ["TimeZone", "work_mem", "search_path"].map(|name| wire.value(&format!("SHOW {name}")))
}

#[test]
fn every_way_to_reset_leads_back_to_what_the_client_started_with() {
    let database = Database::create();
    for mode in ["session", "transaction"] {
        let pgweir =
            with_settings(&database, &format!("pool_mode = \"{mode}\"\ndefault_pool_size = 1"));
        let default = database.direct().value("SHOW timezone");
        let mut wire = pgweir.client_with(&database, &TOKYO);
        for reset in [
            "RESET TimeZone; RESET work_mem; RESET search_path",
            "RESET ALL",
            "DISCARD ALL",
            "SET TimeZone TO DEFAULT; SET work_mem = DEFAULT; SET search_path TO DEFAULT",
            "SELECT 1; RESET ALL",
        ] {
            // The second is what servers log in with, so that they do not report the reset.
            for zone in ["Europe/Paris", default.as_str()] {
                for text in ["SET work_mem = '2MB'", "SET search_path = public"] {
                    wire.rows(text);
                }
                wire.rows(&format!("SET TimeZone = '{zone}'"));
                match reset.starts_with("SELECT") {
                    true => drop(wire.rows(reset)),
                    false => reset.split("; ").for_each(|text| drop(wire.rows(text))),
                }
                assert_eq!(set_now(&mut wire), ["Asia/Tokyo", "1234kB", "pg_catalog"], "{reset}");
            }
        }
    }
}

#[test]
fn a_reset_by_the_extended_protocol_or_in_a_transaction_leads_back_too() {
    let database = Database::create();
    for mode in ["session", "transaction"] {
        let pgweir =
            with_settings(&database, &format!("pool_mode = \"{mode}\"\ndefault_pool_size = 1"));
        let mut wire = pgweir.client_with(&database, &TOKYO);
        wire.rows("SET TimeZone = 'Europe/Paris'");
        wire.send([parse("r", "RESET ALL"), sync()]);
        wire.expect("1 Z");
        wire.send([bind("", "r", &[]), execute(""), sync()]);
        wire.expect("2 C Z");
        assert_eq!(set_now(&mut wire)[0], "Asia/Tokyo", "{mode}");
        wire.rows("SET TimeZone = 'Europe/Paris'");
        for (end, after) in [("ROLLBACK", "Europe/Paris"), ("COMMIT", "Asia/Tokyo")] {
            wire.rows("BEGIN");
            wire.rows("RESET TimeZone");
            assert_eq!(set_now(&mut wire)[0], "Asia/Tokyo", "{mode}");
            wire.rows(end);
            assert_eq!(set_now(&mut wire)[0], after, "{mode}, {end}");
        }
        wire.rows("SET TimeZone = 'Europe/Paris'");
        wire.rows("BEGIN");
        wire.rows("SET LOCAL TimeZone TO DEFAULT");
        assert_eq!(set_now(&mut wire)[0], "Asia/Tokyo", "{mode}");
        wire.rows("COMMIT");
        assert_eq!(set_now(&mut wire)[0], "Europe/Paris", "{mode}");
    }
}

/// What follows a reset in the same packet sees what that has led to.
#[test]
fn a_reset_is_done_before_what_follows_it() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client_with(&database, &TOKYO);
    wire.send(["SET TimeZone = 'UTC'", "RESET ALL", "SHOW TimeZone"].map(query));
    let answers = wire.expect("C Z C Z T D C Z");
    assert_eq!(answers[5].row()[0].as_deref(), Some("Asia/Tokyo"));
}

#[test]
fn startup_parameters_come_to_the_same_whatever_a_server_was_used_for() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut german = pgweir.client(&database);
    german.rows("SET DateStyle = 'German, DMY'");
    let asked = [("DateStyle", "ISO")];
    let wanted = database.direct_with(&asked).value("SHOW DateStyle");
    assert_eq!(pgweir.client_with(&database, &asked).value("SHOW DateStyle"), wanted);
}

#[test]
fn options_come_before_the_other_startup_parameters() {
    let database = Database::create();
    let pgweir = one_server(&database);
    for asked in [
        [("search_path", "pg_catalog"), ("options", "-c search_path=public")],
        [("options", "-c search_path=public"), ("search_path", "pg_catalog")],
        [("search_path", "public"), ("search_path", "pg_catalog")],
        [("options", "-c TimeZone=UTC -c timezone=CET"), ("search_path", "a")],
    ] {
        let shown = |mut wire: Wire| set_now(&mut wire);
        let direct = shown(database.direct_with(&asked));
        assert_eq!(shown(pgweir.client_with(&database, &asked)), direct, "{asked:?}");
    }
}

#[test]
fn a_name_that_is_too_long_is_cut_with_a_notice_as_postgresql_says_it() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let name = "x".repeat(65);
    let asked = [("application_name", name.as_str())];
    let direct = database.direct_with(&asked).notices;
    assert_eq!((direct.len(), direct[0].code.as_str()), (1, "42622"));
    for _ in 0..2 {
        assert_eq!(pgweir.client_with(&database, &asked).notices, direct);
    }
    assert_eq!(pgweir.client_with(&database, &asked).value("SHOW application_name").len(), 63);
}

#[test]
fn a_statement_never_runs_with_another_clients_settings() {
    let database = Database::create();
    let name = database.name.as_str();
    database.run(&format!("CREATE ROLE {name}_a; GRANT {name}_a TO {name}"));
    database.run(&format!("CREATE ROLE {name}_b; GRANT {name}_b TO {name}"));
    let pgweir = one_server(&database);
    let [mut a, mut b] = ["a", "b"].map(|role| {
        let options = format!("-c role={name}_{role} -c app.tenant={role}");
        pgweir.client_with(&database, &[("options", &options)])
    });
    for role in ["a", "b", "a"] {
        let wire = if role == "a" { &mut a } else { &mut b };
        assert_eq!(
            wire.value("SELECT current_user || current_setting('app.tenant')"),
            format!("{name}_{role}{role}")
        );
    }
    database.run(&format!("REVOKE {name}_b FROM {name}"));
    let sql = "SELECT current_user";
    assert_eq!(b.error(sql).code, "42501");
    b.send([parse("", sql), bind("", "", &[]), execute(""), sync(), query(sql)]);
    assert_eq!(b.expect("E Z E Z")[2].fields().code, "42501");
    assert_eq!(a.value(sql), format!("{name}_a"), "the server is as it was");
    database.run(&format!("GRANT {name}_b TO {name}"));
    assert_eq!(b.value(sql), format!("{name}_b"), "the session lives on");
    database.run(&format!("REVOKE {name}_a, {name}_b FROM {name}; DROP ROLE {name}_a, {name}_b"));
}

#[test]
fn a_setting_with_a_long_name_is_reset_for_the_next_client() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let long = format!("a.{}", "b".repeat(100));
    let options = format!("-c {long}=secret");
    let mut own = pgweir.client_with(&database, &[("options", &options)]);
    assert_eq!(own.value(&format!("SELECT current_setting('{long}')")), "secret");
    let mut next = pgweir.client(&database);
    assert_eq!(next.value(&format!("SELECT coalesce(current_setting('{long}', true), '')")), "");
}

#[test]
fn a_role_follows_its_client_and_nobody_else() {
    let database = Database::create();
    let name = database.name.as_str();
    database.run(&format!("CREATE ROLE {name}_low; GRANT {name}_low TO {name}"));
    let pgweir = one_server(&database);
    let (mut low, mut next) = (pgweir.client(&database), pgweir.client(&database));
    for text in [
        format!("SET ROLE {name}_low"),
        format!("BEGIN; SET ROLE {name}_low; COMMIT"),
        format!("SELECT set_config('role', '{name}_low', false)"),
    ] {
        low.rows(&text);
        assert_eq!(next.value("SELECT current_user"), name, "{text}");
        assert_eq!(low.value("SELECT current_user"), format!("{name}_low"), "{text}");
        low.rows("RESET ROLE");
        assert_eq!(low.value("SELECT current_user"), name, "{text}");
    }
    low.send([parse("", &format!("SET ROLE {name}_low")), bind("", "", &[]), execute(""), sync()]);
    low.expect("1 2 C Z");
    assert_eq!(next.value("SELECT current_user"), name);
    assert_eq!(low.value("SELECT current_user"), format!("{name}_low"));
    low.rows("DISCARD ALL");
    assert_eq!(low.value("SELECT current_user"), name);
    drop((low, next));
    database.run(&format!("REVOKE {name}_low FROM {name}; DROP ROLE {name}_low"));
}

#[test]
fn another_user_follows_its_client_and_nobody_else() {
    let database = Database::create();
    let name = database.name.as_str();
    database.run(&format!("CREATE ROLE {name}_low; ALTER ROLE {name} SUPERUSER"));
    for mode in ["transaction", "session"] {
        let pgweir =
            with_settings(&database, &format!("pool_mode = \"{mode}\"\ndefault_pool_size = 1"));
        let mut low = pgweir.client(&database);
        low.rows(&format!("SET SESSION AUTHORIZATION {name}_low"));
        assert_eq!(low.value("SELECT session_user"), format!("{name}_low"));
        if mode == "session" {
            drop(low);
            assert_eq!(pgweir.client(&database).value("SELECT session_user"), name);
            continue;
        }
        let mut next = pgweir.client(&database);
        assert_eq!(next.value("SELECT session_user || current_user"), format!("{name}{name}"));
        assert_eq!(low.value("SELECT session_user"), format!("{name}_low"));
        low.rows("RESET SESSION AUTHORIZATION");
        assert_eq!(low.value("SELECT session_user"), name);
    }
    database.run(&format!("DROP ROLE {name}_low"));
}
