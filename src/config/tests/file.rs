//! What a file without mistakes becomes.

use std::io::Write;
use std::time::Duration;

use super::*;

#[test]
fn the_smallest_file_has_every_default() {
    let settings = settings(SMALLEST);
    assert_eq!(settings.pooler, Pooler::default());
    assert_eq!(settings.routing, Routing::default());
    let app = &settings.databases["app"];
    assert_eq!(app.primary, tcp("10.0.0.1", 5432));
    assert_eq!(app.dbname.as_deref(), Some("app"));
    assert_eq!(app.user, None);
    assert_eq!(app.pool.pool_size, 20);
    assert_eq!(app.pool.query_wait_timeout, Some(Duration::from_secs(120)));
}

#[test]
fn a_database_inherits_what_it_does_not_say() {
    let settings = settings(
        r#"
        [pooler]
        default_pool_size = 30
        query_wait_timeout = "2s"
        server_tls_sslmode = "require"
        [routing]
        no_replica = "wait"
        [databases.own]
        primary = "a"
        pool_size = 5
        pool_mode = "session"
        query_wait_timeout = 0
        no_replica = "error"
        [databases.none]
        primary = "b"
        [users.u]
        password = "x"
        "#,
    );
    let (own, none) = (&settings.databases["own"], &settings.databases["none"]);
    assert_eq!((own.pool.pool_size, none.pool.pool_size), (5, 30));
    assert_eq!(own.pool.pool_mode, PoolMode::Session);
    assert_eq!(none.pool.pool_mode, PoolMode::Transaction);
    assert_eq!(own.pool.query_wait_timeout, None);
    assert_eq!(none.pool.query_wait_timeout, Some(Duration::from_secs(2)));
    assert_eq!(own.routing.no_replica, NoReplica::Error);
    assert_eq!(none.routing.no_replica, NoReplica::Wait);
    assert_eq!(own.pool.server_tls_sslmode, SslMode::Require);
}

#[test]
fn the_star_answers_for_other_names_and_keeps_them() {
    let settings = settings(
        r#"
        [databases."*"]
        primary = "a"
        [databases.app]
        primary = "b"
        [users.u]
        password = "x"
        "#,
    );
    assert_eq!(settings.database("app").unwrap().primary, tcp("b", 5432));
    let other = settings.database("other").unwrap();
    assert_eq!((&other.primary, &other.dbname), (&tcp("a", 5432), &None));
}

#[test]
fn a_primary_may_be_a_url_with_the_login_in_it() {
    let settings = settings(
        r#"
        [databases.app]
        primary = "postgres://bob:pw@a:6000/real?sslmode=require"
        replicas = ["b", "postgres://bob@c/real"]
        [users.u]
        password = "x"
        "#,
    );
    let app = &settings.databases["app"];
    assert_eq!(app.primary, tcp("a", 6000));
    assert_eq!(app.replicas, [tcp("b", 5432), tcp("c", 5432)]);
    assert_eq!(app.dbname.as_deref(), Some("real"));
    assert_eq!(app.user.as_deref(), Some("bob"));
    assert_eq!(app.password, Some("pw".into()));
    assert_eq!(app.pool.server_tls_sslmode, SslMode::Require);
}

#[test]
fn secrets_come_from_variables_and_files() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "from-file").unwrap();
    let text = format!(
        "[databases.a]\nprimary = \"${{URL}}\"\n\
         [users.one]\npassword = \"${{ONE}}\"\n\
         [users.two]\npassword = \"file:{}\"\n\
         [users.three]\npassword = \"SCRAM-SHA-256$4096:salt$stored:server\"",
        file.path().display()
    );
    let environment: Environment =
        [("URL", "postgres://u:p@h"), ("ONE", "from-env")].into_iter().collect();
    let outside = Outside { environment: &environment, files: &Disk };
    let settings = Settings::from_text("p.toml", &text, outside).unwrap().settings;
    assert_eq!(settings.databases["a"].password, Some("p".into()));
    assert_eq!(settings.users["one"].password, Some("from-env".into()));
    assert_eq!(settings.users["two"].password, Some("from-file".into()));
    let scram = settings.users["three"].password.as_ref().unwrap();
    assert_eq!(scram.expose(), "SCRAM-SHA-256$4096:salt$stored:server");
}

#[test]
fn no_secret_is_in_the_debug_text() {
    let settings = settings(
        "[databases.a]\nprimary = \"postgres://u:hunter2@h\"\n[users.u]\npassword = \"hunter2\"",
    );
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn lists_may_be_strings_with_commas() {
    let settings = settings(
        r#"
        [pooler]
        listen_addr = "127.0.0.1, [::1]"
        admin_users = "ann, bob"
        [databases.a]
        primary = "a"
        replicas = "b,c:6000?weight=3,postgres://d?weight=1000"
        [users.ann]
        password = "x"
        "#,
    );
    assert_eq!(settings.pooler.listen.listen_addr.len(), 2);
    assert_eq!(settings.pooler.login.admin_users, ["ann", "bob"]);
    let (b, c, d) = (tcp("b", 5432), tcp("c", 6000), tcp("d", 5432));
    assert_eq!(settings.databases["a"].replicas, [b, c, d]);
    assert_eq!(settings.databases["a"].replica_weights, [1, 3, 1000]);
}

#[test]
fn a_setting_without_effect_is_a_warning_only_where_it_is_written() {
    assert_eq!(load(SMALLEST, &[]).unwrap().warnings, []);
    let text = format!("{SMALLEST}pool_size = 3\n");
    let told = |text: &str, variables: &[(&str, &str)]| {
        let warnings = load(text, variables).unwrap().warnings;
        warnings.iter().map(|w| format!("{}: {}", w.place, w.key)).collect::<Vec<_>>()
    };
    assert_eq!(told(&text, &[]), ["p.toml:6: users.app.pool_size"]);
    let variable = "PGWEIR_USERS_APP_POOL_SIZE";
    let expected = format!("{variable}: users.app.pool_size");
    assert_eq!(told(SMALLEST, &[(variable, "3")]), [expected]);
}

#[test]
fn a_file_is_checked_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pooler.toml");
    let name = path.display();
    let none = Environment::default();

    let (said, status) = check::report(&path, &none);
    assert!(said.starts_with(&format!("{name}: cannot read it: ")), "{said}");
    assert_eq!(status, 78);

    std::fs::write(&path, SMALLEST).unwrap();
    let (said, status) = check::report(&path, &none);
    assert_eq!(said, format!("{name}: ok: 1 database on 1 host, 1 user, pools of 20"));
    assert_eq!(status, 0);

    std::fs::write(&path, format!("{SMALLEST}pool_size = 3\n")).unwrap();
    let (said, status) = check::report(&path, &none);
    let expected = format!("warning: {name}:6: users.app.pool_size: it has no effect");
    assert!(said.starts_with(&expected) && said.ends_with(", 1 warning"), "{said}");
    assert_eq!(status, 0);

    std::fs::write(&path, "[pooler]\npool_mode = 1\n").unwrap();
    let (said, status) = check::report(&path, &none);
    assert!(said.ends_with("\n3 mistakes"), "{said}");
    assert_eq!(status, 78);
}
