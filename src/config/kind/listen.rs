//! The addresses to listen on.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use super::raw::Raw;
use super::{Kind, Outside};
use crate::config::nearest::quoted;

/// One address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenHost {
    /// Every address of the machine, of both families where it has both.
    All,
    /// One address.
    Ip(IpAddr),
}

impl ListenHost {
    /// Whether only this machine can reach it.
    pub fn is_loopback(self) -> bool {
        match self {
            Self::All => false,
            Self::Ip(address) => address.is_loopback(),
        }
    }

    /// Reads `*`, `localhost` or an IP address, in brackets or not.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        match bare {
            "*" => Some(Self::All),
            "localhost" => Some(Self::Ip(Ipv4Addr::LOCALHOST.into())),
            address => address.parse().ok().map(Self::Ip),
        }
    }
}

impl fmt::Display for ListenHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// One address or a list of them; none at all is "".
pub(crate) struct ListenHosts;

impl Kind for ListenHosts {
    type Value = Vec<ListenHost>;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<Vec<ListenHost>, String> {
        let mut hosts = Vec::new();
        for member in raw.members()? {
            let host = ListenHost::parse(member)
                .ok_or_else(|| format!("{} is not an address to listen on", quoted(member)))?;
            if hosts.contains(&host) {
                return Err(format!("{} stands in it twice", quoted(member)));
            }
            hosts.push(host);
        }
        Ok(hosts)
    }

    fn show(&self, value: &Vec<ListenHost>) -> String {
        let hosts: Vec<_> = value.iter().map(|host| format!("\"{host}\"")).collect();
        if hosts.len() == 1 { hosts.concat() } else { format!("[{}]", hosts.join(", ")) }
    }

    fn allowed(&self) -> String {
        "an IP address, \"localhost\", \"*\" (all), a list of them, or \"\": none".to_owned()
    }
}
