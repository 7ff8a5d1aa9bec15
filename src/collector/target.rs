//! Which collector gets the spans, and what it is told of this process.

use crate::config::kind::collector::headers;
use crate::config::{CollectorUrl, Tracing};
use crate::net::tls::{SetupError, web_client};
use hyper::header::{HeaderName, HeaderValue};
use rustls::ClientConfig;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A collector.
#[derive(Clone)]
pub struct Target {
    /// Where it is.
    pub url: CollectorUrl,
    /// TLS towards it, for https.
    pub tls: Option<Arc<ClientConfig>>,
    /// What every request has.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What this process is, in the words of OpenTelemetry's conventions for resources.
    pub resource: Vec<(&'static str, String)>,
    /// How long a span may wait for others.
    pub interval: Duration,
    /// How long a request may take.
    pub timeout: Duration,
}

/// Why spans cannot be sent as the settings say.
#[derive(Debug, thiserror::Error)]
pub enum CannotTrace {
    /// The headers are none.
    #[error("tracing.headers: {0}")]
    Headers(String),
    /// There is nobody who could vouch for the collector.
    #[error("tracing.endpoint: {0}")]
    Tls(#[from] SetupError),
}

impl Target {
    /// What the settings ask for, if they ask for spans.
    ///
    /// # Errors
    /// The headers are none, or the operating system has no authorities for https.
    pub fn new(settings: &Tracing) -> Result<Option<Target>, CannotTrace> {
        let Some(url) = settings.endpoint.clone() else { return Ok(None) };
        let tls = url.https.then(|| web_client("SSL_CERT_FILE")).transpose()?;
        let headers = settings.headers.as_ref().map(headers).transpose();
        Ok(Some(Target {
            url,
            tls,
            headers: headers.map_err(CannotTrace::Headers)?.unwrap_or_default(),
            resource: resource(&settings.service_name),
            interval: settings.export_interval,
            timeout: settings.export_timeout,
        }))
    }
}

/// The headers may be secrets.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { url, interval, timeout, .. } = self;
        f.debug_struct("Target")
            .field("url", url)
            .field("interval", interval)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}

fn resource(service_name: &str) -> Vec<(&'static str, String)> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    vec![
        ("service.name", service_name.to_owned()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("host.name", host),
    ]
}
