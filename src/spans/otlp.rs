//! OpenTelemetry's protocol for traces: the messages that carry spans, as protobuf.
//!
//! Fields and numbers are those of opentelemetry-proto's `trace/v1/trace.proto`, `common/v1/common.proto`,
//! `resource/v1/resource.proto` and `collector/trace/v1/trace_service.proto`; what is not used is not here.

use super::attributes::{SCHEMA_URL, Value};
use super::span::Span;
use prost::Message;

/// `SPAN_KIND_CLIENT`: the conventions for database spans ask for it, and it is what pgweir is to the host.
const KIND_CLIENT: i32 = 3;

/// `STATUS_CODE_ERROR`.
const STATUS_ERROR: i32 = 2;

/// W3C's "sampled" bit, and the two bits by which a span says that its parent is in another process.
const SAMPLED: u32 = 0x01;
const PARENT_IS_KNOWN: u32 = 0x100;
const PARENT_IS_REMOTE: u32 = 0x200;

/// A request: `ExportTraceServiceRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct Export {
    /// Spans by who records them.
    #[prost(message, repeated, tag = "1")]
    pub resource_spans: Vec<ResourceSpans>,
}

/// The spans of one process.
#[derive(Clone, PartialEq, Message)]
pub struct ResourceSpans {
    /// The process.
    #[prost(message, optional, tag = "1")]
    pub resource: Option<Resource>,
    /// Spans by what in it records them.
    #[prost(message, repeated, tag = "2")]
    pub scope_spans: Vec<ScopeSpans>,
    /// Which conventions the resource's names are of.
    #[prost(string, tag = "3")]
    pub schema_url: String,
}

/// Who records spans.
#[derive(Clone, PartialEq, Message)]
pub struct Resource {
    /// What is known of it.
    #[prost(message, repeated, tag = "1")]
    pub attributes: Vec<KeyValue>,
}

/// The spans of one library.
#[derive(Clone, PartialEq, Message)]
pub struct ScopeSpans {
    /// The library.
    #[prost(message, optional, tag = "1")]
    pub scope: Option<Scope>,
    /// The spans.
    #[prost(message, repeated, tag = "2")]
    pub spans: Vec<SpanMessage>,
    /// Which conventions the spans' names are of.
    #[prost(string, tag = "3")]
    pub schema_url: String,
}

/// A library: `InstrumentationScope`.
#[derive(Clone, PartialEq, Message)]
pub struct Scope {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its version.
    #[prost(string, tag = "2")]
    pub version: String,
}

/// `Span`.
#[derive(Clone, PartialEq, Message)]
pub struct SpanMessage {
    /// The trace, 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    /// The span, 8 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub span_id: Vec<u8>,
    /// W3C's `tracestate`.
    #[prost(string, tag = "3")]
    pub trace_state: String,
    /// The caller's span, 8 bytes or none.
    #[prost(bytes = "vec", tag = "4")]
    pub parent_span_id: Vec<u8>,
    /// Its name.
    #[prost(string, tag = "5")]
    pub name: String,
    /// `SpanKind`.
    #[prost(int32, tag = "6")]
    pub kind: i32,
    /// When it began, ns since 1970.
    #[prost(fixed64, tag = "7")]
    pub start_time_unix_nano: u64,
    /// When it ended, ns since 1970.
    #[prost(fixed64, tag = "8")]
    pub end_time_unix_nano: u64,
    /// What is known of it.
    #[prost(message, repeated, tag = "9")]
    pub attributes: Vec<KeyValue>,
    /// Whether it failed.
    #[prost(message, optional, tag = "15")]
    pub status: Option<Status>,
    /// W3C's flags, and whether the parent is in another process.
    #[prost(fixed32, tag = "16")]
    pub flags: u32,
}

/// Whether something failed.
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    /// Why, for people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// `StatusCode`.
    #[prost(int32, tag = "3")]
    pub code: i32,
}

/// An attribute.
#[derive(Clone, PartialEq, Message)]
pub struct KeyValue {
    /// Its name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Its value.
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

/// A value of some type.
#[derive(Clone, PartialEq, Message)]
pub struct AnyValue {
    /// It.
    #[prost(oneof = "AnyOf", tags = "1, 2, 3, 4")]
    pub value: Option<AnyOf>,
}

/// The types of values that are used here.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum AnyOf {
    /// A text.
    #[prost(string, tag = "1")]
    Text(String),
    /// Whether something is so.
    #[prost(bool, tag = "2")]
    Flag(bool),
    /// A whole number.
    #[prost(int64, tag = "3")]
    Whole(i64),
    /// Any other number.
    #[prost(double, tag = "4")]
    Real(f64),
}

/// The answer to a request: `ExportTraceServiceResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct Exported {
    /// What was not taken.
    #[prost(message, optional, tag = "1")]
    pub partial_success: Option<PartialSuccess>,
}

/// `ExportTracePartialSuccess`.
#[derive(Clone, PartialEq, Message)]
pub struct PartialSuccess {
    /// How many spans were refused.
    #[prost(int64, tag = "1")]
    pub rejected_spans: i64,
    /// Why.
    #[prost(string, tag = "2")]
    pub error_message: String,
}

/// The bytes of a request with these spans, recorded by a process with these attributes.
#[must_use]
pub fn request(resource: &[(&str, String)], spans: &[Span]) -> Vec<u8> {
    request_of(env!("CARGO_PKG_VERSION"), resource, spans)
}

fn request_of(version: &str, resource: &[(&str, String)], spans: &[Span]) -> Vec<u8> {
    let pair = |(key, value): &(&str, String)| attribute(key, Value::Text(value));
    let scope = Scope { name: "pgweir".into(), version: version.into() };
    let scope_spans = ScopeSpans {
        scope: Some(scope),
        spans: spans.iter().map(message).collect(),
        schema_url: SCHEMA_URL.into(),
    };
    let resource_spans = ResourceSpans {
        resource: Some(Resource { attributes: resource.iter().map(pair).collect() }),
        scope_spans: vec![scope_spans],
        schema_url: SCHEMA_URL.into(),
    };
    Export { resource_spans: vec![resource_spans] }.encode_to_vec()
}

/// How many spans an answer says were refused, and why.
#[must_use]
pub fn rejected(answer: &[u8]) -> Option<(u64, String)> {
    let PartialSuccess { rejected_spans, error_message } =
        Exported::decode(answer).ok()?.partial_success?;
    let rejected = u64::try_from(rejected_spans).ok().filter(|rejected| *rejected > 0)?;
    Some((rejected, error_message))
}

fn message(span: &Span) -> SpanMessage {
    let mut attributes = Vec::new();
    span.attributes(|key, value| attributes.push(attribute(key, value)));
    let remote = if span.ids.parent_id.is_some() { PARENT_IS_REMOTE } else { 0 };
    let error = |word: &str| Status { message: word.to_owned(), code: STATUS_ERROR };
    SpanMessage {
        trace_id: span.ids.trace_id.into(),
        span_id: span.ids.span_id.into(),
        trace_state: span.ids.state.as_deref().unwrap_or_default().to_owned(),
        parent_span_id: span.ids.parent_id.map(Vec::from).unwrap_or_default(),
        name: span.name().to_owned(),
        kind: KIND_CLIENT,
        start_time_unix_nano: span.began_unix_ns(),
        end_time_unix_nano: span.ended_unix_ns,
        attributes,
        status: span.error_type().map(error),
        flags: SAMPLED | PARENT_IS_KNOWN | remote,
    }
}

fn attribute(key: &str, value: Value<'_>) -> KeyValue {
    let value = match value {
        Value::Text(text) => AnyOf::Text(text.to_owned()),
        Value::Whole(count) => AnyOf::Whole(i64::try_from(count).unwrap_or(i64::MAX)),
        Value::Real(real) => AnyOf::Real(real),
        Value::Flag(flag) => AnyOf::Flag(flag),
    };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
}

#[cfg(test)]
mod tests {
    use super::super::attributes::tests::span;
    use super::super::span::Failure;
    use super::*;

    /// Both files were written by OpenTelemetry's own schema, with Python's opentelemetry-proto 1.45.
    const REQUEST: &[u8] = include_bytes!("otlp/request.pb");
    const ANSWER: &[u8] = include_bytes!("otlp/answer.pb");

    #[test]
    fn a_request_is_what_opentelemetrys_schema_writes() {
        let span = Span { failure: Some(Failure::Sqlstate(*b"42P01")), retried: true, ..span() };
        let written = request_of("1.2.3", &[("service.name", "shop-pool".into())], &[span]);
        assert_eq!(Export::decode(&*written), Export::decode(REQUEST));
        assert_eq!(written, REQUEST);
    }

    #[test]
    fn a_span_that_begins_a_trace_has_no_parent() {
        let mut span = span();
        (span.ids.parent_id, span.ids.state) = (None, None);
        let said = message(&span);
        assert_eq!((said.parent_span_id.len(), said.flags), (0, SAMPLED | PARENT_IS_KNOWN));
        assert_eq!(said.status, None);
    }

    #[test]
    fn an_answer_says_how_many_were_refused() {
        assert_eq!(rejected(ANSWER), Some((7, "too old".to_owned())));
        for answer in [&b""[..], b"\x0a\x00", b"{}", b"\xff\xff\xff"] {
            assert_eq!(rejected(answer), None);
        }
    }

    #[test]
    fn a_span_has_the_length_that_is_promised() {
        let text = "x".repeat(1024);
        let mut span = span();
        span.statement.text = Some(text.into());
        assert!(message(&span).encoded_len() < 2048);
    }
}
