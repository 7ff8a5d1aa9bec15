"""psycopg2: transactions, named cursors, COPY, execute_values, pool, cancel: the simple query protocol through and through."""

import datetime
import decimal
import io
import threading
import uuid

import psycopg2
import psycopg2.errors as errors
from psycopg2 import extensions, extras, sql
from psycopg2.pool import ThreadedConnectionPool

from checks import CONNECTIONS, LARGE, URL, check, expect, in_threads, raises, settle, with_option

extras.register_uuid()


def one(conn, query, *args):
    with conn.cursor() as cur:
        cur.execute(query, args)
        return cur.fetchone()[0]


def run(conn, query, *args):
    with conn.cursor() as cur:
        cur.execute(query, args)


with check("the manual's first program"):
    conn = psycopg2.connect(URL)
    cur = conn.cursor()
    cur.execute("DROP TABLE IF EXISTS psycopg2_test, psycopg2_many")
    cur.execute("CREATE TABLE psycopg2_test (id serial PRIMARY KEY, num integer UNIQUE, data varchar)")
    cur.execute("INSERT INTO psycopg2_test (num, data) VALUES (%s, %s)", (100, "abc'def"))
    cur.execute("SELECT * FROM psycopg2_test")
    expect(cur.fetchone(), (1, 100, "abc'def"))
    cur.execute("CREATE TABLE psycopg2_many (worker int, n int)")
    conn.commit()
    expect((conn.encoding, conn.get_parameter_status("integer_datetimes")), ("UTF8", "on"))

settle()

with check("types: NULL, arrays, json, bytea, numeric, times, uuid, range, dict rows"):
    for type_name, value in [
        ("int", None), ("bool", True), ("bigint", 2**40), ("float8", 1.5), ("numeric", decimal.Decimal("12345.678900")),
        ("text", "na\u00efve \U0001f418"), ("int[]", [1, None, 3]), ("text[]", ["a", "b,c", '"']), ("uuid", uuid.UUID(int=7)),
        ("date", datetime.date(2024, 2, 29)), ("interval", datetime.timedelta(days=3)), ("int4range", extras.NumericRange(1, 5)),
        ("timestamptz", datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc)),
    ]:  # fmt: skip
        expect(one(conn, f"SELECT %s::{type_name}", value), value)
    expect(bytes(one(conn, "SELECT %s", psycopg2.Binary(b"\x00\xff"))), b"\x00\xff")
    expect(one(conn, "SELECT %s::jsonb", extras.Json({"a": [1, None]})), {"a": [1, None]})
    with conn.cursor(cursor_factory=extras.RealDictCursor) as cur:
        cur.execute(sql.SQL("SELECT 1 AS {}").format(sql.Identifier("an odd name")))
        expect(dict(cur.fetchone()), {"an odd name": 1})
    conn.rollback()

with check("commit, rollback, `with conn`, savepoints by hand"):
    with raises(ZeroDivisionError), conn:
        run(conn, "INSERT INTO psycopg2_test (num) VALUES (1)")
        raise ZeroDivisionError
    with conn:
        run(conn, "INSERT INTO psycopg2_test (num) VALUES (2); SAVEPOINT before")
        with raises(errors.UniqueViolation, "23505"):
            run(conn, "INSERT INTO psycopg2_test (num) VALUES (2)")
        run(conn, "ROLLBACK TO SAVEPOINT before")
    expect(one(conn, "SELECT array_agg(num ORDER BY num) FROM psycopg2_test"), [2, 100])
    conn.rollback()

with check("an error in a transaction, 25P02 until rollback, then work goes on"):
    with raises(errors.UndefinedTable, "42P01"):
        run(conn, "SELECT * FROM no_such_table")
    with raises(errors.InFailedSqlTransaction, "25P02"):
        run(conn, "SELECT 1")
    expect(conn.info.transaction_status, extensions.TRANSACTION_STATUS_INERROR)
    conn.rollback()
    expect(one(conn, "SELECT 1"), 1)
    conn.rollback()

with check("set_session: read-only and serializable transactions, autocommit"):
    conn.set_session(readonly=True, isolation_level="SERIALIZABLE")
    expect((one(conn, "SHOW transaction_read_only"), one(conn, "SHOW transaction_isolation")), ("on", "serializable"))
    with raises(errors.ReadOnlySqlTransaction, "25006"):
        run(conn, "DELETE FROM psycopg2_test")
    conn.rollback()
    conn.set_session(readonly="DEFAULT", isolation_level="DEFAULT", autocommit=True)
    for n in range(200):
        run(conn, "UPDATE psycopg2_test SET data = %s WHERE num = 100", str(n))
        expect(one(conn, "SELECT data FROM psycopg2_test WHERE num = 100"), str(n))
    conn.autocommit = False

with check("a named cursor in a transaction, scrolled"):
    with conn, conn.cursor(name="psycopg2_cursor", scrollable=True) as cur:
        cur.itersize = 100
        cur.execute("SELECT generate_series(1, 1000)")
        expect(cur.fetchmany(3), [(1,), (2,), (3,)])
        cur.scroll(-1)
        expect(cur.fetchone(), (3,))
        expect(sum(row[0] for row in cur), 500500 - 6)

with check("execute_values, execute_batch, executemany"):
    with conn, conn.cursor() as cur:
        rows = [(n, str(n)) for n in range(1000, 3000)]
        ids = extras.execute_values(cur, "INSERT INTO psycopg2_test (num, data) VALUES %s RETURNING num", rows, fetch=True)
        expect(len(ids), 2000)
        extras.execute_batch(cur, "UPDATE psycopg2_test SET data = %s WHERE num = %s", [(f"b{n}", n) for n, _ in rows])
        cur.executemany("DELETE FROM psycopg2_test WHERE num = %s", [(n,) for n in range(2900, 3000)])
        expect(one(conn, "SELECT count(*) FROM psycopg2_test WHERE data LIKE 'b%%'"), 1900)

with check("COPY in and out, and one that fails"):
    with conn, conn.cursor() as cur:
        cur.copy_expert("COPY psycopg2_test (num, data) FROM STDIN (FORMAT csv)", io.StringIO("".join(f"{n},copy {n}\n" for n in range(5000, 15000))))
        cur.copy_from(io.StringIO("20000\t\\N\n"), "psycopg2_test", columns=("num", "data"))
        out = io.StringIO()
        cur.copy_expert("COPY (SELECT num, data FROM psycopg2_test WHERE num >= 5000 ORDER BY num) TO STDOUT (FORMAT csv)", out)
        expect((out.getvalue().count("\n"), out.getvalue()[:15], out.getvalue()[-7:]), (10001, "5000,copy 5000\n", "20000,\n"))
    with raises(errors.InvalidTextRepresentation, "22P02"), conn, conn.cursor() as cur:
        cur.copy_from(io.StringIO("not a number\tx\n"), "psycopg2_test", columns=("num", "data"))
    expect(one(conn, "SELECT count(*) FROM psycopg2_test WHERE num >= 5000"), 10001)
    conn.rollback()

with check("5 MB there and back"):
    payload = b"\x00\xfe" * (LARGE // 2)
    expect(bytes(one(conn, "SELECT %s::bytea", psycopg2.Binary(payload))) == payload, True)
    conn.rollback()

with check("cancel, statement_timeout in a transaction, notices"):
    timer = threading.Timer(0.3, conn.cancel)
    timer.start()
    with raises(errors.QueryCanceled, "57014"):
        run(conn, "SELECT pg_sleep(20)")
    timer.join()
    conn.rollback()
    with raises(errors.QueryCanceled, "57014"):
        run(conn, "SET LOCAL statement_timeout = '100ms'; SELECT pg_sleep(20)")
    conn.rollback()
    expect(one(conn, "SHOW statement_timeout"), "0")
    run(conn, "DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
    expect(conn.notices[-1:], ["NOTICE:  hello\n"])
    conn.rollback()

with check("a large object in a transaction (libpq asks for it with FunctionCall messages)"):
    with conn:
        large_object = conn.lobject(0, "wb")
        large_object.write(b"\x00" * 100_000)
        large_object.close()
        expect(len(conn.lobject(large_object.oid, "rb").read()), 100_000)
        conn.lobject(large_object.oid).unlink()

with check("two-phase: none is possible without max_prepared_transactions, and the session lives on"):
    conn.tpc_begin(conn.xid(1, "psycopg2", "branch"))
    run(conn, "INSERT INTO psycopg2_test (num) VALUES (50000)")
    with raises(psycopg2.Error, "55000"):
        conn.tpc_prepare()
    conn.tpc_rollback()
    expect(one(conn, "SELECT count(*) FROM psycopg2_test WHERE num = 50000"), 0)
conn.close()

with check("startup options and reported parameters stay each connection's own"):
    conns = [(psycopg2.connect(with_option(f"-c search_path=s{n} -c DateStyle=SQL,DMY"), application_name=f"a{n}"), n) for n in range(12)]
    for one_conn, n in conns:
        one_conn.autocommit = True
        one_conn.set_client_encoding("LATIN1" if n % 2 else "UTF8")
    for _ in range(10):
        for one_conn, n in conns:
            expect((one(one_conn, "SHOW search_path"), one(one_conn, "SHOW application_name")), (f"s{n}", f"a{n}"))
            expect(one(one_conn, "SHOW client_encoding"), "LATIN1" if n % 2 else "UTF8")
            expect(one(one_conn, "SELECT '\u00e9' || chr(233)"), "\u00e9\u00e9")
    for one_conn, _ in conns:
        one_conn.close()

with check(f"ThreadedConnectionPool: {CONNECTIONS} connections, each with its own transactions"):
    pool = ThreadedConnectionPool(CONNECTIONS, CONNECTIONS, URL)

    def work(worker):
        mine = pool.getconn()
        for n in range(25):
            with mine:
                run(mine, "INSERT INTO psycopg2_many VALUES (%s, %s)", worker, n)
            expect(one(mine, "SELECT count(*) FROM psycopg2_many WHERE worker = %s", worker), n + 1)
            mine.commit()
        pool.putconn(mine)

    in_threads(CONNECTIONS, work)
    pool.closeall()
