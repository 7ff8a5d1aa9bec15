//! tokio-postgres on pgweir's console: everything is prepared, parameters and results are binary, transactions, portals, cancel.

use std::time::{Duration, SystemTime};

use pgweir_driver_tests::{Outcome, check, expect};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

async fn connect(variable: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(&std::env::var(variable)?, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn raises<T>(result: Result<T, tokio_postgres::Error>, wanted: &SqlState) -> Outcome {
    match result {
        Ok(_) => Err(format!("no {wanted:?} was raised").into()),
        Err(error) => expect(error.code(), Some(wanted)),
    }
}

async fn shows(client: &Client) -> Outcome {
    let help = "SELECT command FROM help WHERE command LIKE 'SHOW %' AND command <> 'SHOW HELP'";
    let tables = client.query(help, &[]).await?;
    expect(tables.len() > 20, true)?;
    for table in tables {
        client.query(table.get::<_, &str>(0), &[]).await?;
        client.simple_query(table.get(0)).await?;
    }
    Ok(())
}

async fn parameters(client: &Client) -> Outcome {
    let sql = "SELECT name, pool_size FROM databases WHERE pool_size > $1 AND name <> $2 LIMIT $3";
    let row = client.query_one(sql, &[&2i32, &"pgweir", &1i64]).await?;
    expect((row.get(0), row.get(1)), ("app", 5i32))?;
    let sql = "SELECT max(pool_size), count(*), sum(pool_size), avg(pool_size), now() FROM databases WHERE name = $1";
    let row = client.query_one(sql, &[&"app"]).await?;
    expect((row.get(0), row.get(1), row.get(2), row.get(3)), (5i32, 1i64, 5i64, 5.0f64))?;
    let age = SystemTime::now().duration_since(row.get::<_, SystemTime>(4)).unwrap_or_default();
    expect(age < Duration::from_secs(10), true)?;
    let row = client.query_one("SELECT $1::int4, $2::text, $3::bool", &[&1i32, &"x", &true]).await?;
    expect((row.get(0), row.get(1), row.get(2)), (1i32, "x", true))?;
    let names = vec!["app", "nowhere"];
    let found = client.query("SELECT name FROM databases WHERE name = ANY($1)", &[&names]).await?;
    expect(found.len(), 1)?;
    let found = client.query("SELECT 1 FROM databases WHERE pool_size = ANY($1)", &[&vec![5i32, 7]]).await?;
    expect(found.len(), 1)
}

async fn transactions(client: &mut Client) -> Outcome {
    let mut outer = client.transaction().await?;
    let inner = outer.transaction().await?;
    raises(inner.query("SELECT nowhere FROM pools", &[]).await, &SqlState::UNDEFINED_COLUMN)?;
    inner.rollback().await?;
    let statement = outer.prepare("SHOW CONFIG").await?;
    let portal = outer.bind(&statement, &[]).await?;
    expect(outer.query_portal(&portal, 10).await?.len(), 10)?;
    expect(outer.query_portal(&portal, 0).await?.is_empty(), false)?;
    Ok(outer.commit().await?)
}

async fn commands(client: &Client) -> Outcome {
    let commands = ["PAUSE app", "RESUME app", "RECONNECT", "WAIT_CLOSE", "SET default_pool_size = 27", "RELOAD"];
    for command in commands {
        client.execute(command, &[]).await?;
    }
    raises(client.query("SHOW NOTHING", &[]).await, &SqlState::SYNTAX_ERROR)?;
    raises(client.query("PAUSE nowhere", &[]).await, &SqlState::INVALID_CATALOG_NAME)?;
    raises(client.query("SELECT * FROM nowhere", &[]).await, &SqlState::UNDEFINED_TABLE)?;
    let watcher = connect("WATCHER_URL").await?;
    raises(watcher.execute("PAUSE", &[]).await, &SqlState::INSUFFICIENT_PRIVILEGE)?;
    let rows = client.simple_query("SHOW STATE").await?;
    expect(rows.iter().filter(|row| matches!(row, SimpleQueryMessage::Row(_))).count(), 2)
}

async fn cancel(client: &Client) -> Outcome {
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let token = client.cancel_token();
    let cancelled = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel_query(NoTls).await
    };
    let (result, sent) = tokio::join!(client.simple_query(endless), cancelled);
    sent?;
    raises(result, &SqlState::QUERY_CANCELED)?;
    client.query_one("SELECT 1", &[]).await.map(|_| Ok(()))?
}

#[tokio::main]
async fn main() -> Outcome {
    let mut client = connect("CONSOLE_URL").await?;
    check("every SHOW, prepared and simple", shows(&client)).await;
    check("parameters and results in binary", parameters(&client)).await;
    check("transactions, a portal in parts, an error inside", transactions(&mut client)).await;
    check("commands and mistakes", commands(&client)).await;
    check("cancel", cancel(&client)).await;
    Ok(())
}
