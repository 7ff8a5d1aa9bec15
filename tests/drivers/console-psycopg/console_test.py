"""psycopg 3 on pgweir's console: server-side binding in text and binary, prepared statements, pipelines, nested transactions."""

import os
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import psycopg
from psycopg.pq import TransactionStatus
from checks import check, expect, raises

CONSOLE = os.environ["CONSOLE_URL"]
WATCHER = os.environ["WATCHER_URL"]


def connect(url=CONSOLE, **more):
    return psycopg.connect(url, autocommit=True, **more)


def rows(conn, sql, parameters=None, *, binary=False, prepare=None):
    return conn.execute(sql, parameters, binary=binary, prepare=prepare).fetchall()


def value(conn, sql, parameters=None, **how):
    return rows(conn, sql, parameters, **how)[0][0]


with check("both names of the console, and what it says of itself"):
    for name in ("pgweir", "pgbouncer"):
        with connect(CONSOLE.replace("/pgweir", "/" + name)) as conn:
            expect(conn.info.server_version // 10000, 16)
            expect(value(conn, "SHOW VERSION").split()[0], "pgweir")
            expect(value(conn, "SELECT current_user"), "admin")

with check("every SHOW, prepared and not, in text and binary"), connect() as conn:
    tables = [row[0] for row in rows(conn, "SELECT command FROM help WHERE command LIKE 'SHOW %'")]
    expect(len(tables) > 20, True)
    for table in tables:
        if table == "SHOW HELP":
            continue  # a notice, as with PgBouncer
        for binary in (False, True):
            for prepare in (False, True):
                conn.execute(table, binary=binary, prepare=prepare).fetchall()

with check("parameters of every type, and what comes back"), connect() as conn:
    for binary in (False, True):
        for prepare in (False, True):
            how = {"binary": binary, "prepare": prepare}
            row = rows(conn, "SELECT %s::int4, %s::text, %s::int8, %s::float8, %s::bool", (1, "it's", 1 << 40, 1.5, True), **how)[0]
            expect(row, (1, "it's", 1 << 40, 1.5, True))
            aggregates = "SELECT max(pool_size), count(*), sum(pool_size), avg(pool_size) FROM databases WHERE name = %s"
            expect(rows(conn, aggregates, ("app",), **how)[0], (5, 1, 5, 5.0))
            expect(value(conn, "SELECT name FROM databases WHERE pool_size > %s AND name <> %s LIMIT %s", (2, "pgweir", 1), **how), "app")
            expect(value(conn, "SELECT count(*) FROM stats WHERE total_query_count >= %s", (Decimal(0),), **how) >= 2, True)
            expect(value(conn, "SELECT name FROM databases WHERE name = ANY(%s)", (["app", "nowhere"],), **how), "app")
            expect(value(conn, "SELECT count(*) FROM databases WHERE pool_size = ANY(%s)", ([5, 7],), **how), 1)

with check("times are times"), connect() as conn:
    now = value(conn, "SELECT now()")
    expect(abs(datetime.now(timezone.utc) - now) < timedelta(seconds=10), True)
    expect(value(conn, "SELECT now()", binary=True).tzinfo is not None, True)
    hour = timedelta(hours=1)
    expect(value(conn, "SELECT count(*) FROM clients WHERE connect_time::timestamptz BETWEEN %s AND %s", (now - hour, now + hour)) >= 1, True)

with check("nested transactions, an error inside, and going on"), connect() as conn:
    with conn.transaction():
        with raises(psycopg.Error, "42703"), conn.transaction():
            conn.execute("SELECT nowhere FROM pools")
        expect(conn.info.transaction_status, TransactionStatus.INTRANS)
        expect(value(conn, "SELECT 1"), 1)
    expect(conn.info.transaction_status, TransactionStatus.IDLE)

with check("a pipeline, with an error in the middle"), connect() as conn:
    with raises(psycopg.Error, "42P01"), conn.pipeline():
        conn.execute("SELECT 1")
        conn.execute("SELECT * FROM nowhere")
        conn.execute("SELECT 2")
    expect(value(conn, "SELECT 3"), 3)

with check("commands, their tags and notices"), connect() as conn:
    notices = []
    conn.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    expect(conn.execute("SET default_pool_size = 21").statusmessage, "SET default_pool_size=21")
    expect("was 20" in notices[-1], True)
    for command in ("PAUSE app", "RESUME app", "DISABLE app", "ENABLE app", "RECONNECT app", "WAIT_CLOSE app", "RELOAD"):
        expect(conn.execute(command).statusmessage, command.split()[0])
    expect("default_pool_size" in notices[-1], True)

with check("mistakes have their codes, and the session lives on"), connect() as conn:
    for sql, code in [
        ("SHOW NOTHING", "42601"),
        ("DROP TABLE pools", "42601"),
        ("SELECT * FROM nowhere", "42P01"),
        ("SELECT nowhere()", "42883"),
        ("SELECT 'x'::int4", "22P02"),
        ("PAUSE nowhere", "3D000"),
        ("KILL_CLIENT 2147483647", "42704"),
        ("SET default_pool_size = 'many'", "22023"),
        ("SET listen_port = 1", "55P02"),
        ("WITH x AS (SELECT 1) DELETE FROM pools", "25006"),
    ]:
        with raises(psycopg.Error, code):
            conn.execute(sql)
        expect(value(conn, "SELECT 1"), 1)

with check("who may look may not steer"), connect(WATCHER) as conn:
    expect(len(rows(conn, "SHOW DATABASES")) >= 2, True)
    for command in ("PAUSE", "RELOAD", "SET default_pool_size = 1", "SHUTDOWN"):
        with raises(psycopg.Error, "42501"):
            conn.execute(command)

with check("what an application is called is seen"), connect(application_name="first") as conn:
    name = "SELECT application_name FROM clients WHERE database = 'pgweir' AND application_name <> ''"
    expect(value(conn, name), "first")
    conn.execute("SET application_name = 'second'")
    expect(value(conn, name), "second")
    expect(value(conn, "SHOW application_name"), "second")
