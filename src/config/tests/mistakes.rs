//! What is said about a file with mistakes, word for word where a user would look for it.

use super::*;

/// A pooler section before the smallest file.
fn pooler(lines: &str) -> String {
    format!("[pooler]\n{lines}\n{SMALLEST}")
}

const MANY_MISTAKES: &str = r#"[pooler]
listen_port = 70000
lisetn_addr = "127.0.0.1"
query_wait_timeout = 120
pool_mode = "transction"
auth_type = "hba"
workers = 0
tcp_keepalive = 1

[routing]
read_write_split = "yes"

[databases.app]
primary = "10.0.0.1:99999"
hosts = ["a", "b"]
pool_size = 0

[databases."my app"]
pool_sizes = 3

[users.app]
password = "file:/run/secrets/app"

[logging]
level = "info"
"#;

#[test]
fn every_mistake_at_once_in_file_order() {
    let said = wrong(MANY_MISTAKES);
    let time = "a time of at least 1ms (\"500ms\", \"30s\", \"5min\", \"1h\", \"1d\")";
    let address =
        r#""host:port", "[::1]:port", "/socket/dir", "/socket/dir:port" or a postgres:// URL"#;
    let expected = [
        "2: pooler.listen_port: 70000 is too large; allowed: a whole number from 0 to 65535".into(),
        "3: pooler.lisetn_addr: unknown key, did you mean \"listen_addr\"?".into(),
        format!(
            "4: pooler.query_wait_timeout: 120 has no unit, write \"120s\"; \
             allowed: {time}, or 0: no limit"
        ),
        "5: pooler.pool_mode: \"transction\" is not known, did you mean \"transaction\"?; \
         allowed: \"session\" | \"transaction\" | \"statement\""
            .into(),
        "6: pooler.auth_type: \"hba\" is refused: rules by address are not read yet, use \
         \"scram-sha-256\" for everybody; \
         allowed: \"trust\" | \"plain\" | \"md5\" | \"scram-sha-256\""
            .into(),
        "7: pooler.workers: 0 is too small; allowed: \"auto\" or a whole number from 1 to 1024"
            .into(),
        "8: pooler.tcp_keepalive: 1 is neither true nor false; allowed: true or false".into(),
        "11: routing.read_write_split: \"yes\" is none of them; allowed: true, false or \"shadow\""
            .into(),
        format!(
            "14: databases.app.primary: \"10.0.0.1:99999\" has a port that is not a number from 1 \
             to 65535; allowed: {address}"
        ),
        "15: databases.app.hosts: refused in this version: roles are not followed yet, write \
         primary and replicas; allowed: nothing in this version"
            .into(),
        "16: databases.app.pool_size: 0 is too small; allowed: a whole number from 1 to 10000"
            .into(),
        "18: databases.\"my app\".primary: a database needs it".into(),
        "19: databases.\"my app\".pool_sizes: unknown key, did you mean \"pool_size\"?".into(),
        "22: users.app.password: cannot read \"/run/secrets/app\": entity not found; \
         allowed: a string, \"${VARIABLE}\" or \"file:PATH\""
            .into(),
        "24: logging: unknown section; \
         allowed: [pooler] [routing] [databases.NAME] [users.NAME] [metrics] [tracing]"
            .into(),
    ];
    let expected: Vec<String> = expected.iter().map(|line| format!("p.toml:{line}")).collect();
    assert_eq!(said, expected.join("\n"));
}

#[test]
fn syntax_errors_do_not_hide_other_mistakes_nor_invent_them() {
    let said = wrong("[pooler]\nlisten_port = \nworkers = 0\npool_mode = \"session\n");
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].starts_with("p.toml:2: "), "{said}");
    assert!(lines[1].starts_with("p.toml:3: pooler.workers: 0 is too small"), "{said}");
    assert!(lines[2].starts_with("p.toml:4: "), "{said}");
}

#[test]
fn a_key_that_stands_twice_is_a_mistake() {
    let said = wrong(&pooler("listen_port = 1\nlisten_port = 2"));
    assert_eq!(said, "p.toml:3: duplicate key");
}

#[test]
fn a_key_in_the_wrong_place_is_shown_the_right_one() {
    let said = wrong(&format!("listen_port = 1\n{SMALLEST}"));
    assert!(said.contains("p.toml:1: listen_port: unknown section, the key belongs in [pooler]"));
    let said = wrong(&pooler("replicas = []"));
    assert!(
        said.contains("p.toml:2: pooler.replicas: unknown key, it belongs in [databases.NAME]")
    );
    let said = wrong(&format!("databases = 1\nusers.x = 2\n[poler]\n{SMALLEST}"));
    assert!(said.contains("p.toml:1: databases: it is not a table"), "{said}");
    assert!(said.contains("p.toml:2: users.x: it is not a table; allowed: [users.NAME]"), "{said}");
    assert!(said.contains("p.toml:3: poler: unknown section, did you mean \"pooler\"?"), "{said}");
}

#[test]
fn an_empty_file_lacks_a_database_and_users() {
    assert_eq!(
        wrong(""),
        "p.toml:1: databases: there is no database: write [databases.NAME], or \
         [databases.\"*\"] for any name, with its primary\n\
         p.toml:1: pooler.auth_type: \"scram-sha-256\" needs users, and there is neither a \
         [users.NAME] table nor auth_file"
    );
}

#[test]
fn sizes_that_do_not_fit() {
    let said = wrong(&pooler("min_pool_size = 30"));
    let fits = "pooler.min_pool_size: min_pool_size = 30 is more than default_pool_size = 20";
    assert_eq!(said, format!("p.toml:2: {fits}"));
    let said = wrong(&pooler("min_pool_size = 10").replace("\"10.0.0.1\"", "\"a\"\npool_size = 5"));
    assert!(
        said.contains("databases.app.pool_size: min_pool_size = 10 is more than pool_size = 5")
    );
    let said = wrong(&pooler("min_pool_size = 30\ndefault_pool_size = \"x\""));
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn tls_modes_without_their_files() {
    let said = wrong(&pooler("client_tls_sslmode = \"require\""));
    assert!(said.contains("\"require\" needs client_tls_cert_file and client_tls_key_file"));
    let said = wrong(&pooler("server_tls_sslmode = \"verify-ca\""));
    assert!(said.contains("\"verify-ca\" needs server_tls_ca_file"), "{said}");
    assert_eq!(wrong(&pooler("server_tls_sslmode = \"verify-full\"")), "");
    let said = wrong(&pooler("server_tls_key_file = \"k.pem\""));
    assert!(said.contains("server_tls_cert_file and server_tls_key_file go together"), "{said}");
    let said = wrong(&pooler("client_tls_ca_file = \"ca.pem\""));
    assert_eq!(
        said,
        "p.toml:2: pooler.client_tls_ca_file: cannot open \"ca.pem\": entity not found"
    );
}

#[test]
fn users_who_could_not_log_in() {
    let said = wrong(&SMALLEST.replace("password = \"x\"", ""));
    assert!(said.contains("p.toml:4: users.app.password: \"scram-sha-256\" needs it"), "{said}");
    let md5 = format!("\"md5{}\"", "0".repeat(32));
    let said = wrong(&SMALLEST.replace("\"x\"", &md5));
    assert!(said.contains("p.toml:5: users.app.password: an md5 secret cannot be used"), "{said}");
    assert_eq!(wrong(&pooler("auth_type = \"md5\"").replace("\"x\"", &md5)), "");
    assert!(wrong(&SMALLEST.replace("\"x\"", "\"${NOPE}\"")).contains("\"NOPE\" is not set"));
    assert!(wrong(&SMALLEST.replace("\"x\"", "\"\"")).contains("it is empty"));
}

#[test]
fn databases_that_could_not_work() {
    let said = wrong(&SMALLEST.replace("databases.app", "databases.pgbouncer"));
    assert_eq!(said, "p.toml:2: databases.pgbouncer: the name is the console's");
    let twice = "\"a\"\nreplicas = [\"b\", \"a:5432\"]";
    let said = wrong(&SMALLEST.replace("\"10.0.0.1\"", twice));
    let place = "p.toml:4: databases.app.replicas";
    assert_eq!(said, format!("{place}: a:5432 stands twice among primary and replicas"));
    let weight = "\"a?weight=2\"\nreplicas = [\"b\"]";
    let said = wrong(&SMALLEST.replace("\"10.0.0.1\"", weight));
    assert!(said.contains("databases.app.primary: only a replica has a weight"), "{said}");
    for weight in ["0", "1001", "-1", "", "two"] {
        let weighted = format!("\"a\"\nreplicas = [\"b?weight={weight}\"]");
        let said = wrong(&SMALLEST.replace("\"10.0.0.1\"", &weighted));
        let expected = format!("the weight \"{weight}\" is not a whole number from 1 to 1000");
        assert!(
            said.contains("p.toml:4: databases.app.replicas") && said.contains(&expected),
            "{said}"
        );
    }
    let said = wrong(&SMALLEST.replace("\"10.0.0.1\"", "\"a\"\npassword = \"x\""));
    assert!(said.contains("there is no user for it"), "{said}");
    let said = wrong(&SMALLEST.replace("\"10.0.0.1\"", "\"postgres://u:p@a\"\nuser = \"v\""));
    assert!(said.contains("databases.app.user: it differs from what the URL"), "{said}");
    let urls = "\"postgres://u:p@a\"\nreplicas = [\"postgres://v:p@b\"]";
    let said = wrong(&SMALLEST.replace("\"10.0.0.1\"", urls));
    assert!(said.contains("the URL of b:5432 has another user"), "{said}");
}

#[test]
fn nothing_to_listen_on() {
    let said = wrong(&pooler("listen_addr = \"\""));
    assert!(said.contains("neither an address nor a unix_socket_dir"), "{said}");
    assert_eq!(wrong(&pooler("listen_addr = []\nunix_socket_dir = \"/tmp\"")), "");
    let said = wrong(&pooler(&format!("unix_socket_dir = \"/{}\"", "x".repeat(100))));
    assert!(said.contains("over 107 bytes"), "{said}");
}

#[test]
fn no_secret_is_in_a_mistake() {
    let text = r#"
        [databases.a]
        primary = "postgres://u:hunter2@a:x/"
        replicas = ["hunter2@b c", "postgre://u:hunter2@h"]
        [users.u]
        password = ["hunter2"]
    "#;
    let said = wrong(text);
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn nesting_without_end_is_a_mistake_and_no_overflow() {
    for deep in ["[".repeat(50_000), format!("{}=1", "a.".repeat(50_000)), "a={".repeat(50_000)] {
        assert!(!wrong(&deep).is_empty());
        assert!(!wrong(&format!("[pooler]\nlisten_addr = {deep}")).is_empty());
        assert!(!wrong(&format!("[pooler]\n{deep}")).is_empty());
    }
}
