//! Variables that override keys, and those that only seem to.

use super::*;
use crate::config::section::routing::Split;

/// The smallest file and these variables.
fn with(variables: &[(&str, &str)]) -> Result<Settings, String> {
    load(SMALLEST, variables).map(|loaded| loaded.settings).map_err(|m| m.to_string())
}

#[test]
fn a_variable_overrides_a_key_of_any_type() {
    let settings = with(&[
        ("PGWEIR_POOLER_LISTEN_PORT", "6500"),
        ("PGWEIR_POOLER_LISTEN_ADDR", "127.0.0.1,::1"),
        ("PGWEIR_POOLER_QUERY_WAIT_TIMEOUT", "5s"),
        ("PGWEIR_POOLER_TCP_KEEPALIVE", "false"),
        ("PGWEIR_ROUTING_NO_REPLICA", "wait"),
        ("PGWEIR_DATABASES_APP_POOL_SIZE", "40"),
        ("PGWEIR_DATABASES_APP_READ_WRITE_SPLIT", "false"),
        ("PGWEIR_USERS_APP_PASSWORD", "other"),
    ])
    .unwrap();
    assert_eq!(settings.pooler.listen.listen_port, 6500);
    assert_eq!(settings.pooler.listen.listen_addr.len(), 2);
    assert!(!settings.pooler.listen.tcp_keepalive);
    let app = &settings.databases["app"];
    assert_eq!(app.pool.pool_size, 40);
    assert_eq!(app.pool.query_wait_timeout, Some(std::time::Duration::from_secs(5)));
    assert_eq!(app.routing.no_replica, NoReplica::Wait);
    assert_eq!(app.routing.read_write_split, Split::Off);
    assert_eq!(settings.users["app"].password, Some("other".into()));
}

#[test]
fn a_bad_value_is_told_with_the_variable() {
    let said = with(&[("PGWEIR_POOLER_WORKERS", "many")]).unwrap_err();
    let expected = "PGWEIR_POOLER_WORKERS: pooler.workers: \"many\" is not a whole number";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn a_variable_that_means_no_key_is_a_mistake() {
    let said = with(&[
        ("PGWEIR_DATABASES_NOPE_POOL_SIZE", "1"),
        ("PGWEIR_POOLER_FAVOURITE_COLOUR", "red"),
        ("PGWEIR_POOLER_LISTEN_PROT", "1"),
        ("PGWEIR_POOLR_WORKERS", "1"),
    ])
    .unwrap_err();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[0].starts_with("PGWEIR_DATABASES_NOPE_POOL_SIZE: it overrides no key; allowed"));
    assert!(lines[1].starts_with("PGWEIR_POOLER_FAVOURITE_COLOUR: it overrides no key; allowed"));
    assert!(lines[2].ends_with("did you mean PGWEIR_POOLER_LISTEN_PORT?"), "{said}");
    assert!(lines[3].ends_with("did you mean PGWEIR_POOLER_WORKERS?"), "{said}");
}

#[test]
fn other_variables_are_nobodys_business() {
    assert!(with(&[("PGWEIR_APP_PASSWORD", "x"), ("PGWEIR", "x"), ("PATH", "/bin")]).is_ok());
}

#[test]
fn names_match_without_case_and_signs_unless_two_do() {
    let one = "[databases.My-App]\nprimary = \"a\"\n[users.u]\npassword = \"x\"\n";
    let variables = [("PGWEIR_DATABASES_MY_APP_POOL_SIZE", "7")];
    let settings = load(one, &variables).unwrap().settings;
    assert_eq!(settings.databases["My-App"].pool.pool_size, 7);
    let two = format!("{one}[databases.my_app]\nprimary = \"a\"\n");
    let said = load(&two, &variables).unwrap_err().to_string();
    assert_eq!(
        said,
        "PGWEIR_DATABASES_MY_APP_POOL_SIZE: it means any of databases.My-App.pool_size, \
         databases.my_app.pool_size"
    );
}

#[test]
fn the_environment_does_not_show_its_values() {
    let environment: Environment = [("A", "hunter2")].into_iter().collect();
    assert_eq!(format!("{environment:?}"), "[\"A\"]");
}
