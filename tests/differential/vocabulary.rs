//! What scripts say in SQL. Texts are templates (`script::expanded`), and those of one kind take the same place.
//!
//! Nothing here depends on another session, on the time, or on state that a pooler cannot carry from one server
//! to another (temporary tables, LISTEN, SQL's own PREPARE, settings that PostgreSQL does not report).

/// A statement, and values for its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    pub text: &'static str,
    pub values: &'static [&'static str],
}

/// Kinds of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    Write,
    Fail,
    Begin,
    End,
    Shape,
    Cursor,
    Setting,
    Empty,
    CopyOut,
    Many,
    Forget,
    Other,
    Define,
}

pub const KINDS: &[Kind] = &[
    Kind::Read,
    Kind::Write,
    Kind::Fail,
    Kind::Begin,
    Kind::End,
    Kind::Shape,
    Kind::Cursor,
    Kind::Setting,
    Kind::Empty,
    Kind::CopyOut,
    Kind::Many,
    Kind::Forget,
    Kind::Other,
];

const fn plain(text: &'static str) -> Phrase {
    Phrase { text, values: &[] }
}

const fn with(text: &'static str, values: &'static [&'static str]) -> Phrase {
    Phrase { text, values }
}

const READS: &[Phrase] = &[
    plain("select 1"),
    plain("select v from t where k = @"),
    plain("select k - @, v from t where k >= @ and k < @ + 10 order by k"),
    with("select v from t where k = $1::bigint", &["@"]),
    with("select $1::int + 1", &["7"]),
    with("select $1::text, $2::int", &["a", "2"]),
    plain("select k, v from fixed order by k"),
    with("select k from fixed where k > $1 order by k", &["5"]),
    plain("table fixed"),
    plain("values (1), (2), (3)"),
    plain("select g from generate_series(1, 5) as g"),
    plain("select count(*) from fixed"),
    plain("select repeat('x', 20000)"),
    plain("select pg_sleep(0.01)"),
    plain("select timestamptz '2020-02-01 03:04:05+00'"),
    plain("select date '2020-02-01', interval '1 day 02:00'"),
    plain("select '01/02/2020'::date"),
    plain("explain (costs off) select 1"),
];

const WRITES: &[Phrase] = &[
    plain("insert into t values (@, 'a')"),
    plain("insert into t values (@ + 1, 'b')"),
    with("insert into t values ($1, $2)", &["@", "p"]),
    plain("insert into t values (@, 'a') on conflict (k) do update set v = t.v || 'c' returning v"),
    plain("update t set v = v || 'u' where k = @"),
    with("update t set v = v || $2 where k = $1 returning v", &["@", "w"]),
    plain("delete from t where k = @"),
    plain("insert into deferred values (@)"),
    plain("select v from t where k = @ for update"),
    plain("with w as (insert into t values (@ + 2, 'w') returning k) select count(*) from w"),
];

const FAILS: &[Phrase] = &[
    plain("select 1/0"),
    plain("select nonsense"),
    plain("selec 1"),
    plain("select * from missing"),
    with("select $1::int / 0", &["1"]),
    with("select $1::int", &["x"]),
    plain("insert into t values (@, 'a'), (@, 'b')"),
    plain("select k / (k - 7) from fixed order by k"),
    plain("do $$ begin raise exception 'no'; end $$"),
];

const BEGINS: &[Phrase] = &[
    plain("begin"),
    plain("begin read only"),
    plain("begin read only"),
    plain("begin read write"),
    plain("start transaction"),
    plain("start transaction read only"),
    plain("begin isolation level repeatable read"),
    plain("begin isolation level repeatable read read only"),
];

/// For one session of a group: those of several could refuse each other's.
pub const SERIALIZABLE: &[Phrase] = &[
    plain("begin isolation level serializable"),
    plain("begin isolation level serializable read only"),
];

const ENDS: &[Phrase] = &[
    plain("commit"),
    plain("commit"),
    plain("rollback"),
    plain("rollback"),
    plain("end"),
    plain("abort"),
    plain("commit and chain"),
    plain("rollback and chain"),
];

const SHAPES: &[Phrase] = &[
    plain("savepoint a"),
    plain("savepoint b"),
    plain("release a"),
    plain("rollback to a"),
    plain("rollback to savepoint b"),
    plain("set transaction read only"),
    plain("set transaction read write"),
    plain("set transaction isolation level repeatable read"),
    plain("set local timezone to 'Asia/Tokyo'"),
    plain("show transaction_read_only"),
    plain("show transaction_isolation"),
];

const CURSORS: &[Phrase] = &[
    plain("declare c cursor for select k from fixed order by k"),
    plain("declare c cursor for select v from t where k = @"),
    plain("fetch 2 from c"),
    plain("fetch all from c"),
    plain("move 1 in c"),
    plain("close c"),
    plain("close all"),
    plain("fetch 1 from p1"),
];

const SETTINGS: &[Phrase] = &[
    plain("set timezone to 'UTC'"),
    plain("set timezone to 'America/New_York'"),
    plain("set timezone to default"),
    plain("reset timezone"),
    plain("set datestyle to 'SQL, DMY'"),
    plain("reset datestyle"),
    plain("set intervalstyle to 'sql_standard'"),
    plain("set application_name to 'one'"),
    plain("reset application_name"),
    plain("reset all"),
    plain("show timezone"),
    plain("show datestyle"),
    plain("select set_config('timezone', 'UTC', false)"),
    plain("set standard_conforming_strings to off"),
    plain("set default_transaction_read_only to on"),
    plain("set default_transaction_read_only to off"),
    plain("set nonsense to 1"),
    plain("set timezone to 'nowhere'"),
];

const EMPTY: &[Phrase] =
    &[plain(""), plain(" "), plain(";"), plain("-- nothing"), plain("/* nothing */"), plain("; ;")];

const COPY_OUTS: &[Phrase] = &[
    plain("copy fixed to stdout"),
    plain("copy (select v from t where k = @) to stdout"),
    plain("copy (select 1/0) to stdout"),
];

pub const COPY_INS: &[Phrase] = &[
    plain("copy t from stdin"),
    plain("copy t (k, v) from stdin with (format csv)"),
    plain("copy missing from stdin"),
];

const MANY: &[Phrase] = &[
    plain("begin; select 1"),
    plain("select 1; select 2"),
    plain("select 1; commit"),
    plain("commit; begin"),
    plain("rollback; select 1"),
    plain("begin read only; select count(*) from fixed; commit"),
    plain("begin; insert into t values (@ + 3, 'm'); commit"),
    plain("insert into t values (@ + 4, 'm'); select 1/0"),
    plain("begin; select 1/0"),
    plain("select 1;; select 2"),
    plain("savepoint a; select 1; release a"),
];

const FORGETS: &[Phrase] = &[
    plain("deallocate s1"),
    plain("deallocate s2"),
    plain("deallocate prepare s1"),
    plain("deallocate all"),
    plain("deallocate missing"),
    plain("discard all"),
    plain("discard plans"),
];

const OTHERS: &[Phrase] = &[
    plain("do $$ begin perform 1; end $$"),
    plain("do $$ begin raise notice 'told'; end $$"),
    plain("notify nobody"),
    plain("select pg_advisory_xact_lock(@)"),
    plain("lock table fixed in access share mode"),
    plain("analyze fixed"),
    plain("select current_setting('timezone')"),
    plain("select now() = now()"),
];

const DEFINES: &[Phrase] = &[
    plain("create table x@ (a int)"),
    plain("alter table x@ add b int"),
    plain("insert into x@ values (1)"),
    plain("select * from x@"),
    plain("select * from x@"),
    plain("drop table x@"),
    plain("drop table if exists x@"),
];

impl Kind {
    pub fn phrases(self) -> &'static [Phrase] {
        match self {
            Kind::Read => READS,
            Kind::Write => WRITES,
            Kind::Fail => FAILS,
            Kind::Begin => BEGINS,
            Kind::End => ENDS,
            Kind::Shape => SHAPES,
            Kind::Cursor => CURSORS,
            Kind::Setting => SETTINGS,
            Kind::Empty => EMPTY,
            Kind::CopyOut => COPY_OUTS,
            Kind::Many => MANY,
            Kind::Forget => FORGETS,
            Kind::Other => OTHERS,
            Kind::Define => DEFINES,
        }
    }
}
