//! The URL of a collector of spans, and what it is told beside them.

use std::fmt;

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::raw::Raw;
use super::secret::Secret;
use super::{Kind, Outside};
use crate::config::secret::SecretText;

/// Where OpenTelemetry's collectors take traces over HTTP (OTLP specification, "OTLP/HTTP Request").
const TRACES: &str = "/v1/traces";

/// The port on which they listen (the same, "OTLP/HTTP Default Port").
const DEFAULT_PORT: u16 = 4318;

/// Where spans are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorUrl {
    /// Whether over TLS.
    pub https: bool,
    /// A name or an address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The whole path, which ends in /v1/traces.
    pub path: String,
}

impl CollectorUrl {
    /// Reads `http://127.0.0.1:4318` or `https://collector.example:443/otlp`.
    fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|_| "is no URL")?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("does not begin with http:// or https://".to_owned()),
        };
        let authority = uri.authority().ok_or("has no host")?;
        if authority.as_str().contains('@') {
            return Err("has a user in it: write what the collector asks for to headers".to_owned());
        }
        if uri.query().is_some() {
            return Err("has a question mark in it".to_owned());
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let has_port = !authority.as_str().ends_with(authority.host());
        let port = match authority.port_u16() {
            None if has_port => {
                return Err("has a port that is not a number from 1 to 65535".into());
            }
            Some(0) => return Err("has port 0".to_owned()),
            port => port.unwrap_or(if https { 443 } else { DEFAULT_PORT }),
        };
        let base = uri.path().trim_end_matches('/');
        let base = base.strip_suffix(TRACES).unwrap_or(base);
        Ok(CollectorUrl { https, host, port, path: format!("{base}{TRACES}") })
    }
}

impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        let CollectorUrl { host, port, path, .. } = self;
        match host.contains(':') {
            true => write!(f, "{scheme}://[{host}]:{port}{path}"),
            false => write!(f, "{scheme}://{host}:{port}{path}"),
        }
    }
}

/// A collector's URL; "" is none.
pub(crate) struct Collector;

impl Kind for Collector {
    type Value = Option<CollectorUrl>;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<Self::Value, String> {
        match raw.text()? {
            "" => Ok(None),
            text => match CollectorUrl::parse(text) {
                Ok(url) => Ok(Some(url)),
                Err(wrong) => Err(format!("{} {wrong}", raw.quoted())),
            },
        }
    }

    fn show(&self, value: &Self::Value) -> String {
        value.as_ref().map_or_else(|| "\"\"".to_owned(), |url| format!("\"{url}\""))
    }

    fn allowed(&self) -> String {
        "a URL that begins with http:// or https://, as \"http://127.0.0.1:4318\"; or \"\": none"
            .to_owned()
    }
}

/// Headers of a request; "" is none. They may be secrets.
pub(crate) struct Headers;

impl Kind for Headers {
    type Value = Option<SecretText>;

    fn read(&self, raw: &Raw, outside: &Outside<'_>) -> Result<Self::Value, String> {
        if raw.text() == Ok("") {
            return Ok(None);
        }
        let secret = Secret.read(raw, outside)?;
        headers(&secret)?;
        Ok(Some(secret))
    }

    fn show(&self, value: &Self::Value) -> String {
        if value.is_some() { "\"[secret]\"".to_owned() } else { "\"\"".to_owned() }
    }

    fn allowed(&self) -> String {
        format!("\"name=value,name=value\", {}; or \"\": none", Secret.allowed())
    }
}

/// The headers in a text of the form of `OTEL_EXPORTER_OTLP_HEADERS`: `name=value,name=value`, with
/// percent signs in values.
///
/// # Errors
/// Half a sentence on what is wrong, without the values.
pub(crate) fn headers(text: &SecretText) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let members = text.expose().split(',').map(str::trim).filter(|member| !member.is_empty());
    members.map(header).collect()
}

fn header(member: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = member.split_once('=').ok_or("a header has no \"=\"")?;
    let name = name.trim().parse().map_err(|_| "a header has a name that is none")?;
    let value: Vec<u8> = percent_decode_str(value.trim()).collect();
    let mut value =
        HeaderValue::from_bytes(&value).map_err(|_| "a header has a value that is none")?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_with_what_it_leaves_out() {
        for (text, whole) in [
            ("http://127.0.0.1", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            ("http://c:1/v1/traces", "http://c:1/v1/traces"),
            ("https://c.example/otlp/", "https://c.example:443/otlp/v1/traces"),
            ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
        ] {
            let url = CollectorUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), whole);
            assert_eq!(CollectorUrl::parse(whole).unwrap(), url, "shown as it can be read");
        }
    }

    #[test]
    fn what_is_no_collector_is_refused_with_the_reason() {
        for (text, reason) in [
            ("127.0.0.1:4318", "begin"),
            ("grpc://c:4317", "begin"),
            ("http://", "no URL"),
            ("http://user:secret@c", "headers"),
            ("http://c:0", "port 0"),
            ("http://c:99999", "not a number"),
            ("http://c/?a=b", "question mark"),
        ] {
            let refusal = CollectorUrl::parse(text).unwrap_err();
            assert!(refusal.contains(reason), "{text}: {refusal}");
        }
    }

    #[test]
    fn headers_are_read_and_never_shown() {
        let read = headers(&"api-key=a%20b, X-Team = 7".into()).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].0.as_str(), read[0].1.as_bytes()), ("api-key", &b"a b"[..]));
        assert!(!format!("{read:?}").contains("a b"));
        for wrong in ["secret", "a b=secret", "a=secret%0a"] {
            let refusal = headers(&wrong.into()).unwrap_err();
            assert!(!refusal.contains("secret"), "{refusal}");
        }
        assert_eq!(Headers.show(&Some("a=b".into())), "\"[secret]\"");
    }
}
