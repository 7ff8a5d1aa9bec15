//! tokio-postgres: prepared and pipelined statements, transactions, portals, COPY in text and binary, cancel.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::future::{join_all, try_join_all};
use futures::{SinkExt, TryStreamExt, pin_mut};
use pgweir_driver_tests::{CONNECTIONS, LARGE, Outcome, check, expect, settle, url};
use serde_json::json;
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutStream};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, IsolationLevel, NoTls, SimpleQueryMessage};
use uuid::Uuid;

async fn connect_with(config: &Config) -> Outcome<Client> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn connect() -> Outcome<Client> {
    connect_with(&url().parse()?).await
}

fn raises<T>(result: Result<T, tokio_postgres::Error>, wanted: &SqlState) -> Outcome {
    match result {
        Ok(_) => Err(format!("no {wanted:?} was raised").into()),
        Err(error) => expect(error.code(), Some(wanted)),
    }
}

async fn first_program(client: &Client) -> Outcome {
    client
        .batch_execute(
            "DROP TABLE IF EXISTS tokio_person, tokio_copy, tokio_many;
             CREATE TABLE tokio_person (id serial PRIMARY KEY, name text NOT NULL UNIQUE, data bytea);
             CREATE TABLE tokio_copy (id int, name text);
             CREATE TABLE tokio_many (worker int, n int)",
        )
        .await?;
    let none: Option<&[u8]> = None;
    client
        .execute("INSERT INTO tokio_person (name, data) VALUES ($1, $2)", &[&"Steven", &none])
        .await?;
    let row = client.query_one("SELECT id, name, data FROM tokio_person", &[]).await?;
    expect((row.get(0), row.get(1), row.get(2)), (1, "Steven", none))
}

async fn types(client: &Client) -> Outcome {
    let at: DateTime<Utc> = "2024-02-29T12:30:00Z".parse()?;
    let row = client
        .query_one(
            "SELECT $1::int8, $2::float8, $3::text, $4::bytea, $5::int4[], $6::text[], $7::jsonb, $8::uuid, $9::timestamptz, $10::bool",
            &[
                &(1i64 << 40),
                &1.5f64,
                &"na\u{ef}ve \u{1f418}",
                &&b"\x00\xff"[..],
                &vec![Some(1), None, Some(3)],
                &vec!["a", "b\"c"],
                &json!({"a": [1, null]}),
                &Uuid::from_u128(7),
                &at,
                &None::<bool>,
            ],
        )
        .await?;
    expect((row.get(0), row.get(1), row.get(2)), (1i64 << 40, 1.5f64, "na\u{ef}ve \u{1f418}"))?;
    expect((row.get(3), row.get(4)), (&b"\x00\xff"[..], vec![Some(1), None, Some(3)]))?;
    expect((row.get(5), row.get(6)), (vec!["a", "b\"c"], json!({"a": [1, null]})))?;
    expect((row.get(7), row.get(8), row.get(9)), (Uuid::from_u128(7), at, None::<bool>))?;
    client
        .batch_execute(
            "DROP TYPE IF EXISTS tokio_mood; CREATE TYPE tokio_mood AS ENUM ('sad', 'ok')",
        )
        .await?;
    let statement = client.prepare("SELECT 'ok'::tokio_mood").await?;
    expect(statement.columns()[0].type_().name(), "tokio_mood")
}

async fn prepared_many_times() -> Outcome {
    let clients = try_join_all((0..12).map(|_| connect())).await?;
    // Every process counts its statement names from zero, and so does the next one.
    let texts: Vec<_> = (0..12).map(|n| format!("SELECT $1::int4 * 100 + {n}")).collect();
    let statements =
        try_join_all(clients.iter().zip(&texts).map(|(client, text)| client.prepare(text))).await?;
    for turn in 0..200 {
        let rows =
            try_join_all(clients.iter().zip(&statements).map(async |(client, statement)| {
                client.batch_execute("BEGIN").await?;
                let row = client.query_one(statement, &[&turn]).await?;
                client.batch_execute("COMMIT").await?;
                Ok::<i32, tokio_postgres::Error>(row.get(0))
            }))
            .await?;
        expect(rows, (0..12).map(|n| turn * 100 + n).collect::<Vec<i32>>())?;
    }
    for turn in 0..50 {
        let statement = clients[0].prepare_typed("SELECT $1", &[Type::INT4]).await?;
        expect(clients[0].query_one(&statement, &[&turn]).await?.get::<_, i32>(0), turn)?;
    }
    Ok(())
}

async fn transactions(client: &mut Client) -> Outcome {
    let lost = client.transaction().await?;
    lost.execute("INSERT INTO tokio_person (name) VALUES ('lost')", &[]).await?;
    lost.rollback().await?;
    let mut kept = client.transaction().await?;
    kept.execute("INSERT INTO tokio_person (name) VALUES ('kept')", &[]).await?;
    let inner = kept.savepoint("before").await?;
    raises(
        inner.execute("INSERT INTO tokio_person (name) VALUES ('kept')", &[]).await,
        &SqlState::UNIQUE_VIOLATION,
    )?;
    raises(inner.query("SELECT 1", &[]).await, &SqlState::IN_FAILED_SQL_TRANSACTION)?;
    inner.rollback().await?;
    kept.commit().await?;
    let names: Vec<String> = client
        .query_one("SELECT array_agg(name ORDER BY name) FROM tokio_person", &[])
        .await?
        .get(0);
    expect(names, ["Steven", "kept"])?;
    drop(client.transaction().await?); // rolls back by itself
    raises(client.query("SELECT * FROM no_such_table", &[]).await, &SqlState::UNDEFINED_TABLE)?;
    expect(client.query_one("SELECT 1", &[]).await?.get::<_, i32>(0), 1)
}

async fn read_only(client: &mut Client) -> Outcome {
    let builder =
        client.build_transaction().isolation_level(IsolationLevel::Serializable).read_only(true);
    let transaction = builder.start().await?;
    expect(
        transaction.query_one("SHOW transaction_read_only", &[]).await?.get::<_, &str>(0),
        "on",
    )?;
    raises(
        transaction.execute("DELETE FROM tokio_person", &[]).await,
        &SqlState::READ_ONLY_SQL_TRANSACTION,
    )?;
    Ok(transaction.rollback().await?)
}

async fn pipelined(client: &Client) -> Outcome {
    let statement = client.prepare("SELECT 100 / $1::int4").await?;
    let numbers: Vec<i32> = (-250..250).collect();
    let results =
        join_all(numbers.iter().map(async |n| client.query_one(&statement, &[n]).await)).await;
    for (n, result) in numbers.iter().zip(results) {
        match n {
            0 => raises(result, &SqlState::DIVISION_BY_ZERO)?,
            n => expect(result?.get::<_, i32>(0), 100 / n)?,
        }
    }
    let update = client.prepare("UPDATE tokio_person SET data = int4send($1) WHERE id = 1").await?;
    let select = client.prepare("SELECT data FROM tokio_person WHERE id = 1").await?;
    for n in 0..200i32 {
        let number: [&(dyn ToSql + Sync); 1] = [&n];
        // Sent in the order in which they are polled first.
        let (write, read) =
            futures::join!(client.execute(&update, &number), client.query_one(&select, &[]));
        write?;
        let row = read?;
        expect(row.get::<_, Vec<u8>>(0), n.to_be_bytes().to_vec())?;
    }
    Ok(())
}

async fn portals_and_streams(client: &mut Client) -> Outcome {
    let transaction = client.transaction().await?;
    let portal = transaction.bind("SELECT generate_series(1, $1)", &[&1000i32]).await?;
    for wanted in [300, 300, 300, 100] {
        expect(transaction.query_portal(&portal, 300).await?.len(), wanted)?;
    }
    transaction.commit().await?;
    let rows = client.query_raw("SELECT generate_series(1, $1)", [1000i32]).await?;
    expect(
        rows.map_ok(|row| row.get::<_, i32>(0)).try_fold(0, async |sum, n| Ok(sum + n)).await?,
        500_500,
    )?;
    let messages = client.simple_query("SELECT 1 AS a; SELECT 'two' AS a").await?;
    let values: Vec<_> = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get("a"),
            _ => None,
        })
        .collect();
    expect(values, ["1", "two"])?;
    let row =
        client.query_typed("SELECT $1, $2", &[(&1i32, Type::INT4), (&"x", Type::TEXT)]).await?;
    expect((row[0].get::<_, i32>(0), row[0].get::<_, &str>(1)), (1, "x"))
}

async fn copy(client: &Client) -> Outcome {
    let sink = client.copy_in::<_, Bytes>("COPY tokio_copy FROM STDIN").await?;
    pin_mut!(sink);
    for n in 0..5000 {
        sink.send(format!("{n}\tname {n}\n").into_bytes().into()).await?;
    }
    expect(sink.finish().await?, 5000)?;
    let writer = BinaryCopyInWriter::new(
        client.copy_in("COPY tokio_copy FROM STDIN BINARY").await?,
        &[Type::INT4, Type::TEXT],
    );
    pin_mut!(writer);
    for n in 5000..10000 {
        writer.as_mut().write(&[&n, &None::<&str>]).await?;
    }
    expect(writer.finish().await?, 5000)?;
    let out = BinaryCopyOutStream::new(
        client.copy_out("COPY tokio_copy TO STDOUT BINARY").await?,
        &[Type::INT4, Type::TEXT],
    );
    let rows: Vec<_> = out.map_ok(|row| row.get::<i32>(0)).try_collect().await?;
    expect((rows.len(), rows.iter().sum::<i32>()), (10_000, 49_995_000))?;
    let sink = client.copy_in::<_, Bytes>("COPY tokio_copy FROM STDIN").await?;
    pin_mut!(sink);
    sink.send(b"not a number\tx\n".to_vec().into()).await?;
    raises(sink.finish().await, &SqlState::INVALID_TEXT_REPRESENTATION)?;
    drop(client.copy_in::<_, Bytes>("COPY tokio_copy FROM STDIN").await?); // ends with CopyFail
    expect(client.query_one("SELECT count(*) FROM tokio_copy", &[]).await?.get::<_, i64>(0), 10_000)
}

async fn large(client: &Client) -> Outcome {
    let payload = [0u8, 0xfe].repeat(LARGE / 2);
    let row =
        client.query_one("SELECT $1::bytea, repeat('x', $2)", &[&payload, &(LARGE as i32)]).await?;
    expect((row.get::<_, &[u8]>(0) == payload, row.get::<_, &str>(1).len()), (true, LARGE))
}

async fn cancel(client: &mut Client) -> Outcome {
    for _ in 0..3 {
        let token = client.cancel_token();
        let cancelled = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            token.cancel_query(NoTls).await
        });
        raises(client.query("SELECT pg_sleep(20)", &[]).await, &SqlState::QUERY_CANCELED)?;
        cancelled.await??;
        expect(client.query_one("SELECT 1", &[]).await?.get::<_, i32>(0), 1)?;
    }
    let transaction = client.transaction().await?;
    transaction.batch_execute("SET LOCAL statement_timeout = '100ms'").await?;
    raises(transaction.query("SELECT pg_sleep(20)", &[]).await, &SqlState::QUERY_CANCELED)?;
    drop(transaction);
    // A future that is dropped leaves its answer to the connection, which must still match the next question.
    for n in 0..20 {
        let _ = tokio::time::timeout(
            Duration::from_millis(1),
            client.query("SELECT pg_sleep(0.01)", &[]),
        )
        .await;
        expect(client.query_one("SELECT $1::int4", &[&n]).await?.get::<_, i32>(0), n)?;
    }
    Ok(())
}

async fn startup_options() -> Outcome {
    let mut clients = HashMap::new();
    for n in 0..12 {
        let mut config: Config = url().parse()?;
        config
            .application_name(format!("a{n}"))
            .options(format!("-c search_path=s{n} -c geqo=off"));
        clients.insert(n, connect_with(&config).await?);
    }
    for _ in 0..10 {
        for (n, client) in &clients {
            let row = client
                .query_one(
                    "SELECT current_setting('application_name'), current_setting('search_path')",
                    &[],
                )
                .await?;
            expect(
                (row.get::<_, String>(0), row.get::<_, String>(1)),
                (format!("a{n}"), format!("s{n}")),
            )?;
        }
    }
    Ok(())
}

async fn many_connections() -> Outcome {
    let clients = try_join_all((0..CONNECTIONS).map(|_| connect())).await?;
    let workers = clients.into_iter().enumerate().map(|(worker, mut client)| {
        tokio::spawn(async move {
            let worker = worker as i32;
            for n in 0..25 {
                let transaction = client.transaction().await?;
                transaction
                    .execute("INSERT INTO tokio_many VALUES ($1, $2)", &[&worker, &n])
                    .await?;
                transaction.commit().await?;
                let count = client
                    .query_one("SELECT count(*) FROM tokio_many WHERE worker = $1", &[&worker])
                    .await?;
                expect(count.get::<_, i64>(0), i64::from(n) + 1)?;
            }
            Outcome::Ok(())
        })
    });
    for outcome in join_all(workers).await {
        outcome??;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let mut client = connect().await?;
    check("tokio-postgres: the manual's first program", first_program(&client)).await;
    settle().await;
    check(
        "tokio-postgres: types in binary: NULL, arrays, json, bytea, times, uuid, enum",
        types(&client),
    )
    .await;
    check(
        "tokio-postgres: prepared, 200 transactions on each of 12 clients at once",
        prepared_many_times(),
    )
    .await;
    check(
        "tokio-postgres: commit, rollback, savepoints, 25P02 and recovery",
        transactions(&mut client),
    )
    .await;
    check("tokio-postgres: a read-only, serializable transaction", read_only(&mut client)).await;
    check(
        "tokio-postgres: 500 pipelined queries, one fails; reads see the write before them",
        pipelined(&client),
    )
    .await;
    check(
        "tokio-postgres: portals, row streams, simple queries, query_typed",
        portals_and_streams(&mut client),
    )
    .await;
    check("tokio-postgres: COPY in and out, text and binary, failed and abandoned", copy(&client))
        .await;
    check("tokio-postgres: 5 MB there and back", large(&client)).await;
    check("tokio-postgres: cancel, statement_timeout, dropped futures", cancel(&mut client)).await;
    check("tokio-postgres: startup options stay each client's own", startup_options()).await;
    settle().await;
    check(
        "tokio-postgres: 40 connections at once, each with its own transactions",
        many_connections(),
    )
    .await;
    Ok(())
}
