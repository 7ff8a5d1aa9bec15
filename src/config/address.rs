//! Where a PostgreSQL host listens.

use std::fmt;
use std::path::PathBuf;

/// PostgreSQL's port where none is written.
pub(crate) const DEFAULT_PORT: u16 = 5432;

/// The longest name in the DNS (RFC 1035, section 2.3.4).
const MAX_HOST_BYTES: usize = 253;

/// The longest path of a socket that Linux takes (`unix(7)`, `sun_path` without its NUL).
pub(crate) const MAX_SOCKET_PATH_BYTES: usize = 107;

/// One PostgreSQL host, as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HostAddress {
    /// A name or an IP address, without brackets.
    Tcp {
        /// Resolved when a server connection is opened.
        host: String,
        /// 1 to 65535.
        port: u16,
    },
    /// A Unix socket.
    Unix {
        /// The folder that holds the socket.
        dir: PathBuf,
        /// The number at the end of the socket's name, `.s.PGSQL.5432`.
        port: u16,
    },
}

impl HostAddress {
    /// Reads `host`, `host:port`, `[::1]:port`, `/dir` or `/dir:port`.
    ///
    /// # Errors
    /// What is wrong with it, as half a sentence without the text itself.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = split_port(text)?;
        let port = port.map_or(Ok(DEFAULT_PORT), parse_port)?;
        Self::from_parts(host, port)
    }

    /// Joins a host, as it stands in a URL, and a port.
    pub(crate) fn from_parts(host: &str, port: u16) -> Result<Self, String> {
        if host.starts_with('/') {
            return unix(host, port);
        }
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if bare.is_empty() {
            return Err("has no host".to_owned());
        }
        if bare.len() > MAX_HOST_BYTES || !bare.chars().all(is_host_char) {
            return Err("is not the name or the address of a host".to_owned());
        }
        Ok(Self::Tcp { host: bare.to_owned(), port })
    }

    /// Whether only this machine can be behind it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix { .. } => true,
            Self::Tcp { host, .. } => {
                host == "localhost"
                    || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

impl fmt::Display for HostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { dir, port } => write!(f, "{}:{port}", dir.display()),
        }
    }
}

/// Reads a port of a host.
pub(crate) fn parse_port(text: &str) -> Result<u16, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port != 0);
    port.ok_or_else(|| "has a port that is not a number from 1 to 65535".to_owned())
}

/// Separates what follows the last colon, unless the colon belongs to the host itself.
pub(crate) fn split_port(text: &str) -> Result<(&str, Option<&str>), String> {
    if text.starts_with('[') {
        let end = text.find(']').ok_or("has no closing bracket")?;
        return match &text[end + 1..] {
            "" => Ok((text, None)),
            rest => match rest.strip_prefix(':') {
                Some(port) => Ok((&text[..=end], Some(port))),
                None => Err("has something other than a port behind the bracket".to_owned()),
            },
        };
    }
    match text.rsplit_once(':') {
        None => Ok((text, None)),
        Some((host, _)) if host.contains(':') && !host.starts_with('/') => {
            Err("has several colons, an IPv6 address goes in brackets: \"[::1]:5432\"".to_owned())
        }
        Some((host, port)) => Ok((host, Some(port))),
    }
}

fn unix(dir: &str, port: u16) -> Result<HostAddress, String> {
    if socket_path_bytes(dir, port) > MAX_SOCKET_PATH_BYTES || dir.contains('\0') {
        return Err(format!("names a socket longer than {MAX_SOCKET_PATH_BYTES} bytes"));
    }
    Ok(HostAddress::Unix { dir: PathBuf::from(dir), port })
}

/// How long the path of the socket in `dir` is.
pub(crate) fn socket_path_bytes(dir: &str, port: u16) -> usize {
    dir.len() + format!("/.s.PGSQL.{port}").len()
}

/// Letters, digits and what else names use; `:` and `%` stand in IPv6 addresses and their zones.
fn is_host_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.:%".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        HostAddress::parse(text).map_or_else(|wrong| wrong, |address| address.to_string())
    }

    #[test]
    fn every_form_of_an_address() {
        assert_eq!(shown("db.example:6000"), "db.example:6000");
        assert_eq!(shown("10.0.0.1"), "10.0.0.1:5432");
        assert_eq!(shown("[::1]:6000"), "[::1]:6000");
        assert_eq!(shown("[::1]"), "[::1]:5432");
        assert_eq!(shown("/run/postgresql"), "/run/postgresql:5432");
        assert_eq!(shown("/run/postgresql:6000"), "/run/postgresql:6000");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(shown("::1").contains("goes in brackets"));
        assert!(shown("db:0").contains("1 to 65535"));
        assert!(shown("db:+1").contains("1 to 65535"));
        assert!(shown("db:70000").contains("1 to 65535"));
        assert!(shown("").contains("no host"));
        assert!(shown("a b").contains("not the name"));
        assert!(shown(&format!("/{}", "x".repeat(100))).contains("107 bytes"));
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_that_reads_back_or_an_error(text in "[a-z0-9:/\\[\\]. ]{0,20}") {
            if let Ok(address) = HostAddress::parse(&text) {
                prop_assert_eq!(HostAddress::parse(&address.to_string()), Ok(address));
            }
        }
    }
}
