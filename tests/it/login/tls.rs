//! TLS on both sides. The client is psql: another implementation than ours.

use std::fs;
use std::path::Path;
use std::process::Command;

use pgweir::demo::Cluster;

use super::certificate::{Certificate, pems};
use super::log_in;
use crate::support::frontend::{query, ssl_request, startup};
use crate::support::{Database, Pgweir, Wire, until};

#[test]
fn a_client_may_ask_for_tls_where_it_is_offered() {
    let database = Database::create();
    let certificate = Certificate::make();
    for mode in ["allow", "prefer", "require"] {
        let pgweir = with(&database, &certificate, mode);
        let said = psql(&pgweir, &database, "sslmode=require").unwrap();
        assert_eq!(said, database.name, "{mode}");
        pgweir.wait_for_log("\"tls\":true");
    }
}

#[test]
fn a_client_checks_the_certificate() {
    let database = Database::create();
    let certificate = Certificate::make();
    let pgweir = with(&database, &certificate, "prefer");
    psql(&pgweir, &database, &verify_full(&certificate.cert())).unwrap();
    let another = Certificate::make();
    let refused = psql(&pgweir, &database, &verify_full(&another.cert())).unwrap_err();
    assert!(refused.contains("certificate verify failed"), "{refused}");
}

#[test]
fn who_does_not_encrypt_is_refused_where_that_is_required() {
    let database = Database::create();
    let certificate = Certificate::make();
    let pgweir = with(&database, &certificate, "require");
    let refused = log_in(&pgweir, &database, &database.name, &database.name).map(|_| ());
    let refused = refused.unwrap_err();
    assert_eq!((refused.severity.as_str(), refused.code.as_str()), ("FATAL", "28000"));
    assert!(refused.message.contains("client_tls_sslmode"), "{refused}");
    let pgweir = with(&database, &certificate, "prefer");
    assert!(log_in(&pgweir, &database, &database.name, &database.name).is_ok());
}

#[test]
fn tls_is_declined_where_it_is_disabled() {
    let database = Database::create();
    let certificate = Certificate::make();
    let pgweir = with(&database, &certificate, "disable");
    let refused = psql(&pgweir, &database, "sslmode=require").unwrap_err();
    assert!(refused.contains("does not support SSL"), "{refused}");
    assert!(psql(&pgweir, &database, "sslmode=prefer").is_ok());
}

#[test]
fn who_is_refused_is_told_why_before_the_farewell_of_tls() {
    let mut database = Database::create();
    let certificate = Certificate::make();
    let pgweir = with(&database, &certificate, "require");
    database.name = "nobody".to_owned();
    let refused = psql(&pgweir, &database, "sslmode=require").unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");
}

/// They would be taken for encrypted ones (CVE-2021-23214).
#[test]
fn plain_bytes_behind_the_request_for_tls_are_refused() {
    let database = Database::create();
    let certificate = Certificate::make();
    let pgweir = with(&database, &certificate, "prefer");
    let mut wire = Wire::connect(pgweir.port());
    wire.send([ssl_request(), startup(&[("user", &database.name)])]);
    assert_eq!(wire.expect("E")[0].fields().code, "08P01");
    wire.expect_end();
}

#[test]
fn a_renewed_certificate_is_shown_after_a_reload() {
    let database = Database::create();
    let certificate = Certificate::make();
    let pgweir = with(&database, &certificate, "prefer");
    let renewed = Certificate::make();
    fs::copy(renewed.cert(), certificate.cert()).unwrap();
    pgweir.reload(&config(&database, &certificate, "prefer"));
    // The new certificate with the old key: refused as a whole.
    pgweir.wait_for_log("reload refused");
    fs::copy(renewed.key(), certificate.key()).unwrap();
    pgweir.reload(&config(&database, &certificate, "prefer"));
    let trust = verify_full(&renewed.cert());
    until("the new one is shown", || psql(&pgweir, &database, &trust).is_ok());
}

#[test]
fn a_renewed_certificate_and_its_key_can_be_set() {
    let database = Database::create();
    let (certificate, renewed) = (Certificate::make(), Certificate::make());
    let admin = "[pooler]\nadmin_users = [\"admin\"]";
    let config = config(&database, &certificate, "prefer").replace("[pooler]", admin);
    let pgweir = Pgweir::start(&format!("{config}\n[users.admin]\npassword = \"admin\"\n"));
    let mut console = pgweir.wire("admin", "admin", "pgweir");
    let mut set = |key: &str, path: &Path| {
        console.send([query(&format!("SET {key} = '{}'", path.display()))]);
        console.expect("N C Z")[0].fields().message
    };
    let said = set("client_tls_cert_file", &renewed.cert());
    assert!(said.contains("waits for SET client_tls_key_file"), "{said}");
    psql(&pgweir, &database, &verify_full(&certificate.cert())).unwrap();
    let said = set("client_tls_key_file", &renewed.key());
    assert!(said.contains("client_tls_key_file was"), "{said}");
    psql(&pgweir, &database, &verify_full(&renewed.cert())).unwrap();
}

#[test]
fn a_server_is_spoken_to_as_its_setting_says() {
    let cluster = Cluster::start(0).unwrap();
    let start = |mode: &str, root: Option<&Path>| start_in_front_of(&cluster, mode, root);
    assert_eq!(encrypted(&start("prefer", None)).unwrap(), "f");
    assert!(encrypted(&start("require", None)).unwrap_err().contains("does not offer TLS"));

    let (cert, key) = pems();
    serve_tls(&cluster, &cert, &key);
    assert_eq!(encrypted(&start("disable", None)).unwrap(), "f");
    assert_eq!(encrypted(&start("prefer", None)).unwrap(), "t");
    assert_eq!(encrypted(&start("require", None)).unwrap(), "t");

    let root = tempfile::NamedTempFile::new().unwrap();
    fs::write(root.path(), &cert).unwrap();
    assert_eq!(encrypted(&start("verify-full", Some(root.path()))).unwrap(), "t");
    fs::write(root.path(), pems().0).unwrap();
    let refused = encrypted(&start("verify-full", Some(root.path()))).unwrap_err();
    assert!(refused.contains("TLS"), "{refused}");
}

fn with(database: &Database, certificate: &Certificate, mode: &str) -> Pgweir {
    Pgweir::start(&config(database, certificate, mode))
}

fn config(database: &Database, certificate: &Certificate, mode: &str) -> String {
    let tls = certificate.settings(mode);
    format!("[pooler]\nlog_format = \"json\"\n{tls}\n{}", database.primary_config())
}

fn verify_full(root: &Path) -> String {
    format!("sslmode=verify-full sslrootcert={}", root.display())
}

/// Logs in by psql and returns the user's name, or what psql complains of.
fn psql(pgweir: &Pgweir, database: &Database, ssl: &str) -> Result<String, String> {
    let name = &database.name;
    let to = format!("host=127.0.0.1 port={} user={name} dbname={name} {ssl}", pgweir.port());
    let mut psql = Command::new(database.cluster.program("psql"));
    psql.args(["-X", "-A", "-t", "-c", "SELECT current_user", &to]).env("PGPASSWORD", name);
    let output = psql.output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Through the server itself, which owns its folder.
fn serve_tls(cluster: &Cluster, cert: &str, key: &str) {
    for (file, pem) in [("server.crt", cert), ("server.key", key)] {
        let sql = format!(
            "COPY (SELECT unnest(string_to_array('{}', E'\\n'))) \
             TO PROGRAM 'umask 077; cat > {file}'",
            pem.trim_end()
        );
        cluster.psql("postgres", &sql).unwrap();
    }
    cluster.psql("postgres", "ALTER SYSTEM SET ssl = on").unwrap();
    cluster.psql("postgres", "SELECT pg_reload_conf()").unwrap();
    until("TLS is on", || cluster.psql("postgres", "SHOW ssl").unwrap() == "on");
}

fn start_in_front_of(cluster: &Cluster, mode: &str, root: Option<&Path>) -> Pgweir {
    let root = root.map(|root| format!("server_tls_ca_file = \"{}\"\n", root.display()));
    Pgweir::start(&format!(
        "[pooler]\nauth_type = \"trust\"\nquery_wait_timeout = \"1s\"\n\
         server_tls_sslmode = \"{mode}\"\n{}\n\
         [databases.postgres]\nprimary = \"{}\"\nuser = \"{}\"\npassword = \"{}\"\n",
        root.unwrap_or_default(),
        cluster.primary().address(),
        cluster.superuser(),
        cluster.password()
    ))
}

/// Whether the server's connection is encrypted, as the server says; or why there is none.
fn encrypted(pgweir: &Pgweir) -> Result<String, String> {
    let mut wire = Wire::connect(pgweir.port());
    let refused = wire.try_log_in("me", "", &[("user", "me"), ("database", "postgres")]);
    refused.map_err(|fields| format!("{fields} {}", fields.detail))?;
    Ok(wire.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
}
