//! Real clients: tokio-postgres by the extended protocol, psql with its own questions.

use super::start;
use crate::support::{Database, Pgweir};
use std::process::Command;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls};

/// Runs a test with a client of the console.
fn with_client<F: Future<Output = ()>>(pgweir: &Pgweir, test: impl FnOnce(Client) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = pgweir.url("admin", "admin", "pgbouncer");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        let driving = tokio::spawn(connection);
        test(client).await;
        driving.abort();
    });
}

#[test]
fn values_come_with_their_types_in_binary() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let name = database.name.clone();
    with_client(&pgweir, |client| async move {
        let rows = client.query("SHOW DATABASES", &[]).await.unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].columns()[2].type_(), &Type::INT4);
        assert_eq!(rows[0].get::<_, &str>("name"), name);
        assert_eq!(rows[0].get::<_, i32>("pool_size"), 20);
        assert_eq!(rows[0].get::<_, &str>("read_write_split"), "true");
        let hosts = client.query("SELECT usable, lag_ms FROM hosts", &[]).await.unwrap();
        assert_eq!(hosts[0].get::<_, Option<bool>>(0), None, "no client has needed it");
        assert_eq!(hosts[0].get::<_, Option<f64>>(1), None);
        assert_eq!(rows[1].get::<_, Option<i32>>("port"), None);
        let types: Vec<_> =
            rows[0].columns().iter().map(|column| column.type_().name().to_owned()).collect();
        assert_eq!(types[..5], ["text", "text", "int4", "text", "text"]);

        let sql = "SELECT pool_size, count(*), avg(pool_size) FROM databases WHERE name = $1 \
                   GROUP BY pool_size";
        let row = client.query_one(sql, &[&name]).await.unwrap();
        assert_eq!(
            (row.get::<_, i32>(0), row.get::<_, i64>(1), row.get::<_, f64>(2)),
            (20, 1, 20.0)
        );
        let statement = client
            .prepare_typed("SELECT name FROM databases WHERE pool_size > $1", &[Type::INT4])
            .await
            .unwrap();
        assert_eq!(client.query(&statement, &[&19i32]).await.unwrap().len(), 1);
        assert_eq!(client.query(&statement, &[&20i32]).await.unwrap().len(), 0);
    });
}

#[test]
fn what_drivers_do_works() {
    let database = Database::create();
    let pgweir = start(&database, "");
    with_client(&pgweir, |mut client| async move {
        client
            .batch_execute("SET extra_float_digits = 3; SET application_name = 'x'")
            .await
            .unwrap();
        let transaction = client.transaction().await.unwrap();
        transaction.query("SHOW POOLS", &[]).await.unwrap();
        transaction.commit().await.unwrap();
        let error = client.query("SELECT * FROM nowhere", &[]).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42P01");
        assert_eq!(client.query("SELECT 1", &[]).await.unwrap()[0].get::<_, i32>(0), 1);
        assert_eq!(client.execute("RECONNECT", &[]).await.unwrap(), 0);
        let transaction = client.transaction().await.unwrap();
        let statement = transaction.prepare("SELECT name FROM help").await;
        assert_eq!(statement.unwrap_err().code().unwrap().code(), "42703");
        transaction.rollback().await.unwrap();
        let transaction = client.transaction().await.unwrap();
        let statement = transaction.prepare("SELECT command FROM help").await.unwrap();
        let portal = transaction.bind(&statement, &[]).await.unwrap();
        assert_eq!(transaction.query_portal(&portal, 10).await.unwrap().len(), 10);
        assert!(!transaction.query_portal(&portal, 0).await.unwrap().is_empty());
    });
}

fn psql(database: &Database, pgweir: &Pgweir, text: &str) -> String {
    let mut command = Command::new(database.cluster.program("psql"));
    command.args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text]);
    command.arg(pgweir.url("admin", "admin", "pgweir"));
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &errors
}

#[test]
fn psql_asks_what_there_is() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let ask = |text| psql(&database, &pgweir, text);
    for (text, expected) in [
        ("\\dv", "public|pools|view|pgweir"),
        ("\\d state", "key|text|||"),
        ("\\d+ state", "`active` or `paused`."),
        ("\\l", "pgweir|pgweir|UTF8"),
        ("\\dn", "public|pgweir"),
        ("\\du", "pgweir|"),
        ("\\d", "public|pools"),
        ("SHOW HELP", "NOTICE:  Console usage"),
        ("SELECT key FROM state WHERE value = 'yes'", "active"),
        ("SELECT version()", "PostgreSQL 16.0 (pgweir"),
    ] {
        let said = ask(text);
        assert!(said.contains(expected), "{text}: {said}");
    }
}
