//! What is seen.

use super::{admin, number, start, watcher};
use crate::support::frontend::{bind, execute, flush, parse, query, sync};
use crate::support::{Database, Pgweir, Wire, until};

#[test]
fn clients_and_servers_are_seen_with_each_other() {
    let database = Database::create();
    let pgweir = start(&database, "default_pool_size = 1");
    let mut console = watcher(&pgweir);
    let mut holder = pgweir.client_with(&database, &[("application_name", "holder")]);
    let mut waiter = pgweir.client_with(&database, &[("application_name", "waiter")]);
    holder.rows("BEGIN");
    let server = holder.server_pid();
    waiter.send([query("SELECT 1")]);
    let waiting = "SELECT count(*) FROM clients WHERE state = 'waiting'";
    until("one waits", || number(&mut console, waiting) == 1);

    let linked = "SELECT c.application_name, s.remote_pid, s.state FROM clients c \
                  JOIN servers s ON c.link = s.ptr AND s.link = c.ptr";
    let found = console.rows(linked);
    let silent = "SELECT count(*) FROM clients WHERE state = 'idle in transaction'";
    until("the holder's silence is seen", || number(&mut console, silent) == 1);
    let expected = ["holder", server.as_str(), "active"].map(|text| Some(text.to_owned()));
    assert_eq!(found, [expected.to_vec()]);
    let counts = "SELECT cl_active, cl_waiting, sv_active, sv_idle, pool_mode FROM pools";
    let expected = ["1", "1", "1", "0", "transaction"].map(|text| Some(text.to_owned()));
    assert_eq!(console.rows(counts), [expected.to_vec()]);
    let waits = "SELECT count(*) FROM clients WHERE state = 'waiting' AND wait_us > 0";
    until("its wait is seen", || number(&mut console, waits) == 1);

    holder.rows("COMMIT");
    waiter.expect("T D C Z");
    let idle = "SELECT count(*) FROM clients WHERE state = 'idle' AND link = '' \
                AND application_name IN ('holder', 'waiter')";
    assert_eq!(number(&mut console, idle), 2);
    assert_eq!(number(&mut console, "SELECT sv_idle FROM pools"), 1);
}

#[test]
fn many_clients_are_all_seen() {
    let database = Database::create();
    let pgweir = start(&database, "workers = 2");
    let clients: Vec<Wire> = (0..60).map(|_| pgweir.client(&database)).collect();
    let mut console = watcher(&pgweir);
    assert_eq!(console.rows("SHOW CLIENTS").len(), 61, "the console's own too");
    let lists = "SELECT items FROM lists WHERE list = 'used_clients'";
    assert_eq!(number(&mut console, lists), 61);
    let logins = "SELECT total_client_login_count FROM stats";
    assert_eq!(number(&mut console, logins), 60);
    drop(clients);
    until("they are gone", || number(&mut console, "SELECT count(*) FROM clients") == 1);
}

#[test]
fn hosts_are_seen_with_what_went_there_and_why_it_fails() {
    let database = Database::with("CREATE TABLE t (id int)");
    let users = "[users.watcher]\npassword = \"watcher\"\n";
    let pooler = "[pooler]\nstats_users = [\"watcher\"]\n[routing]\nmax_replica_lag = \"1h\"\n";
    let config = format!("{pooler}{}{users}", database.config());
    let pgweir = Pgweir::start(&config);
    let (mut client, mut console) = (pgweir.client(&database), watcher(&pgweir));
    let served = "SELECT sum(reads) FROM hosts WHERE role = 'replica'";
    until("a replica is known to be fresh, and serves", || {
        client.rows("SELECT count(*) FROM t");
        number(&mut console, served) > 0
    });
    client.rows("INSERT INTO t VALUES (1)");
    let written = "SELECT others FROM hosts WHERE role = 'primary'";
    assert_eq!(number(&mut console, written), 1);
    let reads = "SELECT count FROM routes WHERE role = 'replica' AND reason = 'read'";
    assert!(number(&mut console, reads) > 0);
    let writes = "SELECT count FROM routes WHERE role = 'primary' AND reason = 'write'";
    assert_eq!(number(&mut console, writes), 1);
    let fresh = "SELECT count(*) FROM hosts WHERE role = 'replica' AND lag_ms >= 0";
    until("both replicas are known to be fresh", || number(&mut console, fresh) == 2);

    let wrong = config.replace("user = \"", "user = \"no_");
    pgweir.reload(&wrong);
    pgweir.wait_for_log("reloaded");
    assert_eq!(client.error("SELECT 1").code, "28P01");
    let error = console.value("SELECT last_error FROM hosts WHERE role = 'primary'");
    assert!(error.contains("28P01"), "{error}");
}

#[test]
fn settings_are_seen_and_no_secret() {
    let database = Database::create();
    let pgweir = start(&database, "default_pool_size = 7");
    let mut console = admin(&pgweir);
    let setting =
        "SELECT value, \"default\", changeable FROM config WHERE key = 'default_pool_size'";
    let expected = ["7", "20", "yes"].map(|text| Some(text.to_owned()));
    assert_eq!(console.rows(setting), [expected.to_vec()]);
    for table in pgweir::admin::tables::ALL {
        let rows = console.rows(&format!("SHOW {}", table.name));
        let secret = format!("{}\"", database.name);
        let shown = format!("{rows:?}");
        assert!(
            !shown.contains("SCRAM-SHA-256$")
                && !shown.contains(&format!("password = \\\"{secret}"))
        );
    }
}

#[test]
fn averages_are_of_the_last_period() {
    let database = Database::create();
    let pgweir = start(&database, "stats_period = \"50ms\"");
    let mut console = watcher(&pgweir);
    // Whole numbers per second: it takes some logins in one period to see them.
    until("logins are seen in a period", || {
        let clients: Vec<Wire> = (0..3).map(|_| pgweir.client(&database)).collect();
        drop(clients);
        number(&mut console, "SELECT avg_client_login_count FROM stats") > 0
    });
    until("a period without is seen", || {
        number(&mut console, "SELECT avg_client_login_count FROM stats") == 0
    });
    assert!(number(&mut console, "SELECT total_client_login_count FROM stats") >= 3);
}

#[test]
fn what_an_application_is_called_follows_set() {
    let database = Database::create();
    let pgweir = start(&database, "default_pool_size = 1");
    let mut console = watcher(&pgweir);
    let mut client = pgweir.client_with(&database, &[("application_name", "first")]);
    let named = |console: &mut Wire, name: &str| {
        number(console, &format!("SELECT count(*) FROM clients WHERE application_name = '{name}'"))
    };
    assert_eq!(named(&mut console, "first"), 1);
    client.rows("SET application_name = 'second'");
    until("the new name is seen", || named(&mut console, "second") == 1);
    client.rows("BEGIN");
    client.rows("SET LOCAL application_name = 'third'");
    until("the name within a transaction is seen", || named(&mut console, "third") == 1);
    let of_server = "SELECT application_name FROM servers WHERE state = 'active'";
    assert_eq!(console.value(of_server), "third");
    client.rows("ROLLBACK");
    until("the name is what it was", || named(&mut console, "second") == 1);
    client.rows("RESET application_name");
    until("the first name is back", || named(&mut console, "first") == 1);

    console.rows("SET application_name = 'console'");
    assert_eq!(named(&mut console, "console"), 1);
    assert_eq!(console.value("SHOW application_name"), "console");
}

#[test]
fn prepared_statements_are_counted_on_both_sides() {
    let database = Database::create();
    let pgweir = start(&database, "default_pool_size = 1");
    let mut console = watcher(&pgweir);
    let mut client = pgweir.client(&database);
    for name in ["a", "b"] {
        let text = format!("SELECT '{name}'");
        client.send([parse(name, &text), bind("", name, &[]), execute(""), sync()]);
        client.expect("1 2 D C Z");
    }
    let of_servers = "SELECT sum(prepared_statements) FROM servers";
    assert_eq!(number(&mut console, of_servers), 2, "of an idle server");
    let of_clients = "SELECT max(prepared_statements) FROM clients";
    assert_eq!(number(&mut console, of_clients), 2);
    client.rows("BEGIN");
    client.send([parse("c", "SELECT 'c'"), bind("", "c", &[]), execute(""), sync()]);
    client.expect("1 2 D C Z");
    until("the third is seen on an active server", || number(&mut console, of_servers) == 3);
    assert_eq!(number(&mut console, of_clients), 3);
}

#[test]
fn who_keeps_a_server_is_seen_with_the_reason() {
    let database = Database::create();
    let pins = "SELECT reason, count(*) FROM pins GROUP BY 1 ORDER BY 1";
    let seen = |console: &mut Wire| {
        let rows = console.rows(pins).into_iter();
        rows.map(|row| format!("{} {}", row[0].as_deref().unwrap(), row[1].as_deref().unwrap()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let pgweir = start(&database, "pool_mode = \"session\"");
    let (mut console, mut client) = (watcher(&pgweir), pgweir.client(&database));
    assert_eq!(seen(&mut console), "");
    client.rows("SELECT 1");
    until("its session is seen", || seen(&mut console) == "session_mode 1");
    client.rows("BEGIN");
    until("a transaction is no pin", || seen(&mut console).is_empty());
    drop(client);

    let pgweir = start(&database, "");
    let (mut console, mut client) = (watcher(&pgweir), pgweir.client(&database));
    client.rows("SELECT 1");
    assert_eq!(seen(&mut console), "");
    client.send([parse("", "SELECT 1"), bind("", "", &[]), execute(""), flush()]);
    client.expect("1 2 D C");
    until("what is not ended is seen", || seen(&mut console) == "no_sync 1");
    let linked = "SELECT count(*) FROM pins p JOIN servers s ON s.id = p.server \
                  JOIN clients c ON c.id = p.client WHERE s.link = c.ptr";
    assert_eq!(number(&mut console, linked), 1);
    client.send([sync()]);
    client.expect("Z");
    until("it is free", || seen(&mut console).is_empty());
    let text = format!("SELECT '{}'", "x".repeat(40_000));
    let long = parse("long", &text);
    client.send([&long[..20_000]]);
    until("a long message that is not there in full is seen", || {
        seen(&mut console) == "half_message 1"
    });
    client.send([&long[20_000..], &sync()]);
    client.expect("1 Z");
    until("it is free again", || seen(&mut console).is_empty());
}

#[test]
fn connections_of_our_own_are_seen_and_reconnect_replaces_them() {
    let database = Database::create();
    let pgweir = Pgweir::start(&format!(
        "[pooler]\nadmin_users = [\"admin\"]\n\n[users.admin]\npassword = \"admin\"\n\n{}",
        database.config()
    ));
    let mut console = admin(&pgweir);
    let mut wire = pgweir.client(&database);
    let own = "SELECT remote_pid FROM servers WHERE state = 'own' ORDER BY 1";
    // The primary and two replicas are asked how fresh they are.
    until("each host is asked", || {
        wire.rows("SELECT 1");
        console.rows(own).len() >= 3
    });
    let before = console.rows(own);
    let all = number(&mut console, "SELECT count(*) FROM servers");
    let used = "SELECT items FROM lists WHERE list = 'used_servers'";
    until("they count", || number(&mut console, used) >= all.min(4));
    console.rows("RECONNECT");
    until("each is another one", || {
        wire.rows("SELECT 1");
        let now = console.rows(own);
        now.len() >= 3 && now.iter().all(|pid| !before.contains(pid))
    });
}
