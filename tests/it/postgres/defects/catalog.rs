//! What a statement's text does not show: other routers look at function calls, if at anything.

use super::{all_run_on, split, split_at_first};
use crate::support::{Database, until};

const HIDDEN: &str = "CREATE TABLE t (id int);
    CREATE FUNCTION add(n int) RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO t VALUES (n); RETURN n; END $$;
    CREATE VIEW in_view AS SELECT add(1) AS n;
    CREATE VIEW in_view_of_view AS SELECT n FROM in_view;
    CREATE OPERATOR <+> (PROCEDURE = add, RIGHTARG = int);
    CREATE TYPE word AS (text text);
    CREATE FUNCTION to_int(w word) RETURNS int LANGUAGE sql AS 'SELECT add(2)';
    CREATE CAST (word AS int) WITH FUNCTION to_int(word);
    CREATE DOMAIN checked AS int CHECK (add(value) > 0);
    CREATE TABLE guarded (id int); INSERT INTO guarded VALUES (1);
    CREATE POLICY p ON guarded USING (add(id) > 0);
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE UNLOGGED TABLE unlogged (id int);
    CREATE FUNCTION only_reads() RETURNS int STABLE LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE 'SELECT 1 FROM t'; RETURN 1; END $$;
    CREATE VIEW locks AS SELECT pg_try_advisory_xact_lock(7) AS free";

/// Pgpool-II looks at function calls in the text; PgDog and PgCat not even at those.
#[test]
fn a_write_that_is_hidden_in_an_object_goes_to_a_standby() {
    let database = Database::with(HIDDEN);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let statements = [
        "SELECT n FROM in_view",
        "SELECT n FROM in_view_of_view",
        "SELECT <+> 3",
        "SELECT row('x')::word::int",
        "SELECT 4::checked",
        "SELECT id FROM guarded",
        "SELECT count(*) FROM unlogged",
    ];
    for (number, statement) in statements.iter().enumerate() {
        wire.rows(statement);
        let written = database.run("SELECT count(*) FROM t").parse::<usize>().unwrap();
        assert_eq!(written, (number + 1).min(6), "{statement}");
    }
}

/// The same with what a standby does not refuse: the lock is taken where nobody looks for it.
#[test]
fn a_lock_that_is_hidden_in_a_view_is_taken_on_a_standby() {
    all_run_on("primary", HIDDEN, &["SELECT free FROM locks", "SELECT count(*) FROM unlogged"]);
}

/// Pgpool-II never forgets what a function was.
#[test]
fn a_function_that_has_become_a_writer_goes_to_a_standby() {
    let database = Database::with(HIDDEN);
    let mut trace = database.trace();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    until("it is known to read", || {
        wire.rows("SELECT only_reads()");
        trace.roles("only_reads") == ["replica"]
    });
    wire.rows("ALTER FUNCTION only_reads() VOLATILE");
    trace.ran();
    wire.rows("SELECT only_reads()");
    assert_eq!(trace.roles("only_reads"), ["primary"]);
}

/// Pgpool-II takes a function for a reader if it cannot ask.
#[test]
fn a_catalog_that_cannot_be_read_makes_every_function_a_reader() {
    let database = Database::with(HIDDEN);
    database.run("REVOKE SELECT ON pg_catalog.pg_proc FROM PUBLIC");
    database.cluster.catch_up().unwrap();
    let mut trace = database.trace();
    let pgweir = split_at_first(&database);
    let mut wire = pgweir.client(&database);
    for _ in 0..5 {
        wire.rows("SELECT only_reads()");
        assert_eq!(trace.roles("only_reads"), ["primary"]);
    }
}

/// Pgpool-II up to 4.7.1, PgDog: the next read goes to a replica, which has another table of that name.
#[test]
fn a_temporary_table_is_read_from_the_real_one_that_it_shadows() {
    let database = Database::with("CREATE TABLE shadowed AS SELECT 'real' AS which");
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    wire.rows("CREATE TEMP TABLE shadowed AS SELECT 'temporary' AS which");
    for _ in 0..20 {
        assert_eq!(wire.value("SELECT which FROM shadowed"), "temporary");
    }
}
