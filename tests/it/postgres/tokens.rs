//! Tokens that lead nowhere.

use super::consistency::stage::Stage;
use crate::support::{Pgweir, Wire};

fn client(stage: &Stage, pgweir: &Pgweir) -> Wire {
    pgweir.wire(stage.cluster.superuser(), stage.cluster.password(), "postgres")
}

#[test]
fn a_token_of_another_cluster_is_refused_and_the_session_lives_on() {
    let stages = [Stage::set(), Stage::set()];
    let pgweirs = [stages[0].pgweir(""), stages[1].pgweir("")];
    let token = client(&stages[0], &pgweirs[0]).value("SHOW pgweir.token");
    let mut wire = client(&stages[1], &pgweirs[1]);
    let error = wire.error(&format!("SET pgweir.read_after = '{token}'"));
    assert_eq!(error.severity, "ERROR");
    assert!(error.message.contains("cluster") || error.detail.contains("cluster"), "{error}");
    assert_eq!(wire.value("SELECT max(value) FROM register"), "0");
    let mut own = client(&stages[0], &pgweirs[0]);
    own.rows(&format!("SET pgweir.read_after = '{token}'"));
    assert_eq!(own.value("SELECT max(value) FROM register"), "0");
}

#[test]
fn a_pgweir_in_front_of_the_primary_alone_knows_tokens_too() {
    let stage = Stage::set();
    let cluster = &stage.cluster;
    let alone = Pgweir::start(&format!(
        "[databases.postgres]\nprimary = \"{}\"\n\n[users.{}]\npassword = \"{}\"\n",
        cluster.primary().address(),
        cluster.superuser(),
        cluster.password(),
    ));
    let with_replicas = stage.pgweir("max_replica_lag = \"1h\"\nno_replica = \"wait\"");
    let mut writer = client(&stage, &alone);
    let backends = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
    let before: i64 = cluster.psql("postgres", backends).unwrap().parse().unwrap();
    for value in 1..=3 {
        writer.rows(&format!("UPDATE register SET value = {value}"));
        let token = writer.value("SHOW pgweir.token");
        let mut reader = client(&stage, &with_replicas);
        reader.rows(&format!("SET pgweir.read_after = '{token}'"));
        assert_eq!(reader.value("SELECT max(value) FROM register"), value.to_string());
        assert!(reader.rows("SHOW pgweir.server")[0][1].as_deref() == Some("replica"));
        writer.rows(&format!("SET pgweir.read_after = '{token}'"));
        assert_eq!(writer.value("SELECT max(value) FROM register"), value.to_string());
    }
    let after: i64 = cluster.psql("postgres", backends).unwrap().parse().unwrap();
    assert!(after - before <= 3, "one connection for tokens, and the other pgweir's");
    let ahead = "1-1-FFFFFFFF/FFFFFFFF";
    assert_eq!(writer.error(&format!("SET pgweir.read_after = '{ahead}'")).code, "22023");
}

#[test]
fn a_token_that_is_none_is_refused_and_the_session_lives_on() {
    let stage = Stage::set();
    let pgweir = stage.pgweir("");
    let mut wire = client(&stage, &pgweir);
    for token in ["", "x", "0/0", "1:1:0/FFFFFFFFFFFFFFFFFFFF", "''", "\u{e9}"] {
        let token = token.replace('\'', "''");
        assert_eq!(
            wire.error(&format!("SET pgweir.read_after = '{token}'")).code,
            "22023",
            "{token}"
        );
        assert_eq!(wire.value("SELECT max(value) FROM register"), "0");
    }
}
