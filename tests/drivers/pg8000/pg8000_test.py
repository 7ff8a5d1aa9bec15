"""pg8000: its native and its DB-API interface, prepared statements, COPY, types; pure Python, so every byte is its own."""

import datetime
import decimal
import io
import threading
import uuid
from urllib.parse import unquote

import pg8000.dbapi
import pg8000.native

from checks import CONNECTIONS, DATABASE, LARGE, PARTS, check, expect, in_threads, raises, settle

WHERE = dict(user=PARTS.username, password=unquote(PARTS.password), host=PARTS.hostname, port=PARTS.port, database=DATABASE)
Error = pg8000.native.DatabaseError


def native(**more):
    return pg8000.native.Connection(**WHERE, **more)


with check("native: the manual's first program"):
    con = native()
    con.run("DROP TABLE IF EXISTS pg8000_book, pg8000_many")
    con.run("CREATE TABLE pg8000_book (id SERIAL PRIMARY KEY, title TEXT UNIQUE)")
    for title in ("Ender's Game", "The Magus"):
        con.run("INSERT INTO pg8000_book (title) VALUES (:title)", title=title)
    expect(con.run("SELECT * FROM pg8000_book ORDER BY id"), [[1, "Ender's Game"], [2, "The Magus"]])
    expect([column["name"] for column in con.columns], ["id", "title"])
    con.run("CREATE TABLE pg8000_many (worker int, n int)")
    expect(con.parameter_statuses["client_encoding"].upper(), "UTF8")

settle()

with check("native: types: NULL, arrays, json, bytea, numeric, times, uuid, range"):
    for type_name, value in [
        ("int", None), ("bool", True), ("bigint", 2**40), ("float8", 1.5), ("numeric", decimal.Decimal("12345.678900")),
        ("text", "na\u00efve \U0001f418"), ("bytea", b"\x00\xff"), ("int[]", [1, None, 3]), ("text[]", ["a", "b,c", '"']),
        ("uuid", uuid.UUID(int=7)), ("date", datetime.date(2024, 2, 29)), ("interval", datetime.timedelta(days=3)),
        ("jsonb", {"a": [1, None]}), ("int4range", pg8000.Range(1, 5)),
        ("timestamptz", datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc)),
    ]:  # fmt: skip
        expect(con.run(f"SELECT CAST(:v AS {type_name})", v=value), [[value]])

with check("native: prepare(), used over 100 transactions on each of 12 connections that take turns"):
    cons = [native() for _ in range(12)]
    statements = [one.prepare(f"SELECT CAST(:v AS int) * 100 + {n}") for n, one in enumerate(cons)]
    for turn in range(100):
        for n, (one, statement) in enumerate(zip(cons, statements)):
            one.run("START TRANSACTION")
            expect(statement.run(v=turn), [[turn * 100 + n]])
            one.run("COMMIT")
    for one, statement in zip(cons, statements):
        statement.close()
        expect(one.run("SELECT 1"), [[1]])
        one.close()

with check("native: commit, rollback, errors and recovery"):
    con.run("START TRANSACTION")
    con.run("INSERT INTO pg8000_book (title) VALUES ('lost')")
    con.run("ROLLBACK")
    con.run("START TRANSACTION")
    con.run("INSERT INTO pg8000_book (title) VALUES ('kept')")
    con.run("SAVEPOINT before")
    with raises(Error, "23505"):
        con.run("INSERT INTO pg8000_book (title) VALUES ('kept')")
    with raises(Error, "25P02"):
        con.run("SELECT 1")
    con.run("ROLLBACK TO SAVEPOINT before")
    con.run("COMMIT")
    with raises(Error, "42P01"):
        con.run("SELECT * FROM no_such_table")
    expect(con.run("SELECT title FROM pg8000_book WHERE title IN ('lost', 'kept')"), [["kept"]])

with check("native: read-only transaction, several statements in one message, notices"):
    con.run("START TRANSACTION READ ONLY")
    with raises(Error, "25006"):
        con.run("DELETE FROM pg8000_book")
    con.run("ROLLBACK")
    con.run("UPDATE pg8000_book SET title = 'first' WHERE id = 1; UPDATE pg8000_book SET title = 'second' WHERE id = 2")
    expect(con.run("SELECT title FROM pg8000_book WHERE id < 3 ORDER BY id"), [["first"], ["second"]])
    con.run("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
    expect(con.notices[-1][b"M"], b"hello")

with check("native: a read sees the write before it, 200 times in autocommit"):
    for n in range(200):
        con.run("UPDATE pg8000_book SET title = :t WHERE id = 1", t=str(n))
        expect(con.run("SELECT title FROM pg8000_book WHERE id = 1"), [[str(n)]])

with check("native: COPY in and out, and one that fails"):
    con.run("COPY pg8000_book (title) FROM STDIN WITH (FORMAT CSV)", stream=io.StringIO("".join(f"copy {n}\n" for n in range(10000))))
    con.run("COPY pg8000_book (title) FROM STDIN", stream=iter(["from an iterator\n"]))
    out = io.StringIO()
    con.run("COPY (SELECT title FROM pg8000_book WHERE title LIKE 'copy %' ORDER BY id) TO STDOUT", stream=out)
    expect((out.getvalue().count("\n"), out.getvalue()[:7]), (10000, "copy 0\n"))
    with raises(Error, "22P02"):
        con.run("COPY pg8000_many FROM STDIN", stream=io.StringIO("not a number\t1\n"))
    expect(con.run("SELECT 1"), [[1]])

with check("native: 5 MB there and back"):
    payload = b"\x00\xfe" * (LARGE // 2)
    expect(con.run("SELECT CAST(:v AS bytea)", v=payload)[0][0] == payload, True)

with check("native: statement_timeout in a transaction"):
    con.run("START TRANSACTION")
    con.run("SET LOCAL statement_timeout = '100ms'")
    with raises(Error, "57014"):
        con.run("SELECT CAST(pg_sleep(20) AS text)")
    con.run("ROLLBACK")
    expect(con.run("SHOW statement_timeout"), [["0"]])
con.close()

with check("native: startup parameters stay each connection's own"):
    cons = [(native(application_name=f"a{n}", startup_params={"search_path": f"s{n}"}), n) for n in range(12)]
    for _ in range(10):
        for one, n in cons:
            expect(one.run("SELECT current_setting('application_name'), current_setting('search_path')"), [[f"a{n}", f"s{n}"]])
    for one, _ in cons:
        one.close()

with check("dbapi: cursor, commit, rollback, autocommit, executemany"):
    with pg8000.dbapi.connect(**WHERE) as conn:
        cur = conn.cursor()
        cur.executemany("INSERT INTO pg8000_many VALUES (%s, %s)", [(n, -1) for n in range(200)])
        conn.rollback()
        cur.execute("SELECT count(*) FROM pg8000_many")
        expect(cur.fetchone(), [0])
        cur.execute("INSERT INTO pg8000_many VALUES (%s, %s) RETURNING worker", (7, None))
        expect(cur.fetchall(), ([7],))
        conn.commit()
        with raises(pg8000.dbapi.DatabaseError, "42703"):
            cur.execute("SELECT no_such_column FROM pg8000_many")
        conn.rollback()
        conn.autocommit = True
        cur.execute("DELETE FROM pg8000_many")
        expect(cur.rowcount, 1)

with check(f"dbapi: {CONNECTIONS} connections at once, each with its own transactions"):
    everyone_is_in = threading.Barrier(CONNECTIONS)

    def work(worker):
        with pg8000.dbapi.connect(**WHERE) as conn:
            everyone_is_in.wait(60)
            cur = conn.cursor()
            for n in range(10):
                cur.execute("INSERT INTO pg8000_many VALUES (%s, %s)", (worker, n))
                conn.commit()
                cur.execute("SELECT count(*) FROM pg8000_many WHERE worker = %s", (worker,))
                expect(cur.fetchone(), [n + 1])
                conn.commit()

    in_threads(CONNECTIONS, work)
