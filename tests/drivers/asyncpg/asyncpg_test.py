"""asyncpg: prepared statements behind everything, a pool and its reset, cursors, COPY of records, custom types, timeouts."""

import asyncio
import datetime
import decimal
import io
import json
import uuid

import asyncpg

from checks import CONNECTIONS, LARGE, SETTLE_S, URL, check, expect, raises, with_option


async def main():
    with check("the manual's first program"):
        conn = await asyncpg.connect(URL)
        await conn.execute("DROP TABLE IF EXISTS asyncpg_users, asyncpg_copy, asyncpg_many; DROP TYPE IF EXISTS asyncpg_mood, asyncpg_pair")
        await conn.execute("CREATE TABLE asyncpg_users (id serial PRIMARY KEY, name text UNIQUE, dob date)")
        await conn.execute("INSERT INTO asyncpg_users(name, dob) VALUES($1, $2)", "Bob", datetime.date(1984, 3, 1))
        row = await conn.fetchrow("SELECT * FROM asyncpg_users WHERE name = $1", "Bob")
        expect(dict(row), {"id": 1, "name": "Bob", "dob": datetime.date(1984, 3, 1)})
        await conn.execute("CREATE TABLE asyncpg_copy (id int, name text, at timestamptz); CREATE TABLE asyncpg_many (worker int, n int)")
        await conn.execute("CREATE TYPE asyncpg_mood AS ENUM ('sad', 'ok'); CREATE TYPE asyncpg_pair AS (x int, y text)")
        expect(conn.get_settings().client_encoding, "UTF8")
    await asyncio.sleep(SETTLE_S)

    with check("types in binary: NULL, arrays, json, bytea, numeric, times, uuid, enum, composite, range"):
        for type_name, value in [
            ("int4", None), ("bool", True), ("int8", 2**40), ("float8", 1.5), ("numeric", decimal.Decimal("12345.678900")),
            ("text", "na\u00efve \U0001f418"), ("bytea", b"\x00\xff"), ("int4[]", [1, None, 3]), ("text[]", [["a", "b"], ["c", "d"]]),
            ("uuid", uuid.UUID(int=7)), ("date", datetime.date(2024, 2, 29)), ("interval", datetime.timedelta(days=3)),
            ("timestamptz", datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc)), ("asyncpg_mood", "ok"),
            ("asyncpg_mood[]", ["ok", "sad"]), ("asyncpg_pair", (1, "one")), ("int4range", asyncpg.Range(1, 5)), ("jsonb", '{"a": [1]}'),
        ]:  # fmt: skip
            expect(await conn.fetchval(f"SELECT $1::{type_name}", value), value)
        await conn.set_type_codec("json", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        expect(await conn.fetchval("SELECT $1::json", {"a": [1, None]}), {"a": [1, None]})

    with check("prepare(), used over 200 transactions on each of 12 connections that take turns"):
        conns = [await asyncpg.connect(URL) for _ in range(12)]
        statements = []
        for n, one in enumerate(conns):
            # Every connection numbers its statements from one; the texts differ.
            statements.append(await one.prepare(f"SELECT $1::int * 100 + {n} AS v"))
            expect([a.name for a in statements[n].get_attributes()], ["v"])
            expect(await statements[n].fetchval(1), 100 + n)
        for turn in range(200):
            for n, (one, statement) in enumerate(zip(conns, statements)):
                async with one.transaction():
                    expect(await statement.fetchval(turn), turn * 100 + n)
        await asyncio.gather(*(one.close() for one in conns))

    with check("statement cache: more texts than it holds, and none at all"):
        small = await asyncpg.connect(URL, statement_cache_size=5)
        none = await asyncpg.connect(URL, statement_cache_size=0)
        for turn in range(4):
            for n in range(20):
                for one in (small, none):
                    expect(await one.fetchval(f"SELECT $1::text || '-{n}'", str(turn)), f"{turn}-{n}")
        await small.close()
        await none.close()

    with check("commit, rollback, nested transactions, 25P02 and recovery"):
        with raises(ZeroDivisionError):
            async with conn.transaction():
                await conn.execute("INSERT INTO asyncpg_users(name) VALUES('lost')")
                raise ZeroDivisionError
        async with conn.transaction():
            await conn.execute("INSERT INTO asyncpg_users(name) VALUES('kept')")
            with raises(asyncpg.UniqueViolationError, "23505"):
                async with conn.transaction():
                    await conn.execute("INSERT INTO asyncpg_users(name) VALUES('kept')")
        expect(await conn.fetchval("SELECT array_agg(name ORDER BY name) FROM asyncpg_users"), ["Bob", "kept"])
        transaction = conn.transaction()
        await transaction.start()
        with raises(asyncpg.UndefinedTableError, "42P01"):
            await conn.fetch("SELECT * FROM no_such_table")
        with raises(asyncpg.InFailedSQLTransactionError, "25P02"):
            await conn.fetch("SELECT 1")
        await transaction.rollback()
        expect(await conn.fetchval("SELECT 1"), 1)

    with check("read-only, deferrable, serializable transactions"):
        async with conn.transaction(readonly=True):
            expect(await conn.fetchval("SHOW transaction_read_only"), "on")
            expect(await conn.fetchval("SELECT count(*) FROM asyncpg_users"), 2)
        with raises(asyncpg.ReadOnlySQLTransactionError, "25006"):
            async with conn.transaction(readonly=True):
                await conn.execute("DELETE FROM asyncpg_users")
        async with conn.transaction(isolation="serializable"):
            expect(await conn.fetchval("SHOW transaction_isolation"), "serializable")
            await conn.execute("UPDATE asyncpg_users SET dob = now() WHERE name = 'kept'")

    with check("a read sees the write before it, 200 times in autocommit"):
        for n in range(200):
            await conn.execute("UPDATE asyncpg_users SET dob = date '2000-01-01' + $1::int WHERE name = 'Bob'", n)
            expect(await conn.fetchval("SELECT dob - date '2000-01-01' FROM asyncpg_users WHERE name = 'Bob'"), n)

    with check("cursors in a transaction: iterated, and forward by hand"):
        async with conn.transaction():
            expect([r[0] async for r in conn.cursor("SELECT generate_series(1, $1::int)", 500, prefetch=7)], list(range(1, 501)))
            cursor = await conn.cursor("SELECT generate_series(0, 1000)")
            expect(len(await cursor.fetch(10)), 10)
            expect(await cursor.forward(10), 10)
            expect((await cursor.fetchrow())[0], 20)

    with check("executemany: all of it, or none of it"):
        await conn.executemany("INSERT INTO asyncpg_users(name) VALUES($1)", [(f"user {n}",) for n in range(1000)])
        with raises(asyncpg.UniqueViolationError, "23505"):
            await conn.executemany("INSERT INTO asyncpg_users(name) VALUES($1)", [("new",), ("user 5",), ("newer",)])
        expect(await conn.fetchval("SELECT count(*) FROM asyncpg_users WHERE name LIKE 'user %' OR name LIKE 'new%'"), 1000)

    with check("COPY: records in, CSV in, table and query out, and one that fails"):
        at = datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)
        records = [(n, f"name {n}" if n % 7 else None, at) for n in range(10000)]
        expect(await conn.copy_records_to_table("asyncpg_copy", records=records), "COPY 10000")
        source = io.BytesIO(b"10000,csv,2024-01-01\n10001,csv,2024-01-01\n")
        expect(await conn.copy_to_table("asyncpg_copy", source=source, format="csv"), "COPY 2")
        sink = io.BytesIO()
        expect(await conn.copy_from_table("asyncpg_copy", output=sink, columns=["id", "name"], format="csv"), "COPY 10002")
        expect(sink.getvalue().count(b"\n"), 10002)
        sink = io.BytesIO()
        await conn.copy_from_query("SELECT id, name FROM asyncpg_copy WHERE id < $1 ORDER BY id", 2, output=sink)
        expect(sink.getvalue(), b"0\t\\N\n1\tname 1\n")
        with raises(asyncpg.InvalidTextRepresentationError, "22P02"):
            await conn.copy_to_table("asyncpg_copy", source=io.BytesIO(b"not a number,x,2024-01-01\n"), format="csv")
        expect(await conn.fetchval("SELECT count(*) FROM asyncpg_copy"), 10002)

    with check("5 MB there and back"):
        payload = b"\x00\xfe" * (LARGE // 2)
        expect(await conn.fetchval("SELECT $1::bytea", payload), payload)
        expect(await conn.fetchval("SELECT repeat('x', $1)", LARGE), "x" * LARGE)

    with check("a timeout cancels the query and the connection lives on"):
        for _ in range(3):
            with raises(asyncio.TimeoutError):
                await conn.fetch("SELECT pg_sleep(20)", timeout=0.2)
            expect(await conn.fetchval("SELECT 1"), 1)
        with raises(asyncpg.QueryCanceledError, "57014"):
            async with conn.transaction():
                await conn.execute("SET LOCAL statement_timeout = '100ms'")
                await conn.execute("SELECT pg_sleep(20)")

    with check("notices, and a changed reported parameter"):
        notices = []
        conn.add_log_listener(lambda _, message: notices.append(message.message))
        await conn.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
        await asyncio.sleep(0)
        expect(notices, ["hello"])
        await conn.execute("SET TIME ZONE 'Asia/Tokyo'")
        expect(await conn.fetchval("SHOW TimeZone"), "Asia/Tokyo")
        expect(conn.get_settings().TimeZone, "Asia/Tokyo")
        await conn.execute("RESET ALL")

    with check("a column added after a statement was prepared"):
        for n in range(3):
            expect(len(await conn.fetchrow("SELECT * FROM asyncpg_users LIMIT 1")), 3 + n)
            await conn.execute(f"ALTER TABLE asyncpg_users ADD COLUMN extra_{n} int")
    await conn.close()

    with check("server_settings and options in the startup packet"):
        conns = [
            (await asyncpg.connect(with_option(f"-c work_mem={n + 1}MB"), server_settings={"search_path": f"s{n}", "application_name": f"a{n}"}), n)
            for n in range(12)
        ]
        for _ in range(10):
            for one, n in conns:
                row = await one.fetchrow("SELECT current_setting('search_path'), current_setting('work_mem'), current_setting('application_name')")
                expect(tuple(row), (f"s{n}", f"{n + 1}MB", f"a{n}"))
        await asyncio.gather(*(one.close() for one, _ in conns))

    await asyncio.sleep(SETTLE_S)
    with check(f"a pool of {CONNECTIONS}, 400 tasks, its reset after each"):
        async with asyncpg.create_pool(URL, min_size=CONNECTIONS, max_size=CONNECTIONS, command_timeout=60) as pool:

            async def task(n):
                async with pool.acquire() as one:
                    async with one.transaction():
                        await one.execute("INSERT INTO asyncpg_many VALUES ($1, $2)", n % 10, n)
                        expect(await one.fetchval("SELECT n FROM asyncpg_many WHERE n = $1", n), n)
                    return await one.fetchval("SELECT $1::int FROM pg_sleep(0.005)", n)

            expect(await asyncio.gather(*(task(n) for n in range(400))), list(range(400)))
            async with pool.acquire() as one, one.transaction():
                expect(await one.fetchval("SELECT count(*) FROM asyncpg_many"), 400)
            expect(await pool.fetchval("SELECT 1"), 1)

    # asyncpg ends prepare() with Flush, not with Sync: whoever waits for a Sync keeps a server for each of them.
    with check(f"{CONNECTIONS} connections prepare before any of them executes"):
        conns = [await asyncpg.connect(URL, command_timeout=30) for _ in range(CONNECTIONS)]
        statements = [await one.prepare(f"SELECT $1::int + {n}") for n, one in enumerate(conns)]
        expect([await statement.fetchval(1) for statement in statements], [n + 1 for n in range(CONNECTIONS)])
        await asyncio.gather(*(one.close() for one in conns))


asyncio.run(main())
