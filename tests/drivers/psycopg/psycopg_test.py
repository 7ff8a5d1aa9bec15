"""psycopg 3: connections, prepared statements, transactions, pipeline mode, COPY, cancel, pool; then the same on asyncio."""

import asyncio
import datetime
import decimal
import threading
import uuid

import psycopg
from psycopg import errors
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from checks import CONNECTIONS, LARGE, URL, check, expect, in_threads, raises, settle, with_option


def one(conn, query, *args, **options):
    return conn.execute(query, args, **options).fetchone()[0]


with check("connect; the server says who it is"):
    with psycopg.connect(URL) as conn:
        expect(conn.info.encoding, "utf-8")
        expect(conn.info.server_version >= 120000, True)
        expect(one(conn, "SELECT current_user"), "app")

with check("the manual's first program"):
    with psycopg.connect(URL) as conn:
        with conn.cursor() as cur:
            cur.execute("DROP TABLE IF EXISTS psycopg_items, psycopg_copy, psycopg_many")
            cur.execute("CREATE TABLE psycopg_items (id serial PRIMARY KEY, num integer UNIQUE, data text)")
            cur.execute("INSERT INTO psycopg_items (num, data) VALUES (%s, %s)", (100, "abc'def"))
            cur.execute("SELECT * FROM psycopg_items")
            expect(cur.fetchone(), (1, 100, "abc'def"))
            cur.execute("CREATE TABLE psycopg_copy (id int, name text, payload bytea)")
            cur.execute("CREATE TABLE psycopg_many (worker int, n int)")

with check("types, text and binary: NULL, arrays, json, bytea, numeric, times, uuid"):
    values = [
        ("int", None), ("bool", True), ("int", 42), ("bigint", 2**40), ("float8", 1.5), ("numeric", decimal.Decimal("12345.678900")),
        ("text", "na\u00efve \U0001f418"), ("bytea", b"\x00\x01\xff"), ("int[]", [1, None, 3]), ("text[]", ["a", "b,c", '"']),
        ("int[]", [[1, 2], [3, 4]]), ("jsonb", Jsonb({"a": [1, None, "x"]})), ("uuid", uuid.UUID(int=7)),
        ("date", datetime.date(2024, 2, 29)), ("interval", datetime.timedelta(days=3, seconds=4)),
        ("timestamptz", datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc)),
    ]  # fmt: skip
    with psycopg.connect(URL, autocommit=True) as conn:
        for binary in (False, True):
            for type_name, value in values:
                got = conn.cursor(binary=binary).execute(f"SELECT %s::{type_name}", (value,)).fetchone()[0]
                expect(got, value.obj if isinstance(value, Jsonb) else value)
        for placeholder in ("%s", "%b", "%t"):
            expect(one(conn, f"SELECT {placeholder}::int8[]", [1, 2, 3]), [1, 2, 3])

with check("prepared past the threshold, 200 transactions on each of 12 connections that take turns"):
    conns = [psycopg.connect(URL) for _ in range(12)]
    for turn in range(200):
        for number, conn in enumerate(conns):
            # The driver gives every connection's first statement the same name; the texts differ.
            expect(one(conn, f"SELECT %s::int * 100 + {number}", turn), turn * 100 + number)
            conn.commit()
    for conn in conns:
        conn.close()

with check("prepare=True, more statements than prepared_max, and their closing"):
    with psycopg.connect(URL, autocommit=True) as conn:
        conn.prepare_threshold, conn.prepared_max = 0, 5
        for turn in range(4):
            for n in range(20):
                expect(one(conn, f"SELECT %s::text || '-{n}'", turn), f"{turn}-{n}")
        expect(one(conn, "SELECT %s::int", 1, prepare=True), 1)
        conn.prepare_threshold = None
        expect(one(conn, "SELECT %s::int", 2), 2)

with check("a prepared statement after ROLLBACK and after a failed one"):
    with psycopg.connect(URL) as conn:
        for _ in range(8):
            expect(one(conn, "SELECT num FROM psycopg_items WHERE id = %s", 1), 100)
            conn.rollback()
            with raises(errors.DivisionByZero, "22012"):
                conn.execute("SELECT 1 / %s::int", (0,), prepare=True)
            conn.rollback()

with check("commit, rollback, savepoints"):
    with psycopg.connect(URL) as conn:
        conn.execute("INSERT INTO psycopg_items (num) VALUES (1)")
        conn.rollback()
        expect(one(conn, "SELECT count(*) FROM psycopg_items WHERE num = 1"), 0)
        with conn.transaction():
            conn.execute("INSERT INTO psycopg_items (num) VALUES (2)")
            with raises(errors.UniqueViolation, "23505"), conn.transaction():
                conn.execute("INSERT INTO psycopg_items (num) VALUES (2)")
            with conn.transaction(force_rollback=True):
                conn.execute("INSERT INTO psycopg_items (num) VALUES (3)")
        conn.commit()
        expect(one(conn, "SELECT array_agg(num ORDER BY num) FROM psycopg_items"), [2, 100])

with check("an error in a transaction, 25P02 until ROLLBACK, then work goes on"):
    with psycopg.connect(URL) as conn:
        with raises(errors.UndefinedTable, "42P01"):
            conn.execute("SELECT * FROM no_such_table")
        expect(conn.info.transaction_status, psycopg.pq.TransactionStatus.INERROR)
        with raises(errors.InFailedSqlTransaction, "25P02"):
            conn.execute("SELECT 1")
        conn.rollback()
        expect(one(conn, "SELECT 1"), 1)

with check("read-only and serializable transactions"):
    with psycopg.connect(URL) as conn:
        conn.read_only = True
        expect(one(conn, "SHOW transaction_read_only"), "on")
        with raises(errors.ReadOnlySqlTransaction, "25006"):
            conn.execute("INSERT INTO psycopg_items (num) VALUES (4)")
        conn.rollback()
        conn.read_only = None
        conn.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        expect(one(conn, "SHOW transaction_isolation"), "serializable")
        conn.execute("INSERT INTO psycopg_items (num) VALUES (5)")
        conn.commit()

with check("a read sees the write before it, 200 times in autocommit"):
    with psycopg.connect(URL, autocommit=True) as conn:
        for n in range(200):
            conn.execute("UPDATE psycopg_items SET data = %s WHERE num = 100", (str(n),))
            expect(one(conn, "SELECT data FROM psycopg_items WHERE num = 100"), str(n))

with check("pipeline mode: many statements, an error inside, recovery at the sync"):
    with psycopg.connect(URL, autocommit=True) as conn:
        with conn.pipeline():
            cursors = [conn.execute("SELECT %s::int", (n,)) for n in range(300)]
        expect([cur.fetchone()[0] for cur in cursors], list(range(300)))
        with conn.pipeline() as pipeline, conn.transaction():
            conn.cursor().executemany("INSERT INTO psycopg_items (num) VALUES (%s)", [(n,) for n in range(1000, 1100)])
            pipeline.sync()
            expect(one(conn, "SELECT count(*) FROM psycopg_items WHERE num >= 1000"), 100)
        with raises(errors.UniqueViolation, "23505"):
            with conn.pipeline():
                conn.execute("INSERT INTO psycopg_items (num) VALUES (1100)")
                conn.execute("INSERT INTO psycopg_items (num) VALUES (1000)")
                conn.execute("INSERT INTO psycopg_items (num) VALUES (1101)")
        expect(one(conn, "SELECT count(*) FROM psycopg_items WHERE num >= 1000"), 100)

with check("executemany with returning, several result sets, stream, notices"):
    with psycopg.connect(URL, autocommit=True) as conn:
        cur = conn.cursor()
        cur.executemany("INSERT INTO psycopg_items (num) VALUES (%s) RETURNING num", [(7,), (8,)], returning=True)
        expect([result.fetchone()[0] for result in cur.results()], [7, 8])
        cur.execute("SELECT 1; SELECT 2")
        expect([result.fetchone()[0] for result in cur.results()], [1, 2])
        expect(sum(row[0] for row in cur.stream("SELECT generate_series(1, %s)", [1000])), 500500)
        notices = []
        conn.add_notice_handler(lambda diag: notices.append(diag.message_primary))
        conn.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
        expect(notices, ["hello"])
        expect(conn.cursor(row_factory=dict_row).execute("SELECT 1 AS a").fetchone(), {"a": 1})

with check("a server-side cursor in a transaction"):
    with psycopg.connect(URL) as conn, conn.cursor(name="psycopg_cursor") as cur:
        cur.itersize = 100
        cur.execute("SELECT generate_series(1, %s)", (1000,))
        expect(cur.fetchmany(3), [(1,), (2,), (3,)])
        expect(sum(row[0] for row in cur), 500500 - 6)

with check("COPY in and out: rows, blocks, binary, and one that fails"):
    with psycopg.connect(URL) as conn, conn.cursor() as cur:
        with cur.copy("COPY psycopg_copy FROM STDIN") as copy:
            for n in range(5000):
                copy.write_row((n, f"name\t{n}" if n % 7 else None, b"\\x00"))
        with cur.copy("COPY psycopg_copy FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "text", "bytea"])
            for n in range(5000, 10000):
                copy.write_row((n, "binary", b"\x00\xff"))
        conn.commit()
        with cur.copy("COPY (SELECT id, name FROM psycopg_copy WHERE id < 10 ORDER BY id) TO STDOUT") as copy:
            copy.set_types(["int4", "text"])
            rows = list(copy.rows())
        expect(rows[:2], [(0, None), (1, "name\t1")])
        with cur.copy("COPY psycopg_copy TO STDOUT (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "text", "bytea"])
            expect(sum(1 for _ in copy.rows()), 10000)
        conn.commit()
        with raises(errors.InvalidTextRepresentation, "22P02"):
            with cur.copy("COPY psycopg_copy FROM STDIN") as copy:
                copy.write(b"not a number\tx\t\\\\x00\n")
        conn.rollback()
        with raises(ZeroDivisionError):
            with cur.copy("COPY psycopg_copy FROM STDIN") as copy:
                copy.write_row((1, "x", b""))
                raise ZeroDivisionError
        conn.rollback()
        expect(one(conn, "SELECT count(*) FROM psycopg_copy"), 10000)

with check("5 MB there and back, text and binary"):
    with psycopg.connect(URL) as conn:
        for binary in (False, True):
            payload = b"\x00\xfe" * (LARGE // 2)
            expect(conn.cursor(binary=binary).execute("SELECT %b", (payload,)).fetchone()[0], payload)
            expect(one(conn, "SELECT repeat('x', %s)", LARGE), "x" * LARGE)

with check("cancel, and statement_timeout in a transaction"):
    with psycopg.connect(URL, autocommit=True) as conn:
        for cancel in (conn.cancel, conn.cancel_safe):
            timer = threading.Timer(0.3, cancel)
            timer.start()
            with raises(errors.QueryCanceled, "57014"):
                conn.execute("SELECT pg_sleep(20)")
            timer.join()
            expect(one(conn, "SELECT 1"), 1)
        with raises(errors.QueryCanceled, "57014"), conn.transaction():
            conn.execute("SET LOCAL statement_timeout = '100ms'")
            conn.execute("SELECT pg_sleep(20)")
        expect(one(conn, "SHOW statement_timeout"), "0")

with check("startup options and reported parameters stay each connection's own"):
    with psycopg.connect(URL) as conn:
        conn.execute("DROP SCHEMA IF EXISTS psycopg_a, psycopg_b CASCADE")
        for schema in ("psycopg_a", "psycopg_b"):
            conn.execute(f"CREATE SCHEMA {schema}")
            conn.execute(f"CREATE TABLE {schema}.here AS SELECT '{schema}'::text AS schema")
    settle()
    conns = [
        (psycopg.connect(with_option(f"-c search_path={schema}"), application_name=f"app {n}", autocommit=True), schema, f"app {n}", zone)
        for n, (schema, zone) in enumerate([("psycopg_a", "Asia/Tokyo"), ("psycopg_b", "America/Lima")] * 6)
    ]
    for conn, _, _, zone in conns:
        conn.execute(f"SET TIME ZONE '{zone}'")
    for _ in range(20):
        for conn, schema, name, zone in conns:
            expect(one(conn, "SELECT schema FROM here"), schema)
            expect(one(conn, "SHOW application_name"), name)
            expect(one(conn, "SHOW TimeZone"), zone)
            expect(conn.info.parameter_status("TimeZone"), zone)
    for conn, *_ in conns:
        conn.close()

with check(f"{CONNECTIONS} connections at once, each with its own transactions"):
    everyone_is_in = threading.Barrier(CONNECTIONS)

    def work(worker):
        with psycopg.connect(URL) as conn:
            everyone_is_in.wait(30)
            for n in range(25):
                with conn.transaction():
                    conn.execute("INSERT INTO psycopg_many VALUES (%s, %s)", (worker, n))
                expect(one(conn, "SELECT count(*) FROM psycopg_many WHERE worker = %s", worker), n + 1)
                conn.commit()

    in_threads(CONNECTIONS, work)
    settle()
    with psycopg.connect(URL) as conn:
        expect(one(conn, "SELECT count(*) FROM psycopg_many"), CONNECTIONS * 25)

with check("psycopg_pool"):
    with ConnectionPool(URL, min_size=10, max_size=20, check=ConnectionPool.check_connection) as pool:
        pool.wait(30)

        def borrow(n):
            with pool.connection() as conn:
                return one(conn, "SELECT %s::int FROM pg_sleep(0.01)", n)

        expect(in_threads(CONNECTIONS, borrow), list(range(CONNECTIONS)))


async def on_asyncio():
    with check("asyncio: connect, prepared, pipeline, COPY"):
        async with await psycopg.AsyncConnection.connect(URL) as conn:
            for n in range(12):
                cur = await conn.execute("SELECT %s::int", (n,))
                expect(await cur.fetchone(), (n,))
                await conn.commit()
            async with conn.pipeline():
                cursors = [await conn.execute("SELECT %s::text", (n,)) for n in range(100)]
            expect([(await cur.fetchone())[0] for cur in cursors], [str(n) for n in range(100)])
            async with conn.cursor() as cur:
                await cur.execute("TRUNCATE psycopg_copy")
                async with cur.copy("COPY psycopg_copy (id) FROM STDIN") as copy:
                    for n in range(1000):
                        await copy.write_row((n,))
                await cur.execute("SELECT sum(id) FROM psycopg_copy")
                expect(await cur.fetchone(), (499500,))

    with check("asyncio: a timeout cancels the query and the connection lives on"):
        async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as conn:
            with raises(asyncio.TimeoutError):
                await asyncio.wait_for(conn.execute("SELECT pg_sleep(20)"), 0.3)
            cur = await conn.execute("SELECT 1")
            expect(await cur.fetchone(), (1,))

    with check(f"asyncio: a pool of {CONNECTIONS}, 400 tasks"):
        async with AsyncConnectionPool(URL, min_size=CONNECTIONS, max_size=CONNECTIONS, open=False) as pool:
            await pool.wait(60)

            async def task(n):
                async with pool.connection() as conn, conn.transaction():
                    cur = await conn.execute("SELECT %s::int", (n,))
                    return (await cur.fetchone())[0]

            expect(await asyncio.gather(*(task(n) for n in range(400))), list(range(400)))


asyncio.run(on_asyncio())
