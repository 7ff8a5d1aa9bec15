//! The hosts of a database: an address, or a URL that says how to log in as well.

use super::raw::Raw;
use super::secret::resolve;
use super::{Kind, Outside};
use crate::config::address::HostAddress;
use crate::config::nearest::quoted;
use crate::config::url::{ServerUrl, is_url, read_weight};

const ALLOWED: &str =
    r#""host:port", "[::1]:port", "/socket/dir", "/socket/dir:port" or a postgres:// URL"#;

/// One host.
pub(crate) struct OneServer;

impl Kind for OneServer {
    type Value = ServerUrl;

    fn read(&self, raw: &Raw, outside: &Outside<'_>) -> Result<ServerUrl, String> {
        read_server(raw.text()?, outside)
    }

    fn show(&self, value: &ServerUrl) -> String {
        let weight = value.weight.map(|weight| format!("?weight={weight}")).unwrap_or_default();
        format!("\"{}{weight}\"", value.address)
    }

    fn allowed(&self) -> String {
        ALLOWED.to_owned()
    }
}

/// A list of hosts, in a list or separated by commas.
pub(crate) struct ServerList;

impl Kind for ServerList {
    type Value = Vec<ServerUrl>;

    fn read(&self, raw: &Raw, outside: &Outside<'_>) -> Result<Vec<ServerUrl>, String> {
        raw.members()?.into_iter().map(|member| read_server(member, outside)).collect()
    }

    fn show(&self, value: &Vec<ServerUrl>) -> String {
        let hosts: Vec<_> = value.iter().map(|server| OneServer.show(server)).collect();
        format!("[{}]", hosts.join(", "))
    }

    fn allowed(&self) -> String {
        format!("a list of {ALLOWED}; with \"?weight=2\" at the end for twice the share")
    }
}

/// A URL may hold a password, so it may be kept out of the file like one, and is never quoted.
fn read_server(text: &str, outside: &Outside<'_>) -> Result<ServerUrl, String> {
    let resolved = resolve(text, outside)?;
    let server = resolved.expose();
    if is_url(server) {
        return ServerUrl::parse(server, outside);
    }
    let shown = || if server.contains('@') { "it".to_owned() } else { quoted(server) };
    let (place, weight) = match server.rsplit_once("?weight=") {
        Some((place, weight)) => (place, Some(read_weight(weight)?)),
        None => (server, None),
    };
    let address = HostAddress::parse(place).map_err(|wrong| format!("{} {wrong}", shown()))?;
    Ok(ServerUrl { weight, ..ServerUrl::from(address) })
}
