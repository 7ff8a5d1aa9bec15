//! Facts for tests: one database, one pool, one client.

use super::console::Console;
use super::facts::Facts;
use super::house::{House, HouseSeen, SettingSeen};
use crate::auth::{Credential, RequireAuth};
use crate::net::tls::{ServerTls, ServerTlsPem, SslMode};
use crate::net::{Address, Keepalive};
use crate::pool::Limits;
use crate::pooler::registry::Databases;
use crate::pooler::{
    ApplicationName, ClientSeen, Database, Doing, HostTarget, Letter, Mailbox, Pin, Pooler,
    ServerLogin, Who,
};
use crate::routing::{Classifier, Policy};
use crate::session::PoolMode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc::UnboundedReceiver;

fn database() -> Database {
    let tls =
        ServerTls::new(SslMode::Disable, ServerTlsPem { ca: None, cert: None, key: None }).unwrap();
    let host = |port| HostTarget {
        address: Address::Tcp("10.0.0.1".into(), port),
        host_name: "10.0.0.1".into(),
        tls: tls.clone(),
        weight: 1,
    };
    Database {
        name: "app".into(),
        dbname: Some("app".into()),
        user: None,
        credential: None,
        primary: host(5432),
        replicas: vec![host(5433)],
        limits: Limits::new(20, 0).unwrap(),
        mode: PoolMode::Transaction,
        policy: Policy::default(),
        query_wait_timeout: None,
        reset_query: String::new(),
        login: ServerLogin {
            require_auth: RequireAuth::Any,
            connect_timeout: Duration::from_secs(1),
            keepalive: Keepalive::default(),
            prepared_max: 0,
        },
        catalog_refresh: Duration::from_secs(60),
        log_min_duration: None,
        identity: 0,
    }
}

/// A console over one database with one pool, and the letters to its one worker.
pub(super) fn console() -> (Arc<Console>, UnboundedReceiver<Letter>) {
    let databases = Databases::from([("app".to_owned(), Arc::new(database()))]);
    let (mailbox, letters) = Mailbox::new();
    let pooler = Arc::new(Pooler::new(databases, vec![mailbox], Classifier::new(rand::random())));
    let database = pooler.database("app").unwrap();
    pooler.pools("app", &database, "me", &Credential::Nothing).unwrap();
    (Arc::new(Console::new(pooler, House::new().0)), letters)
}

/// A client that waits.
pub(super) fn client(id: u32) -> ClientSeen {
    let who = Who {
        user: "me".into(),
        database: "app".into(),
        application_name: ApplicationName::new(b"test"),
        peer: None,
        local: Some(([127, 0, 0, 1], 6432).into()),
        tls: None,
        since: SystemTime::now(),
    };
    ClientSeen {
        id,
        who: Arc::new(who),
        doing: Doing::Waiting,
        server: None,
        asked: Some(Instant::now()),
        prepared: 3,
        pin: Some(Pin::SessionMode),
        server_prepared: 0,
    }
}

/// What is to be seen there, with a client that waits.
pub(super) fn facts() -> Facts {
    let mut facts = Facts::at_once(&console().0);
    facts.clients.push(client(17));
    let setting = SettingSeen {
        key: "max_client_conn".into(),
        value: "5".into(),
        default: "10000".into(),
        changeable: true,
    };
    facts.house = HouseSeen { settings: vec![setting], users: vec!["me".into()] };
    facts
}
