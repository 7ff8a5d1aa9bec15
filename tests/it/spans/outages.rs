//! What a collector that is slow, gone or unwilling costs: spans, and nothing else.

use super::{Collector, Manner, Traced, with_tracing};
use crate::metrics::Watched;
use crate::support::{Database, Pgweir, free_port, until};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn a_collector_that_never_answers_disturbs_nobody() {
    let database = Database::create();
    let collector = Collector::start(Manner::Silent);
    let tracing = "sample = 1\nqueue_size = 16\nexport_timeout = \"1h\"";
    let config = with_tracing(&database.primary_config(), &collector, tracing);
    let config = format!("[pooler]\nlog_format = \"text\"\nworkers = 1\n\n{config}");
    let watched = Watched::start(&config);
    let mut wire = watched.pgweir.client(&database);
    wire.rows("SELECT 0");
    collector.requests(1);
    for n in 0..200 {
        assert_eq!(wire.value(&format!("SELECT {n}")), n.to_string());
    }
    let scrape = watched.scrape();
    let value = |name: &str| scrape.value(&format!("pgweir_trace_spans_{name}"));
    assert_eq!(value("waiting"), 16.0);
    assert!(value("lost_total") >= 180.0, "{}", value("lost_total"));
    assert_eq!((value("exported_total"), value("failed_total")), (0.0, 0.0));
    drop(wire);
    let began = Instant::now();
    let (status, _) = watched.pgweir.stop();
    assert!(status.success() && began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn what_waits_is_sent_when_the_process_ends() {
    let database = Database::create();
    let traced = Traced::of(&database, "sample = 1\nexport_interval = \"1h\"");
    traced.pgweir.client(&database).rows("SELECT 1 AS last");
    assert!(traced.collector.all().is_empty());
    let (status, _) = traced.pgweir.stop();
    assert!(status.success());
    traced.collector.span("AS last");
}

#[test]
fn half_a_queue_is_sent_without_waiting_for_the_rest() {
    let database = Database::create();
    let traced = Traced::of(&database, "sample = 1\nqueue_size = 16\nexport_interval = \"1h\"");
    let mut wire = traced.pgweir.client(&database);
    (0..16).for_each(|n| drop(wire.rows(&format!("SELECT 1 AS q{n}"))));
    traced.collector.span("AS q0");
}

#[test]
fn a_collector_that_is_busy_is_asked_again() {
    let database = Database::create();
    let traced = Traced::of(&database, "sample = 1");
    traced.collector.set(Manner::Answers(503));
    let mut wire = traced.pgweir.client(&database);
    wire.rows("SELECT 1 AS early");
    let heads = traced.collector.requests(1);
    assert!(heads[0].starts_with("post /v1/traces http/1.1"), "{}", heads[0]);
    assert!(heads[0].contains("content-type: application/x-protobuf"), "{}", heads[0]);
    traced.collector.set(Manner::Takes);
    traced.collector.span("AS early");
}

#[test]
fn a_collector_that_refuses_is_not_asked_again_and_the_log_says_so() {
    let database = Database::create();
    let traced = Traced::of(&database, "sample = 1\nheaders = \"api-key=hush%20hush\"");
    traced.collector.set(Manner::Answers(401));
    let mut wire = traced.pgweir.client(&database);
    wire.rows("SELECT 1 AS refused");
    let line = traced.pgweir.wait_for_log("spans were not taken");
    assert!(line.contains("401") && line.contains(&traced.collector.url()), "{line}");
    assert!(traced.collector.requests(1)[0].contains("api-key: hush hush"));
    traced.collector.set(Manner::Takes);
    wire.rows("SELECT 1 AS taken");
    traced.collector.span("AS taken");
    assert!(traced.collector.all().iter().all(|got| !got.says("AS refused")));
    let (_, log) = traced.pgweir.stop();
    assert!(!log.contains("hush"), "{log}");
}

#[test]
fn a_collector_that_is_not_there_costs_spans_only() {
    let database = Database::create();
    let nobody = free_port();
    let config = format!(
        "{}\n[tracing]\nendpoint = \"http://127.0.0.1:{nobody}\"\nsample = 1\n",
        database.primary_config()
    );
    let pgweir = Pgweir::start(&config);
    let mut wire = pgweir.client(&database);
    (0..100).for_each(|_| assert_eq!(wire.value("SELECT 1"), "1"));
    let (status, _) = pgweir.stop();
    assert!(status.success());
}

#[test]
fn a_reload_begins_and_ends_it() {
    let database = Database::create();
    let plain = database.primary_config();
    let traced = Traced::start(&plain, "sample = 1");
    let mut wire = traced.pgweir.client(&database);
    wire.rows("SELECT 1 AS before");
    traced.collector.span("AS before");
    traced.pgweir.reload(&plain);
    let line = traced.pgweir.wait_for_log("tracing.endpoint");
    assert!(line.contains("reloaded") && !line.contains("restart"), "{line}");
    wire.rows("SELECT 1 AS between");
    let other = Collector::start(Manner::Takes);
    traced.pgweir.reload(&with_tracing(&plain, &other, "sample = 1"));
    until("the other one gets spans", || {
        wire.rows("SELECT 1 AS after");
        !other.all().is_empty()
    });
    let names = [traced.collector.all(), other.all()].concat();
    assert!(names.iter().all(|got| !got.says("AS between")));
}

#[test]
fn a_collector_proves_who_it_is_before_it_gets_anything() {
    let database = Database::create();
    let authority = tempfile::NamedTempFile::new().unwrap();
    let stranger = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(stranger.path(), self_signed().cert.pem()).unwrap();
    let own = self_signed();
    std::fs::write(authority.path(), own.cert.pem()).unwrap();
    let collector = Collector::start_with_tls(Manner::Takes, server_config(&own));
    let config = format!(
        "{}\n[tracing]\nendpoint = \"https://localhost:{}\"\nexport_interval = \"20ms\"\nsample = 1\n",
        database.primary_config(),
        collector.port()
    );
    let with = |trusted: &std::path::Path| {
        Pgweir::start_with(&config, &[("SSL_CERT_FILE", trusted.to_str().unwrap())])
    };
    let pgweir = with(stranger.path());
    pgweir.client(&database).rows("SELECT 1 AS secret");
    // Its end gives up what could not be sent.
    let (_, log) = pgweir.stop();
    assert!(log.contains("spans were not taken") && log.contains("certificate"), "{log}");

    let pgweir = with(authority.path());
    pgweir.client(&database).rows("SELECT 1 AS known");
    collector.span("AS known");
    assert!(collector.all().iter().all(|got| !got.says("AS secret")));
}

fn self_signed() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

fn server_config(own: &CertifiedKey<KeyPair>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(vec![own.cert.der().clone()], key).unwrap())
}
