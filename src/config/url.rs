//! `postgres://` URLs, as libpq reads them (PostgreSQL manual, section 32.1.1.2).

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::address::{DEFAULT_PORT, HostAddress, parse_port, split_port};
use super::kind::Kind;
use super::kind::choice::one_of;
use super::kind::raw::Raw;
use super::kind::secret::resolve;
use super::nearest::{did_you_mean, quoted};
use super::secret::SecretText;
use super::section::tls::SslMode;
use super::source::outside::Outside;

/// The parameters that a URL may have behind its question mark.
const PARAMETERS: [&str; 8] =
    ["host", "port", "dbname", "user", "password", "sslmode", "sslrootcert", "weight"];

/// The largest weight: a replica that is worth a thousand others is the only one.
const WEIGHT_MAX: u16 = 1_000;

/// One host and, where it was written as a URL, how to log in to it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerUrl {
    /// Where the host listens.
    pub address: HostAddress,
    /// Who logs in.
    pub user: Option<String>,
    /// With which password.
    pub password: Option<SecretText>,
    /// To which database.
    pub dbname: Option<String>,
    /// With how much TLS.
    pub sslmode: Option<SslMode>,
    /// Whom to trust for TLS.
    pub sslrootcert: Option<PathBuf>,
    /// Its share of the reads, if it is a replica.
    pub weight: Option<u16>,
}

impl ServerUrl {
    /// Reads a URL. The error never quotes more than the name of a parameter: a URL may hold a
    /// password.
    pub(crate) fn parse(text: &str, outside: &Outside<'_>) -> Result<Self, String> {
        let rest = after_scheme(text).ok_or("is not a postgres:// URL")?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let mut parts = Parts::default();
        parts.take_login(login, outside)?;
        parts.take_host(host)?;
        parts.dbname = non_empty(decoded(path)?);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            parts.take_parameter(pair, outside)?;
        }
        parts.finish()
    }
}

impl From<HostAddress> for ServerUrl {
    fn from(address: HostAddress) -> Self {
        Self {
            address,
            user: None,
            password: None,
            dbname: None,
            sslmode: None,
            sslrootcert: None,
            weight: None,
        }
    }
}

/// Whether the text means to be a URL, of whatever scheme.
pub(crate) fn is_url(text: &str) -> bool {
    text.contains("://")
}

fn after_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"))
}

/// A URL while it is read: parameters may still replace what stands in front of them.
#[derive(Default)]
struct Parts {
    host: Option<String>,
    port: Option<u16>,
    user: Option<String>,
    password: Option<SecretText>,
    dbname: Option<String>,
    sslmode: Option<SslMode>,
    sslrootcert: Option<PathBuf>,
    weight: Option<u16>,
}

impl Parts {
    fn take_login(&mut self, login: &str, outside: &Outside<'_>) -> Result<(), String> {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        self.user = non_empty(decoded(user)?);
        self.password = read_password(password, outside)?;
        Ok(())
    }

    fn take_host(&mut self, host: &str) -> Result<(), String> {
        one_host(host)?;
        let (host, port) = split_port(host).map_err(|wrong| format!("the URL {wrong}"))?;
        self.host = non_empty(decoded(host)?);
        if let Some(port) = port.filter(|port| !port.is_empty()) {
            self.port = Some(parse_port(port).map_err(|wrong| format!("the URL {wrong}"))?);
        }
        Ok(())
    }

    fn take_parameter(&mut self, pair: &str, outside: &Outside<'_>) -> Result<(), String> {
        let (name, written) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(written)?);
        match name.as_str() {
            "host" => {
                one_host(&value)?;
                self.host = non_empty(value);
            }
            "port" => {
                self.port = Some(parse_port(&value).map_err(|wrong| format!("the URL {wrong}"))?);
            }
            "dbname" => self.dbname = non_empty(value),
            "user" => self.user = non_empty(value),
            "password" => self.password = read_password(written, outside)?,
            "sslmode" => self.sslmode = Some(read_sslmode(value, outside)?),
            "sslrootcert" => self.sslrootcert = non_empty(value).map(PathBuf::from),
            "weight" => self.weight = Some(read_weight(&value)?),
            _ => return Err(unknown_parameter(&name)),
        }
        Ok(())
    }

    fn finish(self) -> Result<ServerUrl, String> {
        let host = self.host.as_deref().unwrap_or_default();
        let port = self.port.unwrap_or(DEFAULT_PORT);
        let address =
            HostAddress::from_parts(host, port).map_err(|wrong| format!("the URL {wrong}"))?;
        let Self { user, password, dbname, sslmode, sslrootcert, weight, .. } = self;
        Ok(ServerUrl { address, user, password, dbname, sslmode, sslrootcert, weight })
    }
}

/// libpq tries the hosts of a list in turn; pgweir has to know which one is the primary.
fn one_host(host: &str) -> Result<(), String> {
    if host.contains(',') {
        return Err("the URL names several hosts, but which of them is the primary must be said: \
                    one URL for the primary, one for each replica"
            .to_owned());
    }
    Ok(())
}

fn read_password(written: &str, outside: &Outside<'_>) -> Result<Option<SecretText>, String> {
    if written.is_empty() {
        return Ok(None);
    }
    if written.starts_with("${") {
        return resolve(written, outside).map(Some);
    }
    Ok(Some(decoded(written)?.into()))
}

fn read_sslmode(value: String, outside: &Outside<'_>) -> Result<SslMode, String> {
    let kind = one_of::<SslMode>();
    kind.read(&Raw::Loose(value), outside)
        .map_err(|wrong| format!("the URL's sslmode {wrong}; it may be {}", kind.allowed()))
}

/// The value of `weight`, in a URL or behind an address.
pub(crate) fn read_weight(value: &str) -> Result<u16, String> {
    let weight = value.parse().ok().filter(|weight| (1..=WEIGHT_MAX).contains(weight));
    weight.ok_or_else(|| {
        format!("the weight {} is not a whole number from 1 to {WEIGHT_MAX}", quoted(value))
    })
}

fn unknown_parameter(name: &str) -> String {
    let suggestion = did_you_mean(name, PARAMETERS);
    let known = PARAMETERS.join(", ");
    format!("the URL has the unknown parameter {}{suggestion} (known: {known})", quoted(name))
}

fn non_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Undoes percent-encoding; strict, because a stray `%` is more often a forgotten `%25`.
fn decoded(text: &str) -> Result<String, String> {
    let malformed = text.split('%').skip(1).any(|after| {
        let hex = after.as_bytes().get(..2);
        !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    if malformed {
        return Err("the URL has a \"%\" without two hex digits, write \"%25\" for it".to_owned());
    }
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| "the URL is not UTF-8 behind its percent signs")?;
    if decoded.contains('\0') {
        return Err("the URL holds a zero byte".to_owned());
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
