// What the JavaScript driver programs share: checks that print a line each, and the wait that makes another connection's writes visible.
import assert from "node:assert/strict";

export const URL = process.env.DATABASE_URL;
export const CONNECTIONS = 40;
export const LARGE = 5 * 1024 * 1024;

/** One check: its line says ok or FAIL, and the first failure ends the program. */
export async function check(name, work) {
  const started = performance.now();
  try {
    await work();
  } catch (error) {
    console.log(error);
    console.log(`FAIL ${name}: ${error.message}`);
    process.exit(1);
  }
  console.log(`ok   ${name} (${Math.round(performance.now() - started)} ms)`);
}

/** Both values are the same, to the depth of their fields. */
export const expect = (actual, wanted) => assert.deepStrictEqual(actual, wanted);

/** The promise fails, with this SQLSTATE. */
export async function raises(sqlstate, promise) {
  try {
    await promise;
  } catch (error) {
    if (error.code !== sqlstate) throw new Error(`got ${error.code} (${error.message}), wanted ${sqlstate}`);
    return error;
  }
  throw new Error(`no ${sqlstate} was raised`);
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Longer than pgweir's max_replica_lag (500 ms): a read on another connection sees the write after it. */
export const settle = () => sleep(700);

export const range = (count, from = 0) => Array.from({ length: count }, (_, n) => from + n);
