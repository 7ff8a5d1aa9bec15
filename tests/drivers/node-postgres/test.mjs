// node-postgres (pg): clients, the pool, named prepared statements, pg-cursor, pg-query-stream, pg-copy-streams, timeouts.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import copy from "pg-copy-streams";
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import { CONNECTIONS, LARGE, URL, check, expect, raises, range, settle } from "../lib/checks.mjs";

const connect = async (more = {}) => {
  const client = new pg.Client({ connectionString: URL, ...more });
  await client.connect();
  return client;
};
const one = async (client, text, values) => Object.values((await client.query(text, values)).rows[0])[0];

let client;

await check("the manual's first program", async () => {
  client = await connect();
  expect(await one(client, "SELECT $1::text AS message", ["Hello world!"]), "Hello world!");
  await client.query("DROP TABLE IF EXISTS nodepg_users, nodepg_copy, nodepg_many");
  await client.query("CREATE TABLE nodepg_users (id serial PRIMARY KEY, name text UNIQUE, data jsonb)");
  await client.query("CREATE TABLE nodepg_copy (id int, name text); CREATE TABLE nodepg_many (worker int, n int)");
  const inserted = await client.query("INSERT INTO nodepg_users(name, data) VALUES($1, $2) RETURNING *", ["brianc", { a: [1, null] }]);
  expect({ ...inserted.rows[0] }, { id: 1, name: "brianc", data: { a: [1, null] } });
  expect([inserted.command, inserted.rowCount], ["INSERT", 1]);
});

await settle();

await check("types: NULL, arrays, json, bytea, numeric, times, uuid; rows as arrays", async () => {
  for (const [type, value] of [
    ["int", null], ["bool", true], ["int", 42], ["bigint", "1099511627776"], ["float8", 1.5], ["numeric", "12345.678900"],
    ["text", "na\u00efve \u{1f418}"], ["bytea", Buffer.from([0, 255])], ["int[]", [1, null, 3]], ["text[]", [["a", 'b"'], ["c", "d,"]]],
    ["jsonb", { a: [1, null] }], ["uuid", "00000000-0000-0000-0000-000000000007"], ["timestamptz", new Date("2024-02-29T12:30:00Z")],
  ])
    expect(await one(client, `SELECT $1::${type}`, [value]), value);
  expect((await client.query({ text: "SELECT 1, 2", rowMode: "array" })).rows, [[1, 2]]);
  expect((await client.query("SELECT 1 AS a; SELECT 2 AS a")).map((result) => result.rows[0].a), [1, 2]);
});

await check("named statements over 100 transactions on each of 12 clients, the same name for other texts", async () => {
  const clients = await Promise.all(range(12).map(() => connect()));
  for (const turn of range(100)) {
    await Promise.all(
      clients.map(async (mine, n) => {
        await mine.query("BEGIN");
        const result = await mine.query({ name: "fetch", text: `SELECT $1::int * 100 + ${n} AS v`, values: [turn] });
        await mine.query("COMMIT");
        expect(result.rows[0].v, turn * 100 + n);
      }),
    );
  }
  await Promise.all(clients.map((mine) => mine.end()));
});

await check("a named statement that fails to parse, then to run, then works", async () => {
  await raises("42P01", client.query({ name: "bad", text: "SELECT * FROM no_such_table WHERE id = $1", values: [1] }));
  await raises("22012", client.query({ name: "divide", text: "SELECT 1 / $1::int AS v", values: [0] }));
  for (const n of range(5, 1)) expect((await client.query({ name: "divide", text: "SELECT 1 / $1::int AS v", values: [n] })).rows[0].v, n === 1 ? 1 : 0);
});

await check("commit, rollback, savepoints, 25P02 and recovery", async () => {
  await client.query("BEGIN");
  await client.query("INSERT INTO nodepg_users(name) VALUES($1)", ["lost"]);
  await client.query("ROLLBACK");
  await client.query("BEGIN");
  await client.query("INSERT INTO nodepg_users(name) VALUES($1)", ["kept"]);
  await client.query("SAVEPOINT before");
  await raises("23505", client.query("INSERT INTO nodepg_users(name) VALUES($1)", ["kept"]));
  await raises("25P02", client.query("SELECT 1"));
  await client.query("ROLLBACK TO SAVEPOINT before");
  await client.query("COMMIT");
  expect(await one(client, "SELECT array_agg(name ORDER BY name) FROM nodepg_users"), ["brianc", "kept"]);
});

await check("read-only transactions", async () => {
  await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  expect(await one(client, "SELECT count(*)::int FROM nodepg_users"), 2);
  await raises("25006", client.query("DELETE FROM nodepg_users"));
  await client.query("ROLLBACK");
});

await check("a read sees the write before it, 200 times in autocommit; queries are queued without waiting", async () => {
  for (const n of range(200)) {
    const [, read] = await Promise.all([
      client.query("UPDATE nodepg_users SET data = $1 WHERE name = 'brianc'", [n]),
      client.query("SELECT data FROM nodepg_users WHERE name = 'brianc'"),
    ]);
    expect(read.rows[0].data, n);
  }
});

await check("pg-cursor: read in portions, close early; pg-query-stream", async () => {
  for (const close of [true, false]) {
    const cursor = client.query(new Cursor("SELECT generate_series(1, $1::int) AS n", [1000]));
    expect((await cursor.read(10)).map((row) => row.n), range(10, 1));
    expect((await cursor.read(300)).length, 300);
    if (!close) expect((await cursor.read(2000)).length, 690);
    await cursor.close();
    expect(await one(client, "SELECT 1 AS n"), 1);
  }
  let sum = 0;
  for await (const row of client.query(new QueryStream("SELECT generate_series(1, $1::int) AS n", [5000], { batchSize: 100 }))) sum += row.n;
  expect(sum, 12502500);
});

await check("pg-copy-streams: in and out, and one that fails", async () => {
  const rows = Readable.from(range(10000).map((n) => `${n}\t${n % 7 ? `name ${n}` : "\\N"}\n`));
  const into = client.query(copy.from("COPY nodepg_copy FROM STDIN"));
  await pipeline(rows, into);
  expect(into.rowCount, 10000);
  const out = [];
  await pipeline(client.query(copy.to("COPY (SELECT * FROM nodepg_copy ORDER BY id) TO STDOUT")), async (source) => {
    for await (const chunk of source) out.push(chunk);
  });
  expect(Buffer.concat(out).toString().split("\n").slice(0, 2), ["0\t\\N", "1\tname 1"]);
  await raises("22P02", pipeline(Readable.from(["not a number\tx\n"]), client.query(copy.from("COPY nodepg_copy FROM STDIN"))));
  expect(await one(client, "SELECT count(*)::int FROM nodepg_copy"), 10000);
});

await check("5 MB there and back", async () => {
  const payload = Buffer.alloc(LARGE, "\x00\xfe", "latin1");
  expect(payload.equals(await one(client, "SELECT $1::bytea", [payload])), true);
  expect((await one(client, "SELECT repeat('x', $1)", [LARGE])).length, LARGE);
});

await check("statement_timeout in the startup packet and in a transaction; a cancelled query", async () => {
  const limited = await connect({ statement_timeout: 200, lock_timeout: 100, application_name: "limited" });
  await raises("57014", limited.query("SELECT pg_sleep(20)"));
  expect(await one(limited, "SHOW application_name"), "limited");
  await limited.end();
  await client.query("BEGIN");
  await client.query("SET LOCAL statement_timeout = '100ms'");
  await raises("57014", client.query("SELECT pg_sleep(20)"));
  await client.query("ROLLBACK");
  expect(await one(client, "SHOW statement_timeout"), "0");
  const running = client.query("SELECT pg_sleep(20)").catch((error) => error.code);
  setTimeout(() => {
    const canceller = new pg.Connection();
    canceller.on("connect", () => canceller.cancel(client.processID, client.secretKey));
    canceller.connect(client.port, client.host);
  }, 200);
  expect(await running, "57014");
  expect(await one(client, "SELECT 1"), 1);
});

await check("notices, and startup options of each client's own", async () => {
  const notices = [];
  client.on("notice", (notice) => notices.push(notice.message));
  await client.query("DO $$ BEGIN RAISE NOTICE 'hello'; END $$");
  expect(notices, ["hello"]);
  const clients = await Promise.all(range(12).map((n) => connect({ options: `-c search_path=s${n}` })));
  for (let turn = 0; turn < 10; turn++) expect(await Promise.all(clients.map((mine) => one(mine, "SHOW search_path"))), range(12).map((n) => `s${n}`));
  await Promise.all(clients.map((mine) => mine.end()));
});

await check(`Pool of ${CONNECTIONS}: each client with its own transactions`, async () => {
  const pool = new pg.Pool({ connectionString: URL, max: CONNECTIONS });
  const clients = await Promise.all(range(CONNECTIONS).map(() => pool.connect()));
  await Promise.all(
    clients.map(async (mine, worker) => {
      for (const n of range(25)) {
        await mine.query("BEGIN");
        await mine.query("INSERT INTO nodepg_many VALUES ($1, $2)", [worker, n]);
        await mine.query("COMMIT");
        expect(await one(mine, "SELECT count(*)::int FROM nodepg_many WHERE worker = $1", [worker]), n + 1);
      }
      mine.release();
    }),
  );
  expect(await Promise.all(range(400).map((n) => one(pool, "SELECT $1::int", [n]))), range(400));
  await settle();
  expect(await one(pool, "SELECT count(*)::int FROM nodepg_many"), CONNECTIONS * 25);
  await pool.end();
});

await client.end();
