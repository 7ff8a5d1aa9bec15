//! Transactions on replicas: READ ONLY ones for their whole life, others until they write.

use crate::support::frontend::{bind, describe_portal, execute, parse, query, sync};
use crate::support::{Database, Pgweir, Wire, until};

/// A view whose one row is the name of the host that it is read on.
const SETUP: &str = "CREATE FUNCTION host() RETURNS text STABLE LANGUAGE sql
        AS $$ SELECT current_setting('cluster_name') $$;
    CREATE VIEW place AS SELECT host() AS host;
    CREATE TABLE t (id int);
    CREATE SEQUENCE s;
    CREATE VIEW hidden AS SELECT nextval('s')";

const WHERE: &str = "SELECT host FROM place";

fn with(transactions: &str) -> (Database, Pgweir) {
    let database = Database::with(SETUP);
    let setting =
        format!("[routing]\ntransactions = \"{transactions}\"\nmax_replica_lag = \"1h\"\n\n");
    let pgweir = Pgweir::start(&(setting + &database.config()));
    let mut wire = pgweir.client(&database);
    until("a replica is known to be fresh", || is_replica(&wire.value(WHERE)));
    (database, pgweir)
}

fn is_replica(host: &str) -> bool {
    host.starts_with("replica-")
}

#[test]
fn a_read_only_transaction_stays_on_one_replica_however_it_is_said() {
    let (database, pgweir) = with("read_only");
    for begin in [
        &["BEGIN READ ONLY"][..],
        &["START TRANSACTION READ ONLY"],
        &["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"],
        &["BEGIN", "SET TRANSACTION READ ONLY"],
        &["SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "BEGIN"],
        &["SET default_transaction_read_only = on", "BEGIN"],
        &["BEGIN", "SET LOCAL transaction_read_only = on"],
    ] {
        let mut wire = pgweir.client(&database);
        begin.iter().for_each(|text| wire.done(text));
        let first = wire.value(WHERE);
        assert!(is_replica(&first), "{begin:?} runs on {first}");
        assert_eq!(wire.value(WHERE), first);
        assert_eq!(wire.error("INSERT INTO t VALUES (1)").code, "25006");
        assert_eq!(wire.error(WHERE).code, "25P02");
        wire.done("ROLLBACK");
    }
}

#[test]
fn a_startup_option_makes_transactions_read_only() {
    let (database, pgweir) = with("read_only");
    let options = [("options", "-c default_transaction_read_only=on")];
    let mut wire = pgweir.client_with(&database, &options);
    wire.done("BEGIN");
    assert!(is_replica(&wire.value(WHERE)));
    wire.done("COMMIT");
}

#[test]
fn other_transactions_run_on_the_primary() {
    let (database, pgweir) = with("read_only");
    for begin in ["BEGIN", "BEGIN READ WRITE", "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"] {
        let mut wire = pgweir.client(&database);
        wire.done(begin);
        assert_eq!(wire.value(WHERE), "primary", "{begin}");
        wire.done("COMMIT");
    }
}

#[test]
fn a_transaction_in_which_nothing_is_said_needs_no_server() {
    let (database, pgweir) = with("read_only");
    let mut wire = pgweir.client(&database);
    for (text, tag) in [
        ("BEGIN", "BEGIN"),
        ("SET TRANSACTION READ ONLY", "SET"),
        ("COMMIT", "COMMIT"),
        ("START TRANSACTION", "START TRANSACTION"),
        ("ROLLBACK", "ROLLBACK"),
    ] {
        wire.send([query(text)]);
        assert_eq!(wire.expect("C Z")[0].text(), tag);
    }
    wire.send([parse("b", "BEGIN"), bind("", "b", &[]), describe_portal(""), execute(""), sync()]);
    let answer = wire.expect("1 2 n C Z");
    assert_eq!((answer[3].text(), answer[4].status()), ("BEGIN".to_owned(), 'T'));
    wire.send([sync()]);
    assert_eq!(wire.expect("Z")[0].status(), 'T');
    wire.send([bind("", "b", &[]), execute(""), sync()]);
    assert_eq!(wire.expect("2 N C Z")[1].fields().code, "25001", "already in one");
    wire.done("END");
}

#[test]
fn a_cursor_of_a_read_only_transaction_is_read_on_a_replica() {
    let (database, pgweir) = with("read_only");
    let mut wire = pgweir.client(&database);
    wire.done("BEGIN READ ONLY");
    wire.done("DECLARE c CURSOR FOR SELECT host FROM place");
    assert!(is_replica(&wire.value("FETCH c")));
    wire.done("CLOSE c");
    wire.done("COMMIT");
}

#[test]
fn an_optimistic_transaction_moves_with_what_it_has_set() {
    let (database, pgweir) = with("optimistic");
    let mut wire = pgweir.client(&database);
    wire.done("BEGIN");
    assert!(is_replica(&wire.value(WHERE)));
    wire.done("SET LOCAL app.account = '7'");
    wire.done("SAVEPOINT a");
    wire.done("SET LOCAL app.account = '8'");
    wire.done("ROLLBACK TO a");
    assert!(is_replica(&wire.value(WHERE)));
    wire.done("INSERT INTO t VALUES (1)");
    assert_eq!(wire.value(WHERE), "primary");
    assert_eq!(wire.value("SELECT current_setting('app.account')"), "7");
    wire.done("ROLLBACK TO a");
    wire.done("INSERT INTO t VALUES (2)");
    wire.done("COMMIT");
    assert_eq!(database.run("SELECT string_agg(id::text, ',') FROM t"), "2");
    wire.done("BEGIN");
    wire.done("COMMIT");
}

#[test]
fn what_a_transaction_has_set_before_it_moves_ends_with_it() {
    let (database, pgweir) = with("optimistic");
    let mut wire = pgweir.client(&database);
    wire.done("SET TimeZone = 'UTC'");
    for end in ["COMMIT", "ROLLBACK"] {
        wire.done("BEGIN");
        wire.done("SET LOCAL TimeZone = 'CET'");
        assert!(is_replica(&wire.value(WHERE)));
        wire.done("INSERT INTO t VALUES (1)");
        assert_eq!(wire.value(WHERE), "primary");
        assert_eq!(wire.value("SELECT current_setting('TimeZone')"), "CET");
        wire.done(end);
        assert_eq!(wire.value("SELECT current_setting('TimeZone')"), "UTC", "after {end}");
    }
}

#[test]
fn an_optimistic_transaction_that_only_reads_never_leaves_its_replica() {
    let (database, pgweir) = with("optimistic");
    let mut wire = pgweir.client(&database);
    wire.done("BEGIN");
    let host = wire.value(WHERE);
    assert!(is_replica(&host));
    assert_eq!(wire.error("SELECT 1/0").code, "22012");
    assert_eq!(wire.error("INSERT INTO t VALUES (1)").code, "25P02");
    wire.send([query("COMMIT")]);
    assert_eq!(wire.expect("C Z")[0].text(), "ROLLBACK");
    assert_eq!(wire.value(WHERE), host);
}

#[test]
fn a_begin_in_front_of_its_first_statement_is_one_unit() {
    let (database, pgweir) = with("optimistic");
    let mut wire = pgweir.client(&database);
    let begin = [parse("", "BEGIN"), bind("", "", &[]), execute("")];
    let read = [parse("", WHERE), bind("", "", &[]), execute(""), sync()];
    wire.send([begin.to_vec(), read.to_vec()].concat());
    let host = wire.expect("1 2 C 1 2 D C Z")[5].row()[0].clone().unwrap();
    assert!(is_replica(&host));
    wire.done("INSERT INTO t VALUES (1)");
    assert_eq!(wire.value(WHERE), "primary");
    wire.done("COMMIT");
    assert_eq!(database.run("SELECT count(*) FROM t"), "1");
}

#[test]
fn a_session_whose_default_is_repeatable_read_is_not_optimistic() {
    let (database, pgweir) = with("optimistic");
    let options = [("options", "-c default_transaction_isolation=repeatable\\ read")];
    let mut wire = pgweir.client_with(&database, &options);
    wire.done("BEGIN");
    assert_eq!(wire.value(WHERE), "primary");
    wire.done("INSERT INTO t VALUES (1)");
    wire.done("COMMIT");
}

#[test]
fn a_write_that_a_view_hides_is_run_again_on_the_primary() {
    for (transactions, statements) in [
        ("read_only", &[][..]),
        ("optimistic", &["BEGIN"]),
        ("optimistic", &["BEGIN", "SET LOCAL a.b = 1", WHERE]),
    ] {
        let (database, pgweir) = with(transactions);
        let mut wire = pgweir.client(&database);
        statements.iter().for_each(|text| wire.done(text));
        assert_eq!(wire.value("SELECT * FROM hidden"), "1", "{statements:?}");
        wire.send([parse("h", "SELECT * FROM hidden"), bind("", "h", &[]), execute(""), sync()]);
        assert_eq!(wire.expect("1 2 D C Z")[2].row()[0].as_deref(), Some("2"));
        wire.send([bind("", "h", &[]), execute(""), sync()]);
        assert_eq!(wire.expect("2 D C Z")[1].row()[0].as_deref(), Some("3"));
        if !statements.is_empty() {
            wire.done("COMMIT");
        }
    }
}

#[test]
fn a_pipeline_of_reads_in_which_one_is_refused_is_answered_in_order() {
    let (database, pgweir) = with("read_only");
    let mut wire = pgweir.client(&database);
    let texts = ["SELECT 'a' AS x", "SELECT * FROM hidden", "SELECT 'b' AS x"];
    wire.send(texts.map(query));
    let answers = wire.expect("T D C Z T D C Z T D C Z");
    let rows = [1, 5, 9].map(|at: usize| answers[at].row()[0].clone().unwrap());
    assert_eq!(rows, ["a", "1", "b"]);
}

/// Whatever rows there are.
trait Done {
    fn done(&mut self, text: &str);
}

impl Done for Wire {
    fn done(&mut self, text: &str) {
        self.rows(text);
    }
}
