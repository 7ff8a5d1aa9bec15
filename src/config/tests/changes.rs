//! One setting changed while the process runs.

use super::change::{CannotChange, Changed};
use super::*;

/// A file that there is.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

fn loaded(text: &str) -> Loaded {
    load(text, &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn one_setting_changes_and_what_inherits_it() {
    let before = loaded(SMALLEST);
    let Changed { loaded: after, old, .. } = before.with("default_pool_size", "7").unwrap();
    assert_eq!(old, "20");
    assert_eq!(after.settings.pooler.pools.default_pool_size, 7);
    assert_eq!(after.settings.databases["app"].pool.pool_size, 7);
    let Changed { loaded: again, old, new } = after.with("query_wait_timeout", "60s").unwrap();
    assert_eq!((old.as_str(), new.as_str()), ("2min", "1min"));
    assert_eq!(again.settings.pooler.pools.default_pool_size, 7, "changes add up");
}

#[test]
fn a_database_and_routing_have_keys_of_their_own() {
    let before = loaded(SMALLEST);
    let Changed { loaded: after, old, .. } = before.with("databases.app.pool_size", "3").unwrap();
    assert_eq!((old.as_str(), after.settings.databases["app"].pool.pool_size), ("20", 3));
    assert_eq!(after.settings.pooler.pools.default_pool_size, 20);
    for key in ["no_replica", "routing.no_replica"] {
        let Changed { loaded: after, old, .. } = before.with(key, "error").unwrap();
        assert_eq!(
            (old.as_str(), after.settings.routing.no_replica),
            ("primary", NoReplica::Error)
        );
    }
}

#[test]
fn a_secret_is_not_told() {
    let changed = loaded(SMALLEST).with("tracing.headers", "api-key=hunter2").unwrap();
    assert_eq!((changed.old.as_str(), changed.new.as_str()), ("", "[secret]"));
}

#[test]
fn what_goes_with_another_is_changed_beside_it() {
    let before = loaded(SMALLEST);
    let (cert, key) = (("client_tls_cert_file", FILE), ("client_tls_key_file", FILE));
    assert!(matches!(before.with(cert.0, cert.1), Err(CannotChange::Mistakes(_))));
    let changed = before.with_pair(Some(cert), key).unwrap();
    assert_eq!((changed.old.as_str(), changed.new.as_str()), ("", FILE));
    assert!(changed.loaded.settings.pooler.tls.client_tls_cert_file.is_some());
}

#[test]
fn what_is_wrong_is_told() {
    let before = loaded(SMALLEST);
    let refusal = |key: &str, value: &str| match before.with(key, value) {
        Err(CannotChange::NoSuchKey(near)) => near.unwrap_or_else(|| "no such key".into()),
        Err(CannotChange::NeedsRestart) => "restart".into(),
        Err(CannotChange::Mistakes(mistakes)) => mistakes.to_string(),
        Ok(_) => "none".into(),
    };
    assert_eq!(refusal("default_pol_size", "7"), "default_pool_size");
    assert_eq!(refusal("listen_port", "7"), "restart");
    assert_eq!(refusal("databases.app.password", "x"), "no such key");
    assert_eq!(refusal("databases.nix.pool_size", "7"), "no such key");
    assert_eq!(refusal("users.app.password", "x"), "no such key");
    let wrong = refusal("default_pool_size", "0");
    assert!(wrong.starts_with("SET: pooler.default_pool_size: "), "{wrong}");
    let wrong = refusal("min_pool_size", "21");
    assert!(wrong.contains("min_pool_size"), "rules between settings hold: {wrong}");
}

#[test]
fn the_list_has_every_setting_and_no_secret() {
    let listed = settings(SMALLEST).listed();
    let of = |key: &str| listed.iter().find(|listed| listed.key == key).unwrap().clone();
    let timeout = of("query_wait_timeout");
    assert_eq!((timeout.value.as_str(), timeout.default.as_str()), ("2min", "2min"));
    assert!(timeout.changeable && !of("listen_port").changeable);
    assert_eq!(of("routing.no_replica").value, "primary");
    let sections = [Section::Pooler, Section::Routing, Section::Metrics, Section::Tracing];
    let settings = sections.iter().flat_map(|section| section.settings()).count();
    assert_eq!(listed.len(), settings);
}

use super::section::Section;
