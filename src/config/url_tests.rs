//! URLs that people paste, and what is said about those that cannot be used.

use proptest::prelude::*;

use super::*;
use crate::config::source::environment::Environment;
use crate::config::source::outside::NoFiles;

fn parse(text: &str) -> Result<ServerUrl, String> {
    let environment = Environment::from_iter([("DB_PASSWORD", "from-env\n")]);
    ServerUrl::parse(text, &Outside { environment: &environment, files: &NoFiles })
}

fn wrong(text: &str) -> String {
    parse(text).map_or_else(|wrong| wrong, |url| format!("read as {url:?}"))
}

fn tcp(host: &str, port: u16) -> HostAddress {
    HostAddress::Tcp { host: host.into(), port }
}

#[test]
fn all_the_parts() {
    let url = parse("postgres://app:s%40crET@db.example:6000/shop?sslmode=verify-full").unwrap();
    assert_eq!(url.address, tcp("db.example", 6000));
    assert_eq!(url.user.as_deref(), Some("app"));
    assert_eq!(url.password, Some("s@crET".into()));
    assert_eq!(url.dbname.as_deref(), Some("shop"));
    assert_eq!(url.sslmode, Some(SslMode::VerifyFull));
}

#[test]
fn the_least_that_is_a_url() {
    assert_eq!(parse("postgresql://db"), Ok(tcp("db", 5432).into()));
    assert_eq!(parse("postgres://[::1]:6000/"), Ok(tcp("::1", 6000).into()));
}

#[test]
fn sockets_are_written_two_ways() {
    let socket = HostAddress::Unix { dir: "/run/pg".into(), port: 6000 };
    assert_eq!(parse("postgres:///?host=/run/pg&port=6000"), Ok(socket.clone().into()));
    assert_eq!(parse("postgres://%2Frun%2Fpg:6000"), Ok(socket.into()));
}

#[test]
fn a_password_may_come_from_a_variable() {
    let url = parse("postgres://app:${DB_PASSWORD}@db").unwrap();
    assert_eq!(url.password, Some("from-env".into()));
    assert_eq!(wrong("postgres://app:${NOPE}@db"), "the variable \"NOPE\" is not set");
}

#[test]
fn a_bad_url_is_explained() {
    assert!(wrong("postgres://a,b/x").contains("several hosts"));
    assert!(wrong("postgres:///x?host=a,b").contains("several hosts"));
    assert!(wrong("postgres://db/?sslmod=require").contains("did you mean \"sslmode\"?"));
    assert!(wrong("postgres://db/?sslmode=requier").contains("did you mean \"require\"?"));
    assert!(wrong("postgres://db:x/").contains("1 to 65535"));
    assert!(wrong("postgres:///x").contains("no host"));
    assert!(wrong("postgres://u:100%@db").contains("%25"));
    assert!(wrong("mysql://db").contains("not a postgres:// URL"));
}

#[test]
fn a_password_with_a_slash_in_it_is_not_quoted() {
    let said = wrong("postgres://app:hun/ter2@db/x");
    assert!(!said.contains("hun") && !said.contains("ter2"), "{said}");
}

proptest! {
    #[test]
    fn anything_behind_the_scheme_is_a_url_or_an_error(rest in any::<String>()) {
        let _ = parse(&format!("postgres://{rest}"));
    }

    #[test]
    fn every_password_survives_encoding(password in "[^\0]{1,20}") {
        use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
        let encoded = utf8_percent_encode(&password, NON_ALPHANUMERIC);
        let url = parse(&format!("postgres://u:{encoded}@h")).unwrap();
        prop_assert_eq!(url.password, Some(password.as_str().into()));
    }
}
