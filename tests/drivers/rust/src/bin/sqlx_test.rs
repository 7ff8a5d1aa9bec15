//! sqlx: its pool, its cache of prepared statements, transactions, streams, COPY, typed rows.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use futures::future::{join_all, try_join_all};
use pgweir_driver_tests::{CONNECTIONS, LARGE, Outcome, check, expect, settle, url};
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection, Executor, FromRow, PgPool, QueryBuilder, Row, types::Json};
use uuid::Uuid;

#[derive(Debug, PartialEq, FromRow)]
struct Todo {
    id: i32,
    description: String,
    done: Option<bool>,
}

#[derive(Debug, PartialEq, sqlx::Type)]
#[sqlx(type_name = "sqlx_mood", rename_all = "lowercase")]
enum Mood {
    Sad,
    Ok,
}

fn raises<T>(result: Result<T, sqlx::Error>, wanted: &str) -> Outcome {
    match result {
        Ok(_) => Err(format!("no {wanted} was raised").into()),
        Err(error) => {
            let code = error.as_database_error().and_then(|database| database.code());
            expect(code.as_deref(), Some(wanted))
        }
    }
}

async fn connect() -> Outcome<PgConnection> {
    Ok(PgConnection::connect(&url()).await?)
}

async fn first_program(conn: &mut PgConnection) -> Outcome {
    sqlx::raw_sql(
        "DROP TABLE IF EXISTS sqlx_todo, sqlx_many; DROP TYPE IF EXISTS sqlx_mood;
         CREATE TABLE sqlx_todo (id serial PRIMARY KEY, description text NOT NULL UNIQUE, done bool);
         CREATE TABLE sqlx_many (worker int, n int);
         CREATE TYPE sqlx_mood AS ENUM ('sad', 'ok')",
    )
    .execute(&mut *conn)
    .await?;
    let insert = sqlx::query("INSERT INTO sqlx_todo (description) VALUES ($1) RETURNING id")
        .bind("learn sqlx");
    expect(insert.fetch_one(&mut *conn).await?.get::<i32, _>("id"), 1)?;
    let todo: Todo =
        sqlx::query_as("SELECT id, description, done FROM sqlx_todo").fetch_one(&mut *conn).await?;
    expect(todo, Todo { id: 1, description: "learn sqlx".into(), done: None })
}

async fn types(conn: &mut PgConnection) -> Outcome {
    let at: DateTime<Utc> = "2024-02-29T12:30:00Z".parse()?;
    let row = sqlx::query("SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9")
        .bind(1i64 << 40)
        .bind("na\u{ef}ve \u{1f418}")
        .bind(&b"\x00\xff"[..])
        .bind(vec![Some(1), None, Some(3)])
        .bind(Json(json!({"a": [1, null]})))
        .bind(Uuid::from_u128(7))
        .bind(at)
        .bind(None::<bool>)
        .bind(Mood::Ok)
        .fetch_one(&mut *conn)
        .await?;
    expect(
        (row.get(0), row.get(1), row.get(2)),
        (1i64 << 40, "na\u{ef}ve \u{1f418}", &b"\x00\xff"[..]),
    )?;
    expect(
        (row.get(3), row.get(4)),
        (vec![Some(1), None, Some(3)], Json(json!({"a": [1, null]}))),
    )?;
    expect(
        (row.get(5), row.get(6), row.get(7), row.get(8)),
        (Uuid::from_u128(7), at, None::<bool>, Mood::Ok),
    )?;
    expect(
        sqlx::query_scalar::<_, Mood>("SELECT 'sad'::sqlx_mood").fetch_one(conn).await?,
        Mood::Sad,
    )
}

async fn prepared_many_times() -> Outcome {
    let mut conns = try_join_all((0..12).map(|_| connect())).await?;
    // Every connection counts its statement names from one; the texts differ.
    for turn in 0..100 {
        for (n, conn) in conns.iter_mut().enumerate() {
            let mut transaction = conn.begin().await?;
            let query = format!("SELECT $1::int4 * 100 + {n}");
            let got: i32 =
                sqlx::query_scalar(&query).bind(turn).fetch_one(&mut *transaction).await?;
            transaction.commit().await?;
            expect(got, turn * 100 + n as i32)?;
        }
    }
    Ok(())
}

async fn statement_cache() -> Outcome {
    for capacity in [5, 0] {
        let options = PgConnectOptions::from_str(&url())?.statement_cache_capacity(capacity);
        let mut conn = PgConnection::connect_with(&options).await?;
        for turn in 0..4 {
            for n in 0..20 {
                let query = format!("SELECT $1::text || '-{n}'");
                let got: String =
                    sqlx::query_scalar(&query).bind(turn.to_string()).fetch_one(&mut conn).await?;
                expect(got, format!("{turn}-{n}"))?;
            }
        }
        let unnamed: i32 =
            sqlx::query_scalar("SELECT $1").bind(7).persistent(false).fetch_one(&mut conn).await?;
        expect(unnamed, 7)?;
        conn.clear_cached_statements().await?;
        // Not `describe`: for nullability it runs EXPLAIN EXECUTE of its prepared statement as SQL,
        // and SQL's own names of statements stay on the server (see the README's limits).
        conn.close().await?;
    }
    Ok(())
}

async fn transactions(conn: &mut PgConnection) -> Outcome {
    let insert = "INSERT INTO sqlx_todo (description) VALUES ($1)";
    let mut lost = conn.begin().await?;
    sqlx::query(insert).bind("lost").execute(&mut *lost).await?;
    drop(lost); // the rollback is sent before the connection's next statement
    let mut kept = conn.begin().await?;
    sqlx::query(insert).bind("kept").execute(&mut *kept).await?;
    let mut inner = kept.begin().await?;
    raises(sqlx::query(insert).bind("kept").execute(&mut *inner).await, "23505")?;
    raises(sqlx::query("SELECT 1").execute(&mut *inner).await, "25P02")?;
    inner.rollback().await?;
    kept.commit().await?;
    let names: Vec<String> = sqlx::query_scalar("SELECT description FROM sqlx_todo ORDER BY id")
        .fetch_all(&mut *conn)
        .await?;
    expect(names, ["learn sqlx", "kept"])?;
    raises(sqlx::query("SELECT * FROM no_such_table").execute(&mut *conn).await, "42P01")?;
    let mut read_only = conn.begin_with("BEGIN READ ONLY").await?;
    raises(sqlx::query("DELETE FROM sqlx_todo").execute(&mut *read_only).await, "25006")?;
    read_only.rollback().await?;
    for n in 0..200 {
        sqlx::query("UPDATE sqlx_todo SET done = $1 WHERE id = 1")
            .bind(n % 2 == 0)
            .execute(&mut *conn)
            .await?;
        let done: bool = sqlx::query_scalar("SELECT done FROM sqlx_todo WHERE id = 1")
            .fetch_one(&mut *conn)
            .await?;
        expect(done, n % 2 == 0)?;
    }
    Ok(())
}

async fn streams_and_bulk(conn: &mut PgConnection) -> Outcome {
    let mut bulk = QueryBuilder::new("INSERT INTO sqlx_todo (description) ");
    bulk.push_values(0..5000, |mut row, n| {
        row.push_bind(format!("bulk {n}"));
    });
    expect(bulk.build().execute(&mut *conn).await?.rows_affected(), 5000)?;
    let rows = sqlx::query_scalar::<_, String>(
        "SELECT description FROM sqlx_todo WHERE description LIKE 'bulk %'",
    )
    .fetch(&mut *conn);
    expect(rows.try_fold(0, async |count, _| Ok(count + 1)).await?, 5000)?;
    let mut first =
        sqlx::query_scalar::<_, i32>("SELECT generate_series(1, 100000)").fetch(&mut *conn);
    expect(first.try_next().await?, Some(1))?;
    drop(first); // the rest is read and thrown away before the next statement
    expect(sqlx::query_scalar::<_, i32>("SELECT 2").fetch_one(conn).await?, 2)
}

async fn copy(conn: &mut PgConnection) -> Outcome {
    let mut sink = conn.copy_in_raw("COPY sqlx_todo (description) FROM STDIN").await?;
    for n in 0..10_000 {
        sink.send(format!("copy {n}\n").into_bytes()).await?;
    }
    expect(sink.finish().await?, 10_000)?;
    let out = conn
        .copy_out_raw("COPY (SELECT 1 FROM sqlx_todo WHERE description LIKE 'copy %') TO STDOUT")
        .await?;
    expect(out.try_fold(0, async |bytes, chunk| Ok(bytes + chunk.len())).await?, 20_000)?;
    conn.copy_in_raw("COPY sqlx_todo (description) FROM STDIN")
        .await?
        .abort("changed my mind")
        .await?;
    let mut sink = conn.copy_in_raw("COPY sqlx_many FROM STDIN").await?;
    sink.send(b"not a number\t1\n".to_vec()).await?;
    raises(sink.finish().await, "22P02")?;
    expect(sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(conn).await?, 1)
}

async fn large_and_timeout(conn: &mut PgConnection) -> Outcome {
    let payload = [0u8, 0xfe].repeat(LARGE / 2);
    let back: Vec<u8> =
        sqlx::query_scalar("SELECT $1").bind(&payload).fetch_one(&mut *conn).await?;
    expect(back == payload, true)?;
    let mut transaction = conn.begin().await?;
    sqlx::query("SET LOCAL statement_timeout = '100ms'").execute(&mut *transaction).await?;
    raises(sqlx::query("SELECT pg_sleep(20)").execute(&mut *transaction).await, "57014")?;
    transaction.rollback().await?;
    expect(sqlx::query_scalar::<_, String>("SHOW statement_timeout").fetch_one(conn).await?, "0")
}

async fn startup_options() -> Outcome {
    let mut conns = Vec::new();
    for n in 0..12 {
        let options = PgConnectOptions::from_str(&url())?.application_name(&format!("a{n}"));
        let options = options.options([
            ("search_path", format!("s{n}")),
            ("statement_timeout", format!("{}ms", 5001 + n)),
        ]);
        conns.push(PgConnection::connect_with(&options).await?);
    }
    for _ in 0..10 {
        for (n, conn) in conns.iter_mut().enumerate() {
            let query = "SELECT current_setting('application_name'), current_setting('search_path'), current_setting('statement_timeout')";
            let row: (String, String, String) = sqlx::query_as(query).fetch_one(conn).await?;
            expect(row, (format!("a{n}"), format!("s{n}"), format!("{}ms", 5001 + n)))?;
        }
    }
    Ok(())
}

async fn task(pool: PgPool, n: i32) -> Outcome {
    let mut transaction = pool.begin().await?;
    sqlx::query("INSERT INTO sqlx_many VALUES ($1, $2)")
        .bind(n % 40)
        .bind(n)
        .execute(&mut *transaction)
        .await?;
    let back: i32 = sqlx::query_scalar("SELECT n FROM sqlx_many WHERE n = $1")
        .bind(n)
        .fetch_one(&mut *transaction)
        .await?;
    expect(back, n)?;
    transaction.commit().await?;
    expect(sqlx::query_scalar::<_, i32>("SELECT $1").bind(n).fetch_one(&pool).await?, n)
}

async fn a_pool() -> Outcome {
    let size = CONNECTIONS as u32;
    let pool = PgPoolOptions::new()
        .min_connections(size)
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(60))
        .connect(&url())
        .await?;
    for outcome in join_all((0..800).map(|n| tokio::spawn(task(pool.clone(), n)))).await {
        outcome??;
    }
    settle().await;
    expect(
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM sqlx_many").fetch_one(&pool).await?,
        800,
    )?;
    pool.close().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let mut conn = connect().await?;
    check("sqlx: the manual's first program", first_program(&mut conn)).await;
    settle().await;
    check("sqlx: types in binary: NULL, arrays, json, bytea, times, uuid, enum", types(&mut conn))
        .await;
    check(
        "sqlx: prepared, 100 transactions on each of 12 connections that take turns",
        prepared_many_times(),
    )
    .await;
    check("sqlx: a statement cache of 5 and of 0, unnamed statements", statement_cache())
        .await;
    check("sqlx: commit, rollback, savepoints, errors and recovery, read-only; reads see the write before", transactions(&mut conn)).await;
    check(
        "sqlx: 5000 rows in one INSERT, streams, one of them abandoned",
        streams_and_bulk(&mut conn),
    )
    .await;
    check("sqlx: COPY in and out, failed and aborted", copy(&mut conn)).await;
    check(
        "sqlx: 5 MB there and back, statement_timeout in a transaction",
        large_and_timeout(&mut conn),
    )
    .await;
    check("sqlx: startup options stay each connection's own", startup_options()).await;
    settle().await;
    check("sqlx: a pool of 40, 800 tasks", a_pool()).await;
    Ok(())
}
