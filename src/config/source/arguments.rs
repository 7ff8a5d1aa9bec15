//! The command line: the URLs of the hosts, and the address to listen on.

use super::outside::Outside;
use super::written::{TableId, Written};
use crate::config::address::split_port;
use crate::config::kind::Kind;
use crate::config::kind::raw::Raw;
use crate::config::kind::server::OneServer;
use crate::config::mistake::{Findings, Place};
use crate::config::section::Section;
use crate::config::settings::ANY_DATABASE;
use crate::config::url::ServerUrl;

/// What URLs alone say: one database, and who may ask for it.
///
/// With a dbname in the URL the database is found under that name only; without one, under any.
/// With user and password in the URL clients log in with the same ones; without, with none.
pub(crate) fn from_urls(primary: &str, replicas: &[String], outside: Outside<'_>) -> Written {
    let place = Place::Argument("--primary".to_owned());
    let mut written = Written::new(place.clone());
    // A URL that cannot be read is told as the mistake of the database's key.
    let url = OneServer.read(&Raw::Loose(primary.to_owned()), &outside).ok();
    let name = url.as_ref().and_then(|url| url.dbname.as_deref()).unwrap_or(ANY_DATABASE);
    let database = TableId::named(Section::Databases, name);
    written.set(database.clone(), "primary", Raw::Loose(primary.to_owned()), place.clone());
    if !replicas.is_empty() {
        let list = replicas.iter().map(|url| Raw::Text(url.clone())).collect();
        let place = Place::Argument("--replica".to_owned());
        written.set(database, "replicas", Raw::List(list), place);
    }
    match url {
        Some(url) => write_login(&mut written, &url, &place),
        None => written.is_whole = false,
    }
    written
}

fn write_login(written: &mut Written, url: &ServerUrl, place: &Place) {
    if let (Some(user), Some(password)) = (&url.user, &url.password) {
        let id = TableId::named(Section::Users, user);
        written.set(id, "password", Raw::Secret(password.clone()), place.clone());
    } else {
        let trust = Raw::Loose("trust".to_owned());
        written.set(Section::Pooler.into(), "auth_type", trust, place.clone());
    }
    if let Some(root) = &url.sslrootcert {
        let root = Raw::Loose(root.to_string_lossy().into_owned());
        written.set(Section::Pooler.into(), "server_tls_ca_file", root, place.clone());
    }
}

/// Writes `--listen`: `HOST:PORT`, `HOST`, `PORT`, `:PORT` or the folder of a Unix socket.
pub(crate) fn listen(address: &str, written: &mut Written, findings: &mut Findings) {
    let place = Place::Argument("--listen".to_owned());
    let (host, port) = match split_port(address) {
        _ if !address.is_empty() && address.bytes().all(|b| b.is_ascii_digit()) => {
            ("", Some(address))
        }
        Ok(parts) => parts,
        Err(wrong) => return findings.mistake(place, "", format!("the address {wrong}")),
    };
    let mut set = |key, value: &str| {
        written.set(Section::Pooler.into(), key, Raw::Loose(value.to_owned()), place.clone());
    };
    if host.starts_with('/') {
        set("unix_socket_dir", host);
        set("listen_addr", "");
    } else if !host.is_empty() {
        set("listen_addr", host);
    }
    if let Some(port) = port {
        set("listen_port", port);
    }
}
