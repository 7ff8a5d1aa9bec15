//! That a scrape says what has happened.

use super::Watched;
use super::scrape::{Scrape, get};
use crate::support::frontend::query;
use crate::support::{Database, Pgweir, Wire, free_port, until};

#[test]
fn a_scrape_counts_what_has_happened() {
    let database = Database::create();
    let name = database.name.as_str();
    let watched = Watched::of(&database, "default_pool_size = 1");
    let mut clients: Vec<_> = (0..3).map(|_| watched.pgweir.client(&database)).collect();
    for _ in 0..10 {
        clients[0].rows("SELECT 1");
    }
    clients[0].rows("CREATE TABLE t (id int)");
    clients[1].rows("BEGIN; INSERT INTO t VALUES (1)");
    clients[2].send([query("INSERT INTO t VALUES (2)")]);
    let refused = Wire::connect(watched.pgweir.port()).try_log_in(
        name,
        "wrong",
        &[("user", name), ("database", name)],
    );
    assert!(refused.is_err());

    let pair = format!("{{database=\"{name}\",user=\"{name}\"}}");
    let waiting = format!("pgbouncer_pools_client_waiting_connections{pair}");
    until("a client waits", || watched.scrape().value(&waiting) == 1.0);
    let scrape = watched.scrape();
    let pools = |metric: &str| scrape.value(&format!("pgbouncer_pools_{metric}{pair}"));
    assert_eq!(pools("client_active_connections"), 2.0, "one has a server, one wants none");
    assert_eq!(pools("server_active_connections"), 1.0);
    assert!(pools("client_maxwait_seconds") > 0.0);
    assert_eq!(scrape.value("pgbouncer_used_clients"), 3.0);
    assert_eq!(scrape.value("pgweir_client_logins_total"), 3.0);
    let refusals = "pgweir_client_logins_refused_total";
    assert_eq!(scrape.value(&format!("{refusals}{{reason=\"invalid_password\"}}")), 1.0);
    assert_eq!(scrape.sum(refusals, &[]), 1.0);
    assert_eq!(scrape.sum("pgweir_pool_units_total", &["access=\"read\""]), 10.0);
    let routed = |role, reason| {
        let labels = format!("{{database=\"{name}\",role=\"{role}\",reason=\"{reason}\"}}");
        scrape.value(&format!("pgweir_statements_total{labels}"))
    };
    assert!(routed("primary", "write") >= 1.0);
    // CREATE, BEGIN with INSERT; the INSERT that waits has not been sent.
    let written = ["access=\"write\"", "role=\"primary\""];
    assert_eq!(scrape.sum("pgweir_pool_units_total", &written), 2.0);
    assert_eq!(scrape.sum("pgweir_pool_size", &["role=\"primary\""]), 1.0);
    assert!(scrape.sum("pgweir_worker_ticks_total", &[]) > 0.0);
    assert!(scrape.value("process_open_fds") > 6.0);

    clients[1].rows("COMMIT");
    clients[2].expect("C Z");
    until("the refused connection has ended", || {
        watched.scrape().sum("pgweir_worker_clients", &[]) == 3.0
    });
    until("nobody waits", || watched.scrape().value(&waiting) == 0.0);
}

#[test]
fn hosts_say_whether_they_are_standbys() {
    let database = Database::create();
    let watched = Watched::of(&database, "");
    let mut client = watched.pgweir.client(&database);
    until("a replica has served", || {
        client.rows("SELECT 1");
        let scrape = watched.scrape();
        scrape.sum("pgweir_host_in_recovery", &["role=\"replica\""]) >= 1.0
    });
    client.rows("CREATE TEMP TABLE t (id int)");
    let scrape = watched.scrape();
    assert_eq!(scrape.sum("pgweir_host_in_recovery", &["role=\"primary\""]), 0.0);
    assert_eq!(scrape.sum("pgweir_host_usable", &[]), 3.0);
    // A replica of which nothing is proven yet has no number.
    until("all replicas are known", || {
        client.rows("SELECT 1");
        let scrape = watched.scrape();
        scrape.sum("pgweir_replica_staleness_seconds", &[]) < 60.0
            && scrape.sum("pgweir_replica_behind_seconds", &[]) < 60.0
    });
}

#[test]
fn a_host_that_fails_says_how() {
    let port = free_port();
    let watched = Watched::start(&format!(
        "[pooler]\nauth_type = \"trust\"\nquery_wait_timeout = \"100ms\"\n\n\
         [databases.app]\nprimary = \"127.0.0.1:{port}\"\nuser = \"u\"\npassword = \"p\"\n"
    ));
    assert!(log_in(&watched.pgweir, "ann", "app").is_err());
    let scrape = watched.scrape();
    let host = format!("host=\"127.0.0.1:{port}\"");
    let failed = ["sqlstate=\"08006\"", host.as_str()];
    assert!(scrape.sum("pgweir_host_login_failures_total", &failed) >= 1.0);
    let class = format!("pgweir_host_last_login_failed{{{host},class=\"unreachable\"}}");
    assert_eq!(scrape.value(&class), 1.0);
    assert_eq!(scrape.sum("pgweir_host_last_login_failed", &[]), 1.0);
    assert_eq!(scrape.sum("pgweir_host_usable", &[&host]), 0.0);
}

#[test]
fn both_formats_have_the_same_samples() {
    let database = Database::create();
    let watched = Watched::of(&database, "");
    watched.pgweir.client(&database).rows("SELECT 1");
    let plain = watched.get("/metrics");
    assert!(plain.head.contains("content-type: text/plain; version=0.0.4"), "{}", plain.head);
    let accept = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";
    let open = get(watched.metrics, "/metrics", accept).unwrap();
    assert!(open.head.contains("application/openmetrics-text; version=1.0.0"), "{}", open.head);
    assert!(open.body.ends_with("\n# EOF\n"));
    assert_eq!(Scrape::parse(&plain.body).len(), Scrape::parse(&open.body).len());
}

#[test]
fn a_reload_is_counted_and_a_refused_one_shows() {
    let database = Database::create();
    let watched = Watched::of(&database, "");
    let reload = |config: &str, line: &str| {
        watched.pgweir.reload(config);
        watched.pgweir.wait_for_log(line);
        let scrape = watched.scrape();
        let success = scrape.value("pgweir_config_last_reload_success");
        (success, scrape.value("pgweir_config_generation"))
    };
    let before = watched.scrape().value("pgweir_config_generation");
    assert_eq!(reload("nonsense = 1", "reload refused"), (0.0, before));
    let larger = format!("[pooler]\ndefault_pool_size = 7\n\n{}", database.config());
    assert_eq!(reload(&larger, "reloaded"), (1.0, before + 1.0));
    let size = watched.scrape().sum("pgbouncer_databases_pool_size", &[&database.name]);
    assert_eq!(size, 7.0);
}

/// A pool for each of a thousand databases, on three hosts that nobody answers on.
#[test]
fn a_thousand_pools_fit_into_a_scrape() {
    let hosts: Vec<_> = (0..3).map(|_| format!("\"127.0.0.1:{}\"", free_port())).collect();
    let mut config = "[pooler]\nauth_type = \"trust\"\nquery_wait_timeout = \"1ms\"\n\
                      \n"
    .to_owned();
    for number in 0..1000 {
        config.push_str(&format!(
            "[databases.d{number}]\nprimary = {}\nreplicas = [{}, {}]\nuser = \"u\"\n\n",
            hosts[0], hosts[1], hosts[2]
        ));
    }
    let watched = Watched::start(&config);
    for number in 0..1000 {
        assert!(log_in(&watched.pgweir, "ann", &format!("d{number}")).is_err());
    }
    let before_kb = watched.pgweir.resident_kb();
    let text = watched.get("/metrics").body;
    let scrape = Scrape::parse(&text);
    assert_eq!(scrape.value("pgbouncer_pools"), 1000.0);
    assert_eq!(scrape.sum("pgweir_pool_size", &[]), 3000.0 * 20.0);
    assert_eq!(scrape.sum("pgweir_metrics_left_out", &[]), 0.0);
    assert!(text.len() < 16 << 20, "{} bytes", text.len());
    for _ in 0..20 {
        watched.get("/metrics");
    }
    let grown_kb = watched.pgweir.resident_kb().saturating_sub(before_kb);
    assert!(grown_kb < 64 << 10, "scrapes cost {grown_kb} kB");
}

fn log_in(pgweir: &Pgweir, user: &str, database: &str) -> Result<(), crate::support::Fields> {
    let mut wire = Wire::connect(pgweir.port());
    wire.try_log_in(user, "", &[("user", user), ("database", database)])
}
