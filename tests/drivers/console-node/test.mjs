// node-postgres on pgweir's console: simple queries, parameters, named statements, a pool, notices and errors.
import { createRequire } from "node:module";
import { check, expect, raises } from "../lib/checks.mjs";

// The package of the driver's other program serves this one too.
const pg = createRequire(new URL("../node-postgres/test.mjs", import.meta.url))("pg");

const { CONSOLE_URL, WATCHER_URL } = process.env;

async function connect(connectionString = CONSOLE_URL, more = {}) {
  const client = new pg.Client({ connectionString, ...more });
  await client.connect();
  return client;
}

const client = await connect();
const column = async (text, values) => (await client.query({ text, values, rowMode: "array" })).rows.map((row) => row[0]);

await check("every SHOW, by both protocols", async () => {
  const tables = await column("SELECT command FROM help WHERE command LIKE 'SHOW %' AND command <> 'SHOW HELP'");
  expect(tables.length > 20, true);
  for (const table of tables) {
    await client.query(table);
    await client.query({ text: table, name: table });
  }
});

await check("parameters, named statements, types", async () => {
  const select = "SELECT name, pool_size FROM databases WHERE pool_size > $1 AND name <> $2 LIMIT $3";
  for (const name of [undefined, "by_size", "by_size"]) {
    const found = await client.query({ text: select, values: [2, "pgweir", 1], name });
    expect(found.rows, [{ name: "app", pool_size: 5 }]);
  }
  expect(await column("SELECT name FROM databases WHERE name = ANY($1)", [["app", "nowhere"]]), ["app"]);
  expect(await column("SELECT count(*) FROM hosts WHERE usable IS NULL OR usable = $1", [true]) >= ["1"], true);
  const [now] = await column("SELECT now()");
  expect(now instanceof Date && Math.abs(now - Date.now()) < 10_000, true);
  expect((await client.query("SELECT max(pool_size), avg(pool_size), true FROM databases WHERE name = 'app'")).rows, [
    { max: 5, avg: 5, bool: true },
  ]);
});

await check("several statements in one text, transactions, an error inside", async () => {
  const results = await client.query("SHOW VERSION; SHOW STATE");
  expect(results.map((result) => result.rows.length), [1, 2]);
  await client.query("BEGIN");
  await raises("42703", client.query("SELECT nowhere FROM pools"));
  await client.query("ROLLBACK");
});

await check("commands, notices and mistakes", async () => {
  const notices = [];
  client.on("notice", (notice) => notices.push(notice.message));
  expect((await client.query("SET default_pool_size = 25")).command, "SET");
  expect(notices.at(-1).includes("until the next RELOAD"), true);
  for (const command of ["PAUSE app", "RESUME app", "RECONNECT", "WAIT_CLOSE", "RELOAD"]) await client.query(command);
  for (const [text, code] of [["SHOW NOTHING", "42601"], ["PAUSE nowhere", "3D000"], ["SELECT * FROM nowhere", "42P01"]]) {
    await raises(code, client.query(text));
    await raises(code, client.query({ text, name: text }));
    expect(await column("SELECT 1"), [1]);
  }
});

await check("a pool of clients, and who may only look", async () => {
  const pool = new pg.Pool({ connectionString: CONSOLE_URL, max: 10 });
  const counts = await Promise.all(Array.from({ length: 50 }, () => pool.query("SELECT count(*) AS n FROM databases")));
  expect(new Set(counts.map((found) => found.rows[0].n)).size, 1);
  await pool.end();
  const watcher = await connect(WATCHER_URL);
  await raises("42501", watcher.query("PAUSE"));
  await watcher.end();
});

await client.end();
