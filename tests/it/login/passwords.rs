//! Passwords that are long, that change, or that a server wants to see.

use super::log_in;
use crate::support::backend::{
    authentication_ok, backend_key_data, error_response, parameter_status, ready_for_query,
};
use crate::support::frontend::{password, startup, string, typed};
use crate::support::{Database, FakeServer, Fields, Pgweir, Wire, until};

/// PostgreSQL takes a message of 65,535 bytes: with its length, and a zero byte at the end.
const LONGEST: usize = 65_530;

#[test]
fn a_password_may_be_as_long_as_postgresql_takes_it() {
    let database = Database::create();
    let name = &database.name;
    let (long, longest) = ("x".repeat(20_000), "y".repeat(LONGEST));
    let file = tempfile::NamedTempFile::new().unwrap();
    let users = format!("\"long\" \"{long}\"\n\"longest\" \"{longest}\"\n");
    std::fs::write(file.path(), users).unwrap();
    for method in ["plain", "scram-sha-256", "md5"] {
        let pgweir = Pgweir::start(&format!(
            "[pooler]\nauth_type = \"{method}\"\nauth_file = \"{}\"\n\n{}",
            file.path().display(),
            database.primary_config()
        ));
        for (user, secret) in [("long", &long), ("longest", &longest)] {
            let mut wire = log_in(&pgweir, &database, user, secret).unwrap();
            assert_eq!(wire.value("SELECT current_user"), *name, "{method} {user}");
        }
        let wrong = log_in(&pgweir, &database, "long", &longest).map(|_| ()).unwrap_err();
        assert_eq!(wrong.code, "28P01", "{method}");
    }
}

#[test]
fn a_longer_password_is_refused_in_the_file_and_at_the_login() {
    let database = Database::create();
    let pgweir = start(&database, "auth_type = \"plain\"");
    let beyond = "z".repeat(LONGEST + 1);
    let refused = log_in(&pgweir, &database, &database.name, &beyond).map(|_| ()).unwrap_err();
    assert_eq!(refused.code, "08P01");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("\"me\" \"{beyond}\"\n")).unwrap();
    pgweir.reload(&format!(
        "[pooler]\nauth_file = \"{}\"\n\n{}",
        file.path().display(),
        database.primary_config()
    ));
    pgweir.wait_for_log("reload refused");
    assert!(pgweir.log().contains(&format!("longer than {LONGEST} bytes")), "{}", pgweir.log());
}

#[test]
fn a_changed_password_of_a_databases_user_holds_from_the_reload_on() {
    let database = Database::create();
    let name = &database.name;
    let config = |password: &str| {
        format!(
            "[pooler]\nauth_type = \"trust\"\n\n[databases.{name}]\nprimary = \"{}\"\n\
             user = \"{name}\"\n\n[users.{name}]\npassword = \"{password}\"\n",
            database.cluster.primary().address()
        )
    };
    let pgweir = Pgweir::start(&config(name));
    let mut wire = log_in(&pgweir, &database, name, name).unwrap();
    assert_eq!(wire.value("SELECT 1"), "1");
    database.run(&format!("ALTER ROLE {name} PASSWORD 'changed'"));
    pgweir.reload(&config("changed"));
    pgweir.wait_for_log("reloaded");
    end_servers(&database);
    assert_eq!(wire.value("SELECT 1"), "1");
    assert_eq!(log_in(&pgweir, &database, name, name).unwrap().value("SELECT 2"), "2");
}

#[test]
fn a_session_with_an_old_password_does_not_spoil_the_pool_for_new_ones() {
    let database = Database::create();
    let name = &database.name;
    let config = |password: &str| {
        format!(
            "[databases.{name}]\nprimary = \"{}\"\n\n[users.{name}]\npassword = \"{password}\"\n",
            database.cluster.primary().address()
        )
    };
    let pgweir = Pgweir::start(&config(name));
    let mut old = log_in(&pgweir, &database, name, name).unwrap();
    assert_eq!(old.value("SELECT 1"), "1");
    database.run(&format!("ALTER ROLE {name} PASSWORD 'changed'"));
    pgweir.reload(&config("changed"));
    pgweir.wait_for_log("reloaded");
    let mut new = log_in(&pgweir, &database, name, "changed").unwrap();
    assert_eq!(old.value("SELECT 1"), "1");
    end_servers(&database);
    assert_eq!(new.value("SELECT 2"), "2");
    assert_eq!(old.value("SELECT 3"), "3");
}

/// A server on TCP without TLS that asks for the password in clear: whoever is on the way may ask so.
#[test]
fn a_password_in_clear_goes_over_tcp_without_tls_only_where_that_is_allowed() {
    let server = FakeServer::script(|peer| {
        peer.opening();
        peer.send([typed('R', &3_u32.to_be_bytes())]);
        let Some(answer) = peer.next() else { return };
        assert_eq!(answer.body, b"pencil\0");
        peer.send([
            authentication_ok(),
            parameter_status("server_version", "17.0"),
            backend_key_data(1, &[0; 4]),
            ready_for_query('I'),
        ]);
        peer.answer_all("fine");
    });
    let start = |settings: &str| {
        Pgweir::start(&format!(
            "[pooler]\nauth_type = \"trust\"\n{settings}\n\n[databases.db]\n\
             primary = \"127.0.0.1:{}\"\nuser = \"me\"\npassword = \"pencil\"\n",
            server.port()
        ))
    };
    for settings in ["", "server_require_auth = \"!md5\"", "server_require_auth = \"md5\""] {
        let refused = log_in_to_db(&start(settings)).map(|_| ()).unwrap_err();
        assert_eq!(refused.code, "28000", "{settings}: {refused}");
        assert!(refused.message.contains("server_require_auth"), "{settings}: {refused}");
    }
    let pgweir = start("server_require_auth = \"password, scram-sha-256\"");
    assert_eq!(log_in_to_db(&pgweir).unwrap().value("SELECT 1"), "fine");
}

#[test]
fn a_login_that_waits_for_a_server_in_vain_says_why() {
    let server = FakeServer::script(|peer| {
        peer.opening();
        peer.send([error_response("FATAL", "53300", "sorry, too many clients already")]);
    });
    let pgweir = Pgweir::start(&format!(
        "[pooler]\nauth_type = \"trust\"\nclient_login_timeout = \"500ms\"\n\n[databases.db]\n\
         primary = \"127.0.0.1:{}\"\nuser = \"me\"\n",
        server.port()
    ));
    let refused = log_in_to_db(&pgweir).map(|_| ()).unwrap_err();
    assert_eq!((refused.severity.as_str(), refused.code.as_str()), ("FATAL", "53300"));
    assert!(refused.message.contains("client_login_timeout"), "{refused}");
    assert!(refused.message.contains("sorry, too many clients already"), "{refused}");
    assert!(refused.detail.contains(&server.port().to_string()), "{}", refused.detail);
}

/// Whoever asks twice, before and after a restart or at another instance, must not see by a salt that a
/// user is not known.
#[test]
fn instances_that_share_a_nonce_make_up_the_same_salts() {
    let database = Database::create();
    let nonce = |text: &str| format!("mock_authentication_nonce = \"{}\"", text.repeat(32));
    let start = |settings: &str| start(&database, settings);
    let salt = |pgweir: &Pgweir, user: &str| {
        let mut wire = Wire::connect(pgweir.port());
        wire.send([startup(&[("user", user), ("database", "db")])]);
        wire.expect("R");
        let first = b"n,,n=,r=abc";
        let length = u32::try_from(first.len()).unwrap().to_be_bytes();
        wire.send([password(&[&string("SCRAM-SHA-256"), &length[..], first].concat())]);
        let challenge = String::from_utf8(wire.expect("R")[0].body[4..].to_vec()).unwrap();
        challenge.split(',').find(|part| part.starts_with("s=")).unwrap().to_owned()
    };
    let (one, same) = (start(&nonce("a")), start(&nonce("a")));
    let other = start(&nonce("b"));
    for user in ["nobody", &database.name] {
        assert_eq!(salt(&one, user), salt(&same, user), "{user}");
        assert_ne!(salt(&one, user), salt(&other, user), "{user}");
    }
}

fn start(database: &Database, settings: &str) -> Pgweir {
    Pgweir::start(&format!("[pooler]\n{settings}\n\n{}", database.primary_config()))
}

fn log_in_to_db(pgweir: &Pgweir) -> Result<Wire, Fields> {
    let mut wire = Wire::connect(pgweir.port());
    wire.try_log_in("me", "", &[("user", "me"), ("database", "db")]).map(|()| wire)
}

/// So that the next statement takes a new login.
fn end_servers(database: &Database) {
    let others = "FROM pg_stat_activity WHERE usename = current_database() AND datname = usename";
    until("its servers have gone", || {
        database.run(&format!("SELECT count(pg_terminate_backend(pid)) {others}"));
        database.run(&format!("SELECT count(*) {others}")) == "0"
    });
}
