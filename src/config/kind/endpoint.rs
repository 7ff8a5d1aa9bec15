//! One address and port to listen on.

use std::fmt;

use super::listen::ListenHost;
use super::raw::Raw;
use super::{Kind, Outside};
use crate::config::address::split_port;

/// An address and a port to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenEndpoint {
    /// Where; one address or all of them.
    pub host: ListenHost,
    /// 0 takes any free port.
    pub port: u16,
}

impl ListenEndpoint {
    /// Reads `127.0.0.1:9930`, `[::1]:9930`, `localhost:9930`, `*:9930` or `:9930`.
    fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = split_port(text)?;
        let port = port.ok_or("has no port")?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits);
        let port = port.ok_or("has a port that is not a number from 0 to 65535")?;
        let host = if host.is_empty() { Some(ListenHost::All) } else { ListenHost::parse(host) };
        let host = host.ok_or("does not begin with an IP address, \"localhost\" or \"*\"")?;
        Ok(ListenEndpoint { host, port })
    }
}

impl fmt::Display for ListenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            ListenHost::Ip(ip) if ip.is_ipv6() => write!(f, "[{ip}]:{}", self.port),
            host => write!(f, "{host}:{}", self.port),
        }
    }
}

/// An address and a port, or none.
pub(crate) struct Endpoint;

impl Kind for Endpoint {
    type Value = Option<ListenEndpoint>;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<Self::Value, String> {
        match raw.text()? {
            "" => Ok(None),
            text => match ListenEndpoint::parse(text) {
                Ok(endpoint) => Ok(Some(endpoint)),
                Err(wrong) => Err(format!("{} {wrong}", raw.quoted())),
            },
        }
    }

    fn show(&self, value: &Self::Value) -> String {
        value.map_or_else(|| "\"\"".to_owned(), |endpoint| format!("\"{endpoint}\""))
    }

    fn allowed(&self) -> String {
        "an IP address, \"localhost\" or \"*\" (all) with a port, as \"127.0.0.1:9930\"; or \"\": \
         none"
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_read_as_it_is_shown() {
        for text in ["127.0.0.1:9930", "[::1]:0", "*:65535"] {
            assert_eq!(ListenEndpoint::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(ListenEndpoint::parse(":1").unwrap().to_string(), "*:1");
        assert_eq!(ListenEndpoint::parse("localhost:1").unwrap().to_string(), "127.0.0.1:1");
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_the_reason() {
        for (text, reason) in [
            ("127.0.0.1", "no port"),
            ("127.0.0.1:", "not a number"),
            ("127.0.0.1:65536", "not a number"),
            ("127.0.0.1:+1", "not a number"),
            ("::1:9930", "brackets"),
            ("db.example:9930", "does not begin"),
        ] {
            let refusal = ListenEndpoint::parse(text).unwrap_err();
            assert!(refusal.contains(reason), "{text}: {refusal}");
        }
    }
}
