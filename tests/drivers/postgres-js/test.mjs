// postgres (postgres.js): tagged templates, prepared and pipelined by default, transactions, savepoints, cursors, COPY streams, cancel.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { CONNECTIONS, LARGE, URL, check, expect, raises, range, settle } from "../lib/checks.mjs";

const notices = [];
const sql = postgres(URL, { max: 1, onnotice: (notice) => notices.push(notice.message) });
const plain = (rows) => rows.map((row) => ({ ...row }));

await check("the manual's first program", async () => {
  await sql`DROP TABLE IF EXISTS postgresjs_users, postgresjs_many`;
  await sql`CREATE TABLE postgresjs_users (user_id serial PRIMARY KEY, name text UNIQUE, age int, data jsonb)`;
  await sql`CREATE TABLE postgresjs_many (worker int, n int)`;
  const [user] = await sql`INSERT INTO postgresjs_users ${sql([{ name: "Murray", age: 68 }, { name: "Walter", age: 80 }], "name", "age")} RETURNING name, age`;
  expect({ ...user }, { name: "Murray", age: 68 });
  expect(plain(await sql`SELECT name FROM postgresjs_users WHERE name LIKE ${"Mur%"} AND age > ${60}`), [{ name: "Murray" }]);
  expect(plain(await sql`SELECT name FROM postgresjs_users WHERE age IN ${sql([68, 75])}`), [{ name: "Murray" }]);
  await sql`UPDATE postgresjs_users SET ${sql({ name: "Walter", age: 81 }, "name", "age")} WHERE user_id = 2`;
});

await settle();

await check("types: NULL, arrays, json, bytea, numeric, times, uuid; raw, values, forEach", async () => {
  const at = new Date("2024-02-29T12:30:00Z");
  const [row] = await sql`
    SELECT ${null}::int AS a, ${true}::bool AS b, ${"1099511627776"}::bigint AS c, ${1.5}::float8 AS d, ${"12345.678900"}::numeric AS e,
      ${"na\u00efve \u{1f418}"}::text AS f, ${Buffer.from([0, 255])}::bytea AS g, ${[1, 2]}::int[] AS h, ${["a", 'b"']}::text[] AS i,
      ${sql.json({ a: [1, null] })}::jsonb AS j, ${at}::timestamptz AS k, ${"00000000-0000-0000-0000-000000000007"}::uuid AS l`;
  expect({ ...row }, {
    a: null, b: true, c: "1099511627776", d: 1.5, e: "12345.678900", f: "na\u00efve \u{1f418}", g: Buffer.from([0, 255]), h: [1, 2],
    i: ["a", 'b"'], j: { a: [1, null] }, k: at, l: "00000000-0000-0000-0000-000000000007",
  });
  expect([...(await sql`SELECT 1, 2`.values())].map((values) => [...values]), [[1, 2]]);
  expect([...(await sql`SELECT 1`.raw())][0][0].toString(), "1");
  expect((await sql`SELECT ${1}::int AS x`.describe()).types, [23]);
  expect(plain((await sql`SELECT 1 AS a; SELECT 2 AS a`.simple()).flat()), [{ a: 1 }, { a: 2 }]);
});

await check("the same statements over 100 transactions on each of 12 clients", async () => {
  const clients = range(12).map(() => postgres(URL, { max: 1 }));
  for (const turn of range(100)) {
    await Promise.all(
      clients.map(async (mine, n) => {
        // Every client counts its statement names from one; the texts differ.
        const [row] = await mine.begin((tx) => tx`SELECT ${turn}::int * 100 + ${sql.unsafe(String(n))} AS v`);
        expect(row.v, turn * 100 + n);
      }),
    );
  }
  await Promise.all(clients.map((mine) => mine.end()));
});

await check("prepare: false", async () => {
  const unnamed = postgres(URL, { max: 2, prepare: false });
  expect((await Promise.all(range(100).map((n) => unnamed`SELECT ${n}::int AS n`))).map(([row]) => row.n), range(100));
  await unnamed.end();
});

await check("pipelined: 500 queries on one connection, one of them fails", async () => {
  const results = await Promise.allSettled(range(500).map((n) => sql`SELECT 100 / ${n - 250}::int AS v`));
  expect(results.filter((result) => result.status === "rejected").map((result) => result.reason.code), ["22012"]);
  expect(results[499].value[0].v, 0);
});

await check("begin: commit, rollback, savepoints, 25P02 and recovery", async () => {
  await sql.begin((tx) => tx`INSERT INTO postgresjs_users (name) VALUES ('lost')`.then(() => { throw new Error("no"); })).catch((error) => expect(error.message, "no"));
  await sql.begin(async (tx) => {
    await tx`INSERT INTO postgresjs_users (name) VALUES ('kept')`;
    await raises("23505", tx.savepoint((sp) => sp`INSERT INTO postgresjs_users (name) VALUES ('kept')`));
    expect((await tx`SELECT count(*)::int AS n FROM postgresjs_users WHERE name IN ('lost', 'kept')`)[0].n, 1);
  });
  await raises("42P01", sql.begin(async (tx) => {
    await tx`SELECT * FROM no_such_table`.catch(() => {});
    await raises("25P02", tx`SELECT 1`);
    return [tx`SELECT 1`];
  }));
  expect((await sql`SELECT count(*)::int AS n FROM postgresjs_users WHERE name IN ('lost', 'kept')`)[0].n, 1);
  const [, [second]] = await sql.begin((tx) => [tx`SELECT 1 AS n`, tx`SELECT 2 AS n`]);
  expect(second.n, 2);
});

await check("read-only transactions", async () => {
  const [row] = await sql.begin("isolation level repeatable read read only", (tx) => tx`SELECT count(*)::int AS n FROM postgresjs_users`);
  expect(row.n, 3);
  await raises("25006", sql.begin("read only", (tx) => tx`DELETE FROM postgresjs_users`));
});

await check("a read sees the write before it, 200 times in autocommit, pipelined", async () => {
  for (const n of range(200)) {
    const [, [row]] = await Promise.all([
      sql`UPDATE postgresjs_users SET age = ${n} WHERE name = 'Walter'`,
      sql`SELECT age FROM postgresjs_users WHERE name = 'Walter'`,
    ]);
    expect(row.age, n);
  }
});

await check("cursor: as a callback, as an iterator, ended early; forEach", async () => {
  const seen = [];
  await sql`SELECT generate_series(1, 20) AS x`.cursor(7, (rows) => { seen.push(rows.length); });
  expect(seen, [7, 7, 6]);
  let sum = 0;
  for await (const rows of sql`SELECT generate_series(1, 1000) AS x`.cursor(100)) for (const row of rows) sum += row.x;
  expect(sum, 500500);
  for await (const [row] of sql`SELECT generate_series(1, 1000) AS x`.cursor()) if (row.x === 5) break;
  await sql`SELECT generate_series(1, 1000) AS x`.cursor(10, () => sql.CLOSE);
  let count = 0;
  await sql`SELECT generate_series(1, 1000)`.forEach(() => { count += 1; });
  expect(count, 1000);
});

await check("COPY: a writable and a readable", async () => {
  // A connection of its own, because postgres.js may leave the socket paused when a readable ends, depending on where the
  // network cut the stream (github.com/porsager/postgres/issues/499): the next answer would never be read.
  const copier = postgres(URL, { max: 1 });
  await pipeline(Readable.from(range(10000).map((n) => `copy ${n}\t${n}\n`)), await copier`COPY postgresjs_users (name, age) FROM STDIN`.writable());
  const out = [];
  await pipeline(await copier`COPY (SELECT name FROM postgresjs_users WHERE name LIKE 'copy %' ORDER BY age) TO STDOUT`.readable(), async (source) => {
    for await (const chunk of source) out.push(chunk);
  });
  const lines = Buffer.concat(out).toString().trim().split("\n");
  expect([lines.length, lines[0], lines[9999]], [10000, "copy 0", "copy 9999"]);
  await copier.end({ timeout: 0 });
});

await check("5 MB there and back", async () => {
  const payload = Buffer.alloc(LARGE, "\x00\xfe", "latin1");
  const [row] = await sql`SELECT ${payload}::bytea AS v`;
  expect(payload.equals(row.v), true);
});

await check("cancel, statement_timeout in a transaction, notices", async () => {
  const running = sql`SELECT pg_sleep(20)`;
  setTimeout(() => running.cancel(), 300);
  await raises("57014", running);
  await raises("57014", sql.begin(async (tx) => {
    await tx`SET LOCAL statement_timeout = '100ms'`;
    await tx`SELECT pg_sleep(20)`;
  }));
  expect((await sql`SHOW statement_timeout`)[0].statement_timeout, "0");
  await sql`DO $$ BEGIN RAISE NOTICE 'hello'; END $$`;
  expect(notices.at(-1), "hello");
});

await check("startup parameters stay each client's own", async () => {
  const clients = range(12).map((n) => postgres(URL, { max: 1, connection: { application_name: `a${n}`, search_path: `s${n}`, statement_timeout: 5001 + n } }));
  for (let turn = 0; turn < 10; turn++) {
    await Promise.all(
      clients.map(async (mine, n) => {
        const [row] = await mine`SELECT current_setting('application_name') AS a, current_setting('search_path') AS s, current_setting('statement_timeout') AS t`;
        expect({ ...row }, { a: `a${n}`, s: `s${n}`, t: `${5001 + n}ms` });
      }),
    );
  }
  await Promise.all(clients.map((mine) => mine.end()));
});

await settle();

await check(`${CONNECTIONS} connections, 800 transactions, reserve`, async () => {
  const many = postgres(URL, { max: CONNECTIONS });
  await Promise.all(
    range(800).map((n) =>
      many.begin(async (tx) => {
        await tx`INSERT INTO postgresjs_many VALUES (${n % CONNECTIONS}, ${n})`;
        expect((await tx`SELECT n FROM postgresjs_many WHERE n = ${n}`)[0].n, n);
      }),
    ),
  );
  const reserved = await many.reserve();
  await reserved`INSERT INTO postgresjs_many VALUES (-1, -1)`;
  expect((await reserved`SELECT count(*)::int AS n FROM postgresjs_many`)[0].n, 801);
  reserved.release();
  await many.end();
});

await sql.end();
