//! Errors on their way to the engine: a gRPC status whose details say where in which file.
//!
//! In: errors of the core with their places, statuses of failed calls, and failures of our own. Out: the
//! `google.rpc.Status` of Return. A status that came from the engine goes back as it came, so that its code and
//! its details survive; only places are added.

use crate::llb::line_ranges;
use crate::pb;
use crate::text::{SourceMap, Span};
use prost::Message;
use serde_json::{Map, Value, json};
use std::fmt;

/// Details travel as JSON under these names.
const DETAIL: &str = "github.com/moby/buildkit/errdefs.";

/// Why a run ended without a result.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Error {
    status: pb::rpc::Status,
}

impl Error {
    /// Returns an error of no particular kind, which is what most are.
    pub(super) fn new(message: impl Into<String>) -> Error {
        Error::with_code(tonic::Code::Unknown, message)
    }

    /// Returns a fault of this program.
    pub(super) fn internal(message: impl Into<String>) -> Error {
        Error::with_code(tonic::Code::Internal, message)
    }

    fn with_code(code: tonic::Code, message: impl Into<String>) -> Error {
        let status = pb::rpc::Status { code: code as i32, message: message.into(), details: Vec::new() };
        Error { status }
    }

    /// Says that a kind of subrequest is not known here.
    pub(super) fn unsupported_subrequest(name: &str) -> Error {
        let mut error = Error::new(format!("unsupported request {name}"));
        error.push_detail("Subrequest+json", &json!({ "name": name }));
        error
    }

    /// Says that the client asked for something of the frontend that it cannot do.
    pub(super) fn unsupported_frontend_cap(name: &str) -> Error {
        let message = format!("unsupported frontend capability {name}");
        let mut error = Error::with_code(tonic::Code::Unimplemented, message);
        error.push_detail("FrontendCap+json", &json!({ "name": name }));
        error
    }

    /// Returns the message for people.
    pub(super) fn message(&self) -> &str {
        &self.status.message
    }

    /// Tells whether the error says already where in a file it is.
    pub(super) fn has_place(&self) -> bool {
        self.status.details.iter().any(|detail| detail.type_url.contains("errdefs.Source"))
    }

    /// Adds a place: the whole file and the lines meant.
    pub(super) fn at(mut self, info: &pb::ops::SourceInfo, ranges: &[pb::ops::Range]) -> Error {
        let ranges: Vec<Value> = ranges.iter().map(range_json).collect();
        let detail = json!({ "info": source_info_json(info), "ranges": ranges });
        self.push_detail("Source+json", &detail);
        self
    }

    /// Adds the places of a finding, each as a detail of its own.
    pub(super) fn at_all<'a>(
        mut self,
        info: &pb::ops::SourceInfo,
        sources: &SourceMap,
        spans: impl IntoIterator<Item = &'a Span>,
    ) -> Error {
        for span in spans {
            self = self.at(info, &line_ranges(sources, *span));
        }
        self
    }

    fn push_detail(&mut self, name: &str, value: &Value) {
        // The outermost wrapping is listed first.
        let detail =
            pb::rpc::Any { type_url: format!("{DETAIL}{name}"), value: value.to_string().into_bytes() };
        self.status.details.insert(0, detail);
    }

    /// Returns the status to put into Return.
    pub(super) fn into_status(self) -> pb::rpc::Status {
        self.status
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.status.message)
    }
}

/// A status as it goes over the wire.
impl From<pb::rpc::Status> for Error {
    fn from(status: pb::rpc::Status) -> Error {
        Error { status }
    }
}

/// A failed call: the engine's status with the details it sent.
impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Error {
        let sent = pb::rpc::Status::decode(status.details()).unwrap_or_default();
        let message = status.message().to_owned();
        Error { status: pb::rpc::Status { code: status.code() as i32, message, details: sent.details } }
    }
}

// Go's JSON of these messages: empty fields are left out, bytes are base64.

fn range_json(range: &pb::ops::Range) -> Value {
    let position = |at: Option<pb::ops::Position>| {
        let at = at.unwrap_or_default();
        let mut out = Map::new();
        put(&mut out, "line", at.line != 0, || json!(at.line));
        put(&mut out, "character", at.character != 0, || json!(at.character));
        Value::Object(out)
    };
    json!({ "start": position(range.start), "end": position(range.end) })
}

fn source_info_json(info: &pb::ops::SourceInfo) -> Value {
    let mut out = Map::new();
    put(&mut out, "filename", !info.filename.is_empty(), || json!(info.filename));
    put(&mut out, "data", !info.data.is_empty(), || json!(base64(&info.data)));
    if let Some(definition) = &info.definition {
        out.insert("definition".to_owned(), definition_json(definition));
    }
    put(&mut out, "language", !info.language.is_empty(), || json!(info.language));
    Value::Object(out)
}

/// The file was read from this graph. Its own sources are left out: a file read through a graph has none.
fn definition_json(definition: &pb::ops::Definition) -> Value {
    let mut out = Map::new();
    put(&mut out, "def", !definition.def.is_empty(), || definition.def.iter().map(|op| base64(op)).collect());
    put(&mut out, "metadata", !definition.metadata.is_empty(), || {
        let all =
            definition.metadata.iter().map(|(digest, metadata)| (digest.clone(), metadata_json(metadata)));
        Value::Object(all.collect())
    });
    Value::Object(out)
}

fn metadata_json(metadata: &pb::ops::OpMetadata) -> Value {
    let mut out = Map::new();
    put(&mut out, "ignore_cache", metadata.ignore_cache, || json!(true));
    put(&mut out, "description", !metadata.description.is_empty(), || {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let entries = metadata.description.iter();
        Value::Object(entries.map(|entry| (text(&entry.key), json!(text(&entry.value)))).collect())
    });
    put(&mut out, "caps", !metadata.caps.is_empty(), || json!(metadata.caps));
    Value::Object(out)
}

fn put(out: &mut Map<String, Value>, key: &str, is_set: bool, value: impl FnOnce() -> Value) {
    if is_set {
        out.insert(key.to_owned(), value());
    }
}

/// Encodes bytes as base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            out.push(if digit <= group.len() { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(base64(text.as_bytes()), expected);
        }
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foobar", "Zm9vYmFy");
        assert_eq!(base64(&[0xff, 0xfe, 0xfd, 0xfc]), "//79/A==");
    }

    #[test]
    fn places_come_before_what_the_engine_said() {
        let detail = pb::rpc::Any {
            type_url: "github.com/moby/buildkit/errdefs.Solve+json".to_owned(),
            value: b"{}".to_vec(),
        };
        let engine = pb::rpc::Status { code: 5, message: "x: not found".to_owned(), details: vec![detail] };
        let sources = SourceMap::of("Dockerfile", "FROM x\nRUN a \\\n b\n");
        let file = &sources.files()[0];
        let info = pb::ops::SourceInfo {
            filename: file.name().to_owned(),
            data: file.data().to_vec(),
            ..Default::default()
        };
        let error = Error::from(engine).at_all(&info, &sources, &[Span::new(7, 16)]);
        assert!(error.has_place());
        let status = error.into_status();
        assert_eq!((status.code, status.message.as_str()), (5, "x: not found"));
        assert_eq!(status.details[1].type_url, "github.com/moby/buildkit/errdefs.Solve+json");
        assert_eq!(
            String::from_utf8(status.details[0].value.clone()).unwrap(),
            r#"{"info":{"filename":"Dockerfile","data":"RlJPTSB4ClJVTiBhIFwKIGIK"},"ranges":[{"start":{"line":2},"end":{"line":2}},{"start":{"line":3},"end":{"line":3}}]}"#
        );
    }

    #[test]
    fn what_is_not_supported_is_named_in_a_detail() {
        let status = Error::unsupported_subrequest("frontend.x").into_status();
        assert_eq!(status.message, "unsupported request frontend.x");
        assert_eq!(status.details[0].type_url, "github.com/moby/buildkit/errdefs.Subrequest+json");
        assert_eq!(status.details[0].value, br#"{"name":"frontend.x"}"#);
        assert_eq!(Error::unsupported_frontend_cap("y").into_status().code, 12);
    }
}
