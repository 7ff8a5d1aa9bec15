//! Logins that a host refuses: whom they concern, and how often they are tried.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::backend::{
    authentication_ok, backend_key_data, error_response, parameter_status, ready_for_query,
};
use crate::support::frontend::{query, startup};
use crate::support::{Database, FakeServer, Opening, Peer, Pgweir, Wire, until};

/// The view that says on which host it is read.
const PLACE: &str = "CREATE FUNCTION host() RETURNS text STABLE LANGUAGE sql
        AS $$ SELECT current_setting('cluster_name') $$;
    CREATE VIEW place AS SELECT host() AS host";

const WHERE: &str = "SELECT host FROM place";

/// Lets `rich` in and refuses everybody else with this SQLSTATE.
fn host_that_refuses(code: &'static str, refused: &Arc<AtomicUsize>) -> FakeServer {
    let refused = Arc::clone(refused);
    FakeServer::script(move |peer: &mut Peer| {
        let Opening::Startup(parameters) = peer.opening() else { return };
        if !parameters.iter().any(|value| value == "rich") {
            refused.fetch_add(1, Ordering::SeqCst);
            return peer.send([error_response("FATAL", code, "the host says no")]);
        }
        peer.send([
            authentication_ok(),
            parameter_status("server_version", "17.0"),
            parameter_status("client_encoding", "UTF8"),
            parameter_status("standard_conforming_strings", "on"),
            backend_key_data(1, &[1, 2, 3, 4]),
            ready_for_query('I'),
        ]);
        peer.answer_all("served");
    })
}

fn trusting(port: u16, settings: &str) -> String {
    format!(
        "[pooler]\nauth_type = \"trust\"\n{settings}\n\n\
         [databases.app]\nprimary = \"127.0.0.1:{port}\"\n\n[users.rich]\n[users.poor]\n"
    )
}

fn try_log_in(pgweir: &Pgweir, user: &str) -> Option<String> {
    let mut wire = Wire::connect(pgweir.port());
    let refused = wire.try_log_in(user, user, &[("user", user), ("database", "app")]);
    refused.err().map(|fields| fields.code)
}

#[test]
fn one_roles_refused_logins_keep_no_other_from_the_host() {
    let refused = Arc::new(AtomicUsize::new(0));
    let server = host_that_refuses("53300", &refused);
    let pgweir = Pgweir::start(&trusting(server.port(), ""));
    let mut poor = Wire::connect(pgweir.port());
    poor.send([startup(&[("user", "poor"), ("database", "app")])]);
    // By then the next try is seconds away.
    until("it was refused often", || refused.load(Ordering::SeqCst) == 7);
    let mut rich = pgweir.wire("rich", "", "app");
    assert_eq!(rich.value("SELECT 1"), "served");
    assert_eq!(refused.load(Ordering::SeqCst), 7, "it did not wait for the other's turn");
}

#[test]
fn a_host_is_not_asked_for_each_client_what_it_has_refused_already() {
    for code in ["28P01", "3D000"] {
        let refused = Arc::new(AtomicUsize::new(0));
        let server = host_that_refuses(code, &refused);
        let pgweir = Pgweir::start(&trusting(server.port(), ""));
        for _ in 0..60 {
            assert_eq!(try_log_in(&pgweir, "poor").as_deref(), Some(code), "everybody is told");
        }
        let tries = refused.load(Ordering::SeqCst);
        assert!(tries < 20, "{code}: {tries} tries for 60 clients");
        let said = pgweir.log().matches("server login refused").count();
        assert_eq!(said, 1, "{code}: one line for a row of failures");
        if code == "28P01" {
            assert_eq!(try_log_in(&pgweir, "rich"), None);
        }
    }
}

#[test]
fn a_role_that_a_replica_refuses_leaves_it_to_the_others() {
    let database = Database::with(PLACE);
    let (name, poor) = (&database.name, format!("{}_poor", database.name));
    database.run(&format!("CREATE ROLE {poor} LOGIN PASSWORD '{poor}' CONNECTION LIMIT 1"));
    database.run(&format!("GRANT {name} TO {poor}"));
    database.cluster.catch_up().unwrap();
    let config = database.config();
    let own_users = config.lines().filter(|line| !line.starts_with("user =")).collect::<Vec<_>>();
    let own_users = own_users.join("\n").replacen(&format!("password = \"{name}\"\n"), "", 1);
    let pgweir = Pgweir::start(&format!(
        "[routing]\nmax_replica_lag = \"1h\"\n\n{own_users}\n[users.{poor}]\npassword = \"{poor}\"\n"
    ));
    let mut reader = pgweir.client(&database);
    until("a replica serves the reader", || reader.value(WHERE).starts_with("replica-"));
    let taken: Vec<Wire> = database
        .cluster
        .replicas()
        .iter()
        .map(|replica| Wire::login(replica.port(), &poor, &poor, name))
        .collect();
    let mut refused = pgweir.wire(&poor, &poor, name);
    for _ in 0..10 {
        assert_eq!(refused.value(WHERE), "primary", "no replica lets it in");
        assert!(reader.value(WHERE).starts_with("replica-"), "and the reader stays where it is");
    }
    drop(taken);
    refused.send([query("SELECT 1")]);
    refused.expect("T D C Z");
}
