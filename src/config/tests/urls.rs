//! Settings from the command line alone.

use super::*;

fn from(
    listen: Option<&str>,
    primary: &str,
    replicas: &[&str],
    variables: &[(&str, &str)],
) -> Result<Settings, String> {
    let replicas: Vec<_> = replicas.iter().map(|url| (*url).to_owned()).collect();
    let environment: Environment = variables.iter().copied().collect();
    let loaded = Settings::from_urls(listen, primary, &replicas, &environment);
    loaded.map(|loaded| loaded.settings).map_err(|mistakes| mistakes.to_string())
}

#[test]
fn user_and_password_are_the_clients_too() {
    let url = "postgres://app:file%3A%2Fpw@db:6000/shop?sslmode=require";
    let settings = from(Some("0.0.0.0:6500"), url, &["postgres://db2"], &[]).unwrap();
    let shop = &settings.databases["shop"];
    assert_eq!(settings.databases.len(), 1);
    assert_eq!(shop.dbname.as_deref(), Some("shop"));
    assert_eq!(shop.user.as_deref(), Some("app"));
    assert_eq!(shop.password, Some("file:/pw".into()));
    assert_eq!(shop.replicas, [tcp("db2", 5432)]);
    assert_eq!(shop.pool.server_tls_sslmode, SslMode::Require);
    assert_eq!(settings.users["app"].password, Some("file:/pw".into()));
    assert_eq!(settings.pooler.login.auth_type, AuthType::ScramSha256);
    assert_eq!(settings.pooler.listen.listen_port, 6500);
}

#[test]
fn without_a_dbname_any_name_is_answered() {
    let settings = from(None, "postgres://db", &[], &[]).unwrap();
    assert_eq!(settings.database("whatever").unwrap().primary, tcp("db", 5432));
    assert_eq!(settings.databases[ANY_DATABASE].dbname, None);
}

#[test]
fn without_a_password_only_this_machine_is_trusted() {
    let settings = from(None, "postgres://app@db", &[], &[]).unwrap();
    assert_eq!(settings.pooler.login.auth_type, AuthType::Trust);
    assert!(from(Some("/tmp"), "postgres://app@db", &[], &[]).is_ok());
    assert!(from(Some("[::1]:6500"), "10.0.0.1", &[], &[]).is_ok());
    let said = from(Some("0.0.0.0:6432"), "postgres://app@db", &[], &[]).unwrap_err();
    let expected = "--listen: pooler.listen_addr: the URL of --primary has no password";
    assert!(said.starts_with(expected) && said.contains("--config"), "{said}");
    let all = [("PGWEIR_POOLER_LISTEN_ADDR", "*")];
    let said = from(None, "postgres://app@db", &[], &all).unwrap_err();
    assert!(said.starts_with("PGWEIR_POOLER_LISTEN_ADDR: pooler.listen_addr: "), "{said}");
    let meant = [all[0], ("PGWEIR_POOLER_AUTH_TYPE", "trust")];
    assert!(from(None, "postgres://app@db", &[], &meant).is_ok());
}

#[test]
fn the_address_to_listen_on_has_many_forms() {
    let listen = |address| {
        let settings = from(Some(address), "postgres://u:p@db", &[], &[])?;
        let listen = settings.pooler.listen;
        let hosts: Vec<_> = listen.listen_addr.iter().map(ToString::to_string).collect();
        let dir = listen.unix_socket_dir.map(|dir| dir.display().to_string());
        Ok::<_, String>((hosts.join(","), listen.listen_port, dir.unwrap_or_default()))
    };
    let expect = |host: &str, port, dir: &str| Ok((host.to_owned(), port, dir.to_owned()));
    assert_eq!(listen("0.0.0.0:6500"), expect("0.0.0.0", 6500, ""));
    assert_eq!(listen("*"), expect("*", 6432, ""));
    assert_eq!(listen(":6500"), expect("127.0.0.1", 6500, ""));
    assert_eq!(listen("6500"), expect("127.0.0.1", 6500, ""));
    assert_eq!(listen("[::1]:0"), expect("::1", 0, ""));
    assert_eq!(listen("/run/pgweir"), expect("", 6432, "/run/pgweir"));
    assert_eq!(listen("/run/pgweir:6500"), expect("", 6500, "/run/pgweir"));
    assert!(listen("::1").unwrap_err().starts_with("--listen: the address has several colons"));
    assert!(listen("db:6500").unwrap_err().contains("\"db\" is not an address to listen on"));
    assert!(listen("*:x").unwrap_err().contains("--listen: pooler.listen_port"));
}

#[test]
fn the_environment_overrides_and_the_argument_wins() {
    let port = [("PGWEIR_POOLER_LISTEN_PORT", "1"), ("PGWEIR_POOLER_WORKERS", "3")];
    let settings = from(Some(":2"), "postgres://u:p@db", &[], &port).unwrap();
    assert_eq!(settings.pooler.listen.listen_port, 2);
    assert_ne!(settings.pooler.process.workers, Workers::Auto);
}

#[test]
fn a_trusted_root_is_the_poolers() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().display();
    let url = format!("postgres://u:p@db?sslmode=verify-ca&sslrootcert={path}");
    let settings = from(None, &url, &[], &[]).unwrap();
    assert_eq!(settings.pooler.tls.server_tls_ca_file.as_deref(), Some(file.path()));
    let said = from(None, "postgres://u:p@db", &[&url], &[]).unwrap_err();
    assert!(said.contains("write server_tls_ca_file in [pooler]"), "{said}");
}

#[test]
fn a_url_in_a_variable_is_as_good() {
    let variables = [("DATABASE_URL", "postgres://u:p@db/shop")];
    let settings = from(None, "${DATABASE_URL}", &[], &variables).unwrap();
    assert_eq!(settings.databases["shop"].user.as_deref(), Some("u"));
    assert_eq!(settings.pooler.login.auth_type, AuthType::ScramSha256);
}

#[test]
fn a_bad_url_is_told_once() {
    let said = from(None, "postgres://u:p@a,b/x", &["postgres://c?sslmod=x"], &[]).unwrap_err();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with("--primary: databases.\"*\".primary: the URL names several"));
    assert!(lines[1].starts_with("--replica: databases.\"*\".replicas: "), "{said}");
    assert!(lines[1].contains("did you mean \"sslmode\"?"), "{said}");
}
