//! `[tracing]`: where spans of statements are sent.

use std::time::Duration;

use crate::config::kind::choice::{choice, one_of};
use crate::config::kind::collector::{Collector, CollectorUrl, Headers};
use crate::config::kind::number::{SHARE, whole};
use crate::config::kind::text::Text;
use crate::config::kind::time::time_from_ms;
use crate::config::secret::SecretText;
use crate::config::setting::settings;

choice! {
    /// How much of a statement's text its span has.
    pub enum IncludeStatement {
        /// Its operations and relations.
        Summary = "summary",
        /// And its text without values.
        Normalized = "normalized",
        /// And its text as it was sent.
        Full = "full",
    }
}

settings! {
    /// Where spans of statements are sent.
    pub struct Tracing {
        /// The collector that gets a span of each statement that is recorded, by OpenTelemetry's
        /// protocol (OTLP) over HTTP. /v1/traces is added where the URL does not end with it, and
        /// port 4318 (https: 443) where it has none. "" records nothing.
        endpoint: Option<CollectorUrl> = Collector, default None, at AtReload;
        /// Headers that the collector asks for, in the form of OTEL_EXPORTER_OTLP_HEADERS. They may be
        /// kept out of the file.
        headers: Option<SecretText> = Headers, default None, at AtReload;
        /// The share of statements that are recorded, of those whose client names no span of its own
        /// (a traceparent in a comment). Where the client does, it decides: what is recorded there
        /// is recorded here.
        sample: f64 = SHARE, default 0.01, at AtReload;
        /// How much of a statement's text its span has: "summary" has its operations and relations,
        /// "normalized" its text without values too, and "full" the text as it was sent, with its
        /// values. A text is cut at 1 kB.
        include_statement: IncludeStatement =
            one_of(), default IncludeStatement::Normalized, at AtReload;
        /// What this pgweir is called in traces (service.name).
        service_name: String = Text, default "pgweir".to_owned(), at AtReload;
        /// How many spans of each worker may wait to be sent. A span takes about 1 kB. What finds no
        /// room is lost and counted (pgweir_trace_spans_lost_total).
        queue_size: u32 = whole(16, 1_000_000), default 2048, at AtReload;
        /// How long a span waits for others to be sent with. They are sent earlier when half of a
        /// queue is full.
        export_interval: Duration = time_from_ms(10), default Duration::from_secs(5), at AtReload;
        /// How long the collector may take to answer.
        export_timeout: Duration = time_from_ms(10), default Duration::from_secs(10), at AtReload;
    }
}
