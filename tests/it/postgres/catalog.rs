//! What a text does not show: views, policies, operators, functions and tables as the database knows
//! them. Each of these holes sent a write, or a lie, to a replica somewhere else.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::frontend::query;
use crate::support::{Database, Pgweir, until};

/// `host()` says on which host it runs, and is called stable; `audit` is volatile, and does what its
/// text does not show.
const COMMON: &str = "
    CREATE FUNCTION host() RETURNS text STABLE LANGUAGE sql
        AS $$ SELECT current_setting('cluster_name') $$;
    CREATE FUNCTION audit(int, int) RETURNS int VOLATILE LANGUAGE plpgsql
        AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN $1 + $2; END $$;
    CREATE TABLE t (id int);";

const HERE: &str = "SELECT host()";

/// pgweir, once it knows the catalog; replicas may lag, for freshness has tests of its own.
fn started(database: &Database, routing: &str) -> Pgweir {
    let pgweir = Pgweir::start(&config(database, routing)).with_catalog_of(database);
    settle(&pgweir, database);
    pgweir
}

fn config(database: &Database, routing: &str) -> String {
    format!("[routing]\nmax_replica_lag = \"1h\"\n{routing}\n\n{}", database.config())
}

/// Where a statement runs whose one value is a host, in a session of its own.
fn place(pgweir: &Pgweir, database: &Database, sql: &str) -> String {
    pgweir.client(database).value(sql)
}

/// Waits until the catalog is known again.
fn settle(pgweir: &Pgweir, database: &Database) {
    database.cluster.catch_up().unwrap();
    until("reads go to replicas", || place(pgweir, database, HERE) != "primary");
}

/// Where a query runs that counts what is in `relation`.
fn place_of(pgweir: &Pgweir, database: &Database, relation: &str) -> String {
    let sql = format!("SELECT host() FROM (SELECT count(*) FROM {relation}) c");
    place(pgweir, database, &sql)
}

#[test]
fn a_stable_function_of_a_user_runs_on_a_replica_and_a_volatile_one_does_not() {
    let database = Database::with(COMMON);
    let pgweir = started(&database, "");
    assert!(place(&pgweir, &database, HERE).starts_with("replica-"));
    assert!(place_of(&pgweir, &database, "t").starts_with("replica-"));
    let volatile = "SELECT host() FROM (SELECT audit(1, 2)) a";
    assert_eq!(place(&pgweir, &database, volatile), "primary");
}

#[test]
fn a_view_that_is_locked_keeps_no_other_from_being_known() {
    let database = Database::with(&format!(
        "{COMMON}
        CREATE VIEW plain AS SELECT id FROM t;
        CREATE TABLE busy (id int);
        CREATE VIEW locked AS SELECT id FROM busy"
    ));
    let mut holder = database.direct();
    holder.rows("BEGIN; LOCK TABLE busy");
    let pgweir = started(&database, "catalog_refresh = \"1s\"");
    assert!(place_of(&pgweir, &database, "plain").starts_with("replica-"));
    // The statement itself would wait for the lock.
    let asked = "EXPLAIN ROUTE SELECT count(*) FROM locked";
    assert_eq!(pgweir.client(&database).rows(asked)[0][4], Some("unsafe_view".to_owned()));
    holder.rows("COMMIT");
    database.cluster.catch_up().unwrap();
    until("it is known, too", || place_of(&pgweir, &database, "locked").starts_with("replica-"));
}

#[test]
fn what_views_policies_and_operators_hide_is_found() {
    let database = Database::with(&format!(
        "{COMMON}
        CREATE VIEW hiding AS SELECT audit(id, 1) FROM t;
        CREATE VIEW above AS SELECT * FROM hiding;
        CREATE VIEW plain AS SELECT id FROM t WHERE id > 1;
        CREATE TABLE closed (id int); ALTER TABLE closed ENABLE ROW LEVEL SECURITY;
        CREATE POLICY audited ON closed USING (audit(id, 1) > 0);
        CREATE TABLE open (id int); ALTER TABLE open ENABLE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON open USING (id = current_setting('app.tenant', true)::int);
        CREATE OPERATOR <+> (FUNCTION = audit, LEFTARG = int, RIGHTARG = int);
        CREATE DOMAIN audited AS int CHECK (audit(VALUE, 1) > 0);
        CREATE FUNCTION stamped(int DEFAULT audit(1, 1)) RETURNS int STABLE LANGUAGE sql
            AS $$ SELECT $1 $$"
    ));
    let pgweir = started(&database, "");
    for relation in ["plain", "open"] {
        assert!(place_of(&pgweir, &database, relation).starts_with("replica-"), "{relation}");
    }
    for relation in ["hiding", "above", "closed"] {
        assert_eq!(place_of(&pgweir, &database, relation), "primary", "{relation}");
    }
    for expression in ["1 <+> 2", "'1'::audited", "stamped()"] {
        let sql = format!("SELECT host() FROM (SELECT {expression}) x");
        assert_eq!(place(&pgweir, &database, &sql), "primary", "{sql}");
    }
}

#[test]
fn tables_that_a_standby_has_not_are_read_on_the_primary() {
    let database = Database::with(&format!(
        "{COMMON} CREATE UNLOGGED TABLE fast (id int); CREATE SEQUENCE numbers;
        CREATE TABLE parent (id int) PARTITION BY RANGE (id);
        CREATE UNLOGGED TABLE part PARTITION OF parent DEFAULT"
    ));
    let pgweir = started(&database, "");
    for relation in ["fast", "numbers", "parent"] {
        assert_eq!(place_of(&pgweir, &database, relation), "primary", "{relation}");
    }
}

const CALM: &str = "CREATE FUNCTION calm() RETURNS int STABLE LANGUAGE plpgsql
    AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN 1; END $$";

const IS_CALM: &str = "SELECT host() FROM (SELECT calm()) c";

#[test]
fn a_function_that_becomes_volatile_is_known_at_once() {
    let database = Database::with(&format!("{COMMON} {CALM}"));
    let pgweir = started(&database, "");
    assert!(place(&pgweir, &database, IS_CALM).starts_with("replica-"));
    pgweir.client(&database).rows("ALTER FUNCTION calm() VOLATILE");
    assert_eq!(place(&pgweir, &database, IS_CALM), "primary");
    settle(&pgweir, &database);
    assert_eq!(place(&pgweir, &database, IS_CALM), "primary");
}

const OWN_LOWER: &str = "CREATE FUNCTION lower(int) RETURNS text LANGUAGE plpgsql
    AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN 'x'; END $$";

/// Most authors do not say that their function only reads.
#[test]
fn a_volatile_function_whose_body_only_reads_runs_on_a_replica() {
    let database = Database::with(&format!(
        "{COMMON}
        CREATE FUNCTION total(low int DEFAULT 0) RETURNS bigint LANGUAGE sql
            AS 'SELECT count(*) FROM t WHERE id > low';
        CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql RETURN $1 + $1;
        CREATE FUNCTION found(low int) RETURNS SETOF int LANGUAGE plpgsql AS $$
            DECLARE r record;
            BEGIN
                IF total(low) = 0 THEN RETURN NEXT twice(low); END IF;
                FOR r IN SELECT id FROM t LOOP RETURN NEXT r.id; END LOOP;
            END $$;
        CREATE FUNCTION add(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2';
        CREATE AGGREGATE all_of (int) (SFUNC = add, STYPE = int, INITCOND = 0);
        CREATE FUNCTION hides(int) RETURNS int LANGUAGE plpgsql
            AS $$ BEGIN RETURN (SELECT max(a) FROM (SELECT audit($1, 1) a) b); END $$"
    ));
    let pgweir = started(&database, "");
    for call in ["total()", "twice(2)", "found(1)", "(SELECT all_of(id) FROM t)"] {
        let sql = format!("SELECT host() FROM (SELECT {call}) c");
        assert!(place(&pgweir, &database, &sql).starts_with("replica-"), "{call}");
    }
    let hiding = "SELECT host() FROM (SELECT hides(1)) c";
    assert_eq!(place(&pgweir, &database, hiding), "primary");
}

#[test]
fn a_new_overload_of_a_function_of_postgresqls_own_counts() {
    let database = Database::with(COMMON);
    let pgweir = started(&database, "");
    let lower = "SELECT host() FROM (SELECT lower('X')) l";
    assert!(place(&pgweir, &database, lower).starts_with("replica-"));
    pgweir.client(&database).rows(OWN_LOWER);
    assert_eq!(place(&pgweir, &database, lower), "primary");
    settle(&pgweir, &database);
    assert_eq!(place(&pgweir, &database, lower), "primary");
}

#[test]
fn a_view_that_is_new_is_not_trusted_before_it_is_known() {
    let database = Database::with(COMMON);
    let pgweir = started(&database, "");
    let mut wire = pgweir.client(&database);
    wire.rows("BEGIN");
    wire.rows("CREATE VIEW hiding AS SELECT audit(id, 1) FROM t");
    wire.rows("CREATE VIEW plain AS SELECT id FROM t");
    wire.rows("COMMIT");
    assert_eq!(place_of(&pgweir, &database, "hiding"), "primary");
    settle(&pgweir, &database);
    assert_eq!(place_of(&pgweir, &database, "hiding"), "primary");
    assert!(place_of(&pgweir, &database, "plain").starts_with("replica-"));
}

#[test]
fn a_temporary_table_that_hides_a_real_one_is_read_where_it_is() {
    for create in
        ["CREATE TEMP TABLE t (id int)", "CREATE TEMP TABLE t AS SELECT 1", "SELECT 1 INTO TEMP t"]
    {
        let database = Database::with(COMMON);
        let pgweir = started(&database, "");
        assert!(place_of(&pgweir, &database, "t").starts_with("replica-"));
        pgweir.client(&database).rows(create);
        assert_eq!(place_of(&pgweir, &database, "t"), "primary", "{create}");
        settle(&pgweir, &database);
        assert_eq!(place_of(&pgweir, &database, "t"), "primary", "{create}");
        assert!(place_of(&pgweir, &database, "public.t").starts_with("replica-"), "{create}");
    }
}

#[test]
fn what_is_changed_behind_its_back_is_found() {
    let database = Database::with(&format!("{COMMON} {CALM}"));
    let pgweir = started(&database, "catalog_refresh = \"100ms\"");
    assert!(place(&pgweir, &database, IS_CALM).starts_with("replica-"));
    database.run("ALTER FUNCTION calm() VOLATILE");
    until("the function is known to be volatile", || {
        place(&pgweir, &database, IS_CALM) == "primary"
            && place(&pgweir, &database, HERE) != "primary"
    });
}

#[test]
fn a_table_made_past_pgweir_is_looked_for_when_it_is_first_named() {
    let database = Database::with(COMMON);
    let pgweir = started(&database, "catalog_refresh = \"1h\"");
    database.run(&format!("SET ROLE {}; CREATE TABLE late (id int)", database.name));
    database.cluster.catch_up().unwrap();
    until("it is read on a replica", || {
        place_of(&pgweir, &database, "late").starts_with("replica-")
    });
    let gone = pgweir.client(&database).error("SELECT * FROM gone");
    assert_eq!(gone.code, "42P01");
}

/// A hundred databases would else hold a hundred connections for this alone.
#[test]
fn no_connection_is_held_for_a_catalog_that_has_been_read() {
    let database = Database::with(COMMON);
    let _pgweir = started(&database, "catalog_refresh = \"1h\"");
    until("its connection is closed", || {
        database.run(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND query LIKE '/* pgweir_catalog */ %'",
        ) == "0"
    });
}

/// A standby answers nothing under SERIALIZABLE, and no catalog is read within a millisecond.
#[test]
fn what_a_role_has_set_keeps_neither_the_catalog_nor_the_freshness_from_being_known() {
    let database = Database::with(COMMON);
    for setting in [
        "statement_timeout = '1ms'",
        "default_transaction_isolation = 'serializable'",
        "client_encoding = 'LATIN1'",
    ] {
        database.run(&format!("ALTER ROLE {} SET {setting}", database.name));
    }
    database.run(&format!("ALTER DATABASE {} SET quote_all_identifiers = on", database.name));
    database.cluster.catch_up().unwrap();
    let pgweir = Pgweir::start(&config(&database, ""));
    until("a read would go to a replica", || {
        // A read has the hosts asked, whatever comes of it here.
        let mut reader = pgweir.client(&database);
        reader.send([query("SELECT 1")]);
        reader.until_ready();
        let mut asking = pgweir.client(&database);
        let rows = asking.rows("EXPLAIN ROUTE SELECT count(*) FROM t");
        rows.last().is_some_and(|row| row[3].as_deref() == Some("replica"))
    });
}

#[test]
fn a_catalog_that_cannot_be_read_means_the_primary() {
    let database = Database::with(COMMON);
    database.run("REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC");
    let pgweir = Pgweir::start(&config(&database, ""));
    assert_eq!(place(&pgweir, &database, HERE), "primary");
    let line = pgweir.wait_for_log("cannot read the catalog");
    assert!(line.contains("42501"), "{line}");
    assert_eq!(place(&pgweir, &database, HERE), "primary");
    database.run("GRANT SELECT ON pg_catalog.pg_policy TO PUBLIC");
    settle(&pgweir, &database);
}

/// Also what cannot be seen by asking for the host, because it cannot run at all.
#[test]
fn route_says_what_decided() {
    let database = Database::with(&format!(
        "{COMMON} CREATE UNLOGGED TABLE fast (id int); CREATE VIEW hiding AS SELECT audit(1, 2);
        {OWN_LOWER}"
    ));
    database.run(
        "CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
        CREATE FOREIGN TABLE distant (id int) SERVER far",
    );
    let expected = [
        ("SELECT host() FROM t", "read", None),
        ("SELECT audit(1, 2)", "volatile_function", Some("audit")),
        ("SELECT lower('X')", "volatile_function", Some("lower")),
        ("SELECT gone()", "unknown_function", Some("gone")),
        ("SELECT * FROM fast", "unlogged", Some("fast")),
        ("SELECT * FROM public.distant", "foreign", Some("distant")),
        ("SELECT * FROM hiding", "unsafe_view", Some("hiding")),
        ("SELECT * FROM gone", "unknown_relation", Some("gone")),
    ];
    let statements = expected.map(|(sql, ..)| format!("\"{sql}\"\n")).concat();
    let answers = route(&database.config(), &database, &statements);
    assert_eq!(answers.len(), expected.len());
    for (answer, (sql, reason, subject)) in answers.iter().zip(expected) {
        assert_eq!(answer["reason"], reason, "{answer}");
        let ends = subject
            .is_none_or(|name| answer["detail"].as_str().unwrap().ends_with(&format!(": {name}")));
        assert!(ends, "{sql}: {answer}");
    }
    let port = database.cluster.primary().port().to_string();
    let gone = crate::support::free_port().to_string();
    let config = database.config().replacen(&port, &gone, 1);
    assert_eq!(route(&config, &database, "\"SELECT 1\"")[0]["reason"], "catalog_unknown");
}

/// What `pgweir route` answers to statements in JSON, one a line.
fn route(config: &str, database: &Database, statements: &str) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pooler.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgweir"));
    command.args(["route", "--config", "pooler.toml", "--database", &database.name, "--json"]);
    command.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(statements.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
