//! Session parameters are the client's, whichever server it gets.

use super::one_server;
use crate::support::Database;

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
    let mut wire = crate::support::Wire::connect(pgweir.port());
    let name = database.name.as_str();
    let asked = [("user", name), ("database", name), ("TimeZone", "Atlantis/Center")];
    let refused = wire.try_log_in(name, name, &asked).unwrap_err();
    assert_eq!((refused.severity.as_str(), refused.code.as_str()), ("FATAL", "22023"));
    assert!(refused.message.contains("TimeZone"), "{refused}");
    wire.expect_end();
    assert_eq!(pgweir.client(&database).value("SELECT 1"), "1");
}
