//! Scripts of messages, each of which is answered as a direct connection answers it: in front of the
//! primary alone, with replicas, with optimistic transactions, and in session mode.

mod play;

use std::time::{Duration, Instant};

use crate::support::{Database, Pgweir, until};
use play::play;

/// The same in each database that a table of scripts is played in.
const SETUP: &str = "
    CREATE FUNCTION host() RETURNS text STABLE LANGUAGE sql
        AS $$ SELECT current_setting('cluster_name') $$;
    CREATE TABLE t (id int);
    CREATE SCHEMA other;
    CREATE TABLE other.t (id int, name text)";

/// Reads see what any session has written, as they do directly.
const ROUTING: &str = "[routing]\nmax_replica_lag = \"1h\"\nread_your_writes = \"database\"\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Primary,
    Replicas,
    Optimistic,
    Session,
}

impl Way {
    const ALL: [Way; 4] = [Way::Primary, Way::Replicas, Way::Optimistic, Way::Session];

    fn config(self, database: &Database) -> String {
        let pooler = "[pooler]\ndefault_pool_size = 2\n";
        match self {
            Way::Primary => format!("{pooler}\n{}", database.primary_config()),
            Way::Replicas => format!("{pooler}\n{ROUTING}\n{}", database.config()),
            Way::Optimistic => {
                let routing = format!("{ROUTING}transactions = \"optimistic\"\n");
                format!("{pooler}\n{routing}\n{}", database.config())
            }
            Way::Session => {
                format!("{pooler}pool_mode = \"session\"\n\n{}", database.primary_config())
            }
        }
    }

    fn start(self, database: &Database) -> Pgweir {
        let pgweir = Pgweir::start(&self.config(database));
        if matches!(self, Way::Replicas | Way::Optimistic) {
            until("reads go to replicas", || {
                pgweir.client(database).value("SELECT host()") != "primary"
            });
        }
        pgweir
    }
}

/// Plays all of them directly and in each way, and shows every difference.
fn all_are_answered_as_directly(scripts: &[&str]) {
    let direct = Database::with(SETUP);
    let port = direct.cluster.primary().port();
    let expected: Vec<_> = scripts.iter().map(|script| play(script, port, &direct)).collect();
    let mut differences = Vec::new();
    for way in Way::ALL {
        let database = Database::with(SETUP);
        let pgweir = way.start(&database);
        for (script, expected) in scripts.iter().zip(&expected) {
            let told = play(script, pgweir.port(), &database);
            if told != *expected {
                differences.push(format!("{way:?}: {script}\n{}", diff(expected, &told)));
            }
            differences
                .extend(left_busy(&database).map(|left| format!("{way:?}: {script}\n{left}")));
        }
    }
    assert!(differences.is_empty(), "{}\n", differences.join("\n\n"));
}

/// A server that is still in a transaction although all clients have gone.
fn left_busy(database: &Database) -> Option<String> {
    let left = "SELECT string_agg(state || ': ' || query, '; ') FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' \
                AND query NOT LIKE '/* pgweir_%' AND query NOT LIKE 'EXECUTE pgweir_position%'";
    let cluster = database.cluster;
    let give_up = Instant::now() + Duration::from_secs(10);
    std::iter::once(cluster.primary()).chain(cluster.replicas()).find_map(|host| {
        loop {
            let busy = cluster.psql_on(host, &database.name, left).unwrap();
            if busy.is_empty() || Instant::now() > give_up {
                return (!busy.is_empty()).then_some(busy);
            }
        }
    })
}

fn diff(expected: &str, told: &str) -> String {
    let (mut expected, mut told) = (expected.lines(), told.lines());
    let mut lines = Vec::new();
    loop {
        match (expected.next(), told.next()) {
            (None, None) => return lines.join("\n"),
            (wanted, got) if wanted == got => lines.push(format!("  {}", got.unwrap_or_default())),
            (wanted, got) => {
                lines.extend(wanted.map(|line| format!("- {line}")));
                lines.extend(got.map(|line| format!("+ {line}")));
            }
        }
    }
}

const TRANSACTIONS: &[&str] = &[
    // Nothing is claimed behind an error.
    "E - / P - begin / S | Q select 1",
    "Dp - / P - begin / S | Q select 1",
    "B - nosuch / P - begin / S | Q select 1",
    "Q begin | E - / P - commit / S | Q rollback",
    "P - begin / E - / S / Q copy t from stdin | d 1 / c",
    // An end that is prepared in one unit and bound in a later one.
    "Q begin read only | Q select 1 | P s1 commit / S | B - s1 / Dp - / E - / S | Q select 2",
    "Q begin | Q select 1 from t | P s1 commit / S | B - s1 / Dp - / E - / S | Q select 2",
    "Q begin | Q select 1 | P s1 rollback / Ds s1 / S | B - s1 / E - / S | Q select 2",
    "Q begin read only | Q select 1 | P - commit / Ds - / S | Q rollback | Q select 2",
    "Q begin read only | Q select 1 | P s1 commit / S | B - s1 42 / E - / S | Q rollback",
    "Q begin read only | Q select 1 | P s1 rollback / S | Ds s1 / S | Q rollback",
    "P s1 commit / S | Q begin read only | Q select 1 | B - s1 / E - / S | Q select 2",
    "Q begin read only | Q select 1 | P s1 commit / Cs s1 / S | Q commit | Q select 2",
    // What needs no server, in the middle.
    "Q begin read only | Q select 1 | S | Q select 2 | Q commit",
    "Q begin read only | Q select 1 | H / S | Q select 2 | Q commit",
    "P s1 select 1 / S | Q begin read only | Q select 1 | Cs s1 / S | Q select 2 | Q commit",
    "Q begin read only | P s1 select 1 / S | Q deallocate s1 | Q select 2 | Q commit",
    "P s1 select 1 / S | B - s1 / E - / S | Q begin read only | Q select 1 | P s2 select 1 / S \
             | B - s2 / E - / S | Q commit",
    "Q begin | Q select 1 | P s1 select 1 / S | P s2 select 1 / S | S | Q commit",
    // Pipelines.
    "Q begin read only | Q select 2 / Q select 3 | Q commit",
    "Q begin / Q select 2 / Q select 3 / Q commit / Q select 4",
    "P - begin / B - - / Dp - / E - / S / P - select 2 / B - - / Dp - / E - / S \
             / P - commit / B - - / Dp - / E - / S",
    "Q begin read only | P s1 select 1 / Ds s1 / H | B - s1 / E - / S \
             | P s2 select 1 / Ds s2 / H | B - s2 / E - / S | Q commit",
    // A transaction that has failed stays so, and one with a snapshot or a cursor stays there.
    "Q begin | Q select 1/0 | Q insert into t values (3) /*{17000}*/ | Q commit \
             | Q select count(*) from t where id = 3",
    "Q begin isolation level repeatable read | Q select 1 \
             | Q insert into t values (4) /*{17000}*/ | Q commit",
    "Q begin | Q declare c cursor for select generate_series(1, 5) | Q fetch 2 from c \
             | Q insert into t values (5) /*{17000}*/ | Q fetch 2 from c | Q commit",
    "Q begin | P - select generate_series(1, 5) / B p1 - / E p1 2 / S | Q update t set id = id \
             | E p1 2 / S | Q commit",
    "Q begin isolation level serializable | P - select 1 / B p1 - / E p1 1 / S \
             | Q update t set id = id | Q commit",
    "Q begin read write | P - select generate_series(1, 5) / B p1 - / E p1 2 / S \
             | Q update t set id = id | Q commit",
    "Q begin read write | Q select 1 | Q commit",
    "Q begin isolation level serializable read only deferrable | Q select 1 | Q commit",
    "P s1 select generate_series(1, 5) / S | B - s1 / E - 1 / S | Q begin | B c s1 / S \
             | E c 2 / S | E c 0 / S | Q commit",
    "Q begin | Q select 1 | Q savepoint a | Q select 1/0 | Q rollback to a | Q select 2 \
             | Q commit and chain | Q select 3 | Q rollback and no chain | Q select 4",
    "Q begin | Q select 1 | Q set transaction isolation level serializable | Q rollback",
    "Q begin read only | Q ; | Q set transaction read write | Q insert into t values (6) \
             | Q rollback",
    "Q begin read only | Q copy t from stdin | Q rollback",
    "Q begin read only | Q copy (select 1) to stdout | Q commit",
    "Q begin | Q copy t from stdin | d 7 / c | Q select count(*) from t | Q rollback",
    "Q begin | Q copy t from stdin | f no | Q select 1 | Q rollback",
    "Q begin read only | Q select 1 | Q notify nobody | Q rollback",
];

#[test]
fn transactions_go_and_end_as_they_do_directly() {
    all_are_answered_as_directly(TRANSACTIONS);
}

const OWN: &[&str] = &[
    "P - begin / B - - / E - / E - / S | Q rollback",
    "P - begin / B - - 1 / E - / S | Q rollback",
    "P - begin / B p1 - / E p1 / S | Q rollback",
    "P - begin / B p1 - / E p1 / S | E p1 / S | Q rollback",
    "P s1 begin / B p1 s1 / E p1 / S | P s1 abort / S | Q rollback",
    "P - begin read only / S | B - - / Cs - / Dp - / S | Q rollback",
    "P - begin / B - - / S | E - / S | Q rollback",
    "Q begin | P - commit / B - - / S | E - / S | Q select 1",
    "Q begin | P - commit / B p1 - / S | E p1 / S | Q select 1",
    "Q begin | Q select 1/0 | P s1 select 1 / S | P - rollback / S | B - - / E - / S",
    "P s1 commit / S | Q begin | Q select 1/0 | P s1 commit / S | B - s1 1 / S | B - s1 / E - / S",
    "Q begin | Q select 1/0 | B - nosuch / S | E nosuch / S | Ds nosuch / S | Dp nosuch / S \
             | Q rollback",
    "Q begin | Q select 1/0 | Q begin | Q commit",
    "Q begin | Q begin | Q commit | Q commit | Q rollback",
    "Q begin | Q select 'pgweir_47' | Q select pgweir_47 | Q rollback",
    "Q execute pgweir_47 | Q deallocate pgweir_47 | Q deallocate nosuch",
    "P - deallocate nosuch / B - - / E - / S | Q select 1",
    "P s1 select 1 / P s1 select 2 / S | B - s1 / E - / S",
    "P s1 select * from gone / S | P s2 select 1 / S | P s1 select * from gone / S",
    "P - / B - - / Dp - / E - / S | Q | Q ; | Q -- nothing",
    "P s1 select $1::int / Ds s1 / S | B - s1 / S | B - s1 1 2 / S | B - s1 x / S | B - s1 NULL / E - / S",
    "Q select pg_sleep(0.1) ~ Q select '{16500}' | Q select 2",
    "Q select pg_sleep(0.1) ~ P - select '{17000}' / B - - / E - / S | Q select 2",
    "Q select 1 / X",
    "Q begin / X",
    "P s1 select 1 / B p1 s1 / E p1 / S / X",
    "P s1 begin / B - s1 1 / S | Q rollback",
    "P - begin / B - - / E - / S / Dp - / S | Q rollback",
    "P - begin / B - - / E - / S | E - / S | Q rollback",
    "P s1 begin / B p1 s1 / E p1 / B p1 s1 / S | Q rollback",
    "Q begin | Q select 1/0 | P s1 rollback / S | P s1 commit / S | Q rollback",
];

#[test]
fn what_pgweir_answers_itself_is_answered_as_directly() {
    all_are_answered_as_directly(OWN);
}

const STATEMENTS: &[&str] = &[
    "P s3 select 3 / S | Q discard all / P s3 select 4 / S / B - s3 / E - / S | B - s3 / E - / S",
    "P s3 select 3 / S | Q deallocate all / P s3 select 4 / S / B - s3 / E - / S \
             | B - s3 / E - / S",
    "P s1 select 1 / S | Q discard all | B - s1 / E - / S | P s1 select 2 / S | B - s1 / E - / S",
    "P s1 select 1 / S | P - deallocate s1 / B - - / E - / S | B - s1 / E - / S | Q select 1",
    "P s1 select 1 / S | P - deallocate all / B - - / E - / S | B - s1 / E - / S | Q select 1",
    "P s1 select 1 / S | P - DEALLOCATE PREPARE s1 / B - - / E - / S | P s1 select 2 / S \
             | B - s1 / E - / S",
    "Q begin read only | P - select generate_series(1, 5) / B - - / E - 2 / S | E - 2 / S | Q commit",
    "Q begin | P - select generate_series(1, 5) / B - - / E - 2 / S | E - 2 / S | Q commit",
    "Q begin read only | P - select 1 / B p1 - / S | E p1 / S | Cp p1 / S | E p1 / S | Q rollback",
    "P - select 1 / B p1 - / E p1 / S | E p1 / S",
    "P - select $1::int / S | 2> P - select $1::text / S | B - - 5 / E - / S | 2> B - - x / E - / S",
    "2> Q begin | 2> Q select 1 | P s1 select $1::int / S | B - s1 5 / E - / S | 2> Q commit \
             | 2> P - select 2 / S | B - s1 6 / E - / S | 2> B - - / E - / S",
    "P s1 abort / S / Q discard all / Ds s1 / S | Q select 1",
    "P - discard all / B p1 - / E p1 / S | P s2 rollback / Ds s2 / S",
];

#[test]
fn statements_and_portals_live_as_long_as_they_do_directly() {
    all_are_answered_as_directly(STATEMENTS);
}

const SETTINGS: &[&str] = &[
    "[TimeZone=Asia/Tokyo] Q set timezone to default | Q show timezone",
    "[TimeZone=Asia/Tokyo] Q set timezone = 'UTC' | Q reset timezone | Q show timezone",
    "[TimeZone=Asia/Tokyo] Q set timezone = 'UTC' | Q reset all | Q show timezone",
    "[TimeZone=Asia/Tokyo] Q set timezone = 'UTC' | Q discard all | Q show timezone",
    "[TimeZone=Asia/Tokyo] Q begin | Q set timezone to default | Q rollback | Q show timezone",
    "[DateStyle=German] Q select date '2020-02-01' | Q reset datestyle | Q select date '2020-02-01'",
    "[search_path=other] Q set search_path to default | Q select * from t",
    "[search_path=other] Q reset search_path | Q select * from t",
    "[search_path=public search_path=other] Q select * from t",
    "Q select 1 | 2> Q set timezone = 'Asia/Tokyo' | Q show timezone | 2> Q show timezone",
    "Q set application_name = '{65}' | Q show application_name",
    "[application_name={65}] Q show application_name",
];

#[test]
fn settings_of_the_login_are_what_they_are_reset_to() {
    all_are_answered_as_directly(SETTINGS);
}

const DEFINITIONS: &[&str] = &[
    "Q create table d1 (b int) | P - insert into d1 values ($1) / B - - 1 / E - / S \
             | Q drop table d1 | Q create table d1 (b text) | 2> P - insert into d1 values ($1) / B - - x \
             / E - / S | Q select b from d1 | Q drop table d1",
    "Q create table d2 (a int, b int) | P s1 select * from d2 / Ds s1 / B - s1 / E - / S \
             | 2> Q alter table d2 add column c int | B - s1 / E - / S | Q drop table d2",
    "Q create table d2 (a int, b int) | P s1 select * from d2 / Ds s1 / B - s1 / E - / S \
             | 2> Q begin | 2> Q alter table d2 add column c int | 2> Q commit \
             | 2> Q begin | 2> Q insert into t values (1) | B - s1 / E - / S | 2> Q commit \
             | Q drop table d2",
    "Q create table d3 (a int) | P s1 select a from d3 / S | B - s1 / E - / S | Q drop table d3 \
             | P s2 select a from d3 / S | B - s1 / E - / S",
    "Q create function d4() returns int language sql as 'select 1' | P s1 select d4() / S \
             | B - s1 / E - / S | Q drop function d4() \
             | Q create function d4() returns text language sql as 'select 2::text' \
             | 2> P s1 select d4() / Ds s1 / S | 2> B - s1 / E - / S | Q drop function d4()",
];

/// A statement that was prepared before something was made anew.
#[test]
fn what_is_made_anew_is_what_statements_mean() {
    all_are_answered_as_directly(DEFINITIONS);
}

/// As node-postgres does, which may end before it has begun.
#[test]
fn a_goodbye_may_be_the_first_message() {
    let database = Database::create();
    let pgweir = Way::Primary.start(&database);
    for port in [database.cluster.primary().port(), pgweir.port()] {
        let mut wire = crate::support::Wire::connect(port);
        wire.send([crate::support::frontend::terminate()]);
        wire.expect_end();
    }
}
