//! Errors on their way to the engine: a gRPC status whose details say where in which file.
//!
//! In: errors of the core with their places, statuses of failed calls, and failures of our own. Out: the
//! `google.rpc.Status` of Return. A status that came from the engine goes back as it came, so that its code and
//! its details survive; only places are added.

use crate::llb::{self, line_ranges};
use crate::pb;
use crate::plan;
use crate::report::json;
use crate::text::{Diagnostic, SourceMap, Span, defused};
use prost::Message;
use serde_json::{Value, json};
use std::fmt;
use tonic::Code;

/// Details travel as JSON under these names.
const DETAIL: &str = "github.com/moby/buildkit/errdefs.";

/// So many errors are listed below the first.
const MOST_ERRORS: usize = 20;
/// So many characters of each.
const LONGEST: usize = 300;

/// The codes by which an engine says what is wrong with a build. Most errors are of no known kind.
const OF_THE_BUILD: [Code; 7] = [
    Code::Unknown,
    Code::InvalidArgument,
    Code::NotFound,
    Code::AlreadyExists,
    Code::PermissionDenied,
    Code::FailedPrecondition,
    Code::Unauthenticated,
];

/// Why a run ended without a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    status: pb::rpc::Status,
    /// The call that the engine refused in words that do not name it.
    call: Option<&'static str>,
}

impl Error {
    /// Returns an error of no particular kind, which is what most are.
    pub fn new(message: impl Into<String>) -> Error {
        Error::with_code(Code::Unknown, message)
    }

    /// Returns a fault of this program.
    pub(super) fn internal(message: impl Into<String>) -> Error {
        Error::with_code(Code::Internal, message)
    }

    /// Returns an error of a kind that gRPC knows.
    pub(super) fn with_code(code: Code, message: impl Into<String>) -> Error {
        // Words of the Dockerfile are in it, and clients print it as it is.
        let message = defused(&message.into()).into_owned();
        Error::from(pb::rpc::Status { code: code as i32, message, details: Vec::new() })
    }

    /// Returns the error of a failed call: the engine's status with the details it sent.
    ///
    /// No `From`, as that would put tonic into the public surface.
    pub(super) fn of_call(status: &tonic::Status) -> Error {
        let sent = pb::rpc::Status::decode(status.details()).unwrap_or_default();
        let message = status.message().to_owned();
        Error::from(pb::rpc::Status { code: status.code() as i32, message, details: sent.details })
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
        let mut error = Error::with_code(Code::Unimplemented, message);
        error.push_detail("FrontendCap+json", &json!({ "name": name }));
        error
    }

    /// Tells whether an engine's status is about the build, rather than about the conversation.
    pub(super) fn is_about_the_build(&self) -> bool {
        OF_THE_BUILD.iter().any(|code| *code as i32 == self.status.code)
    }

    /// Puts the name of the call that failed in front.
    pub(super) fn naming(mut self, call: &str) -> Error {
        self.status.message = format!("{call}: {}", self.status.message);
        self
    }

    /// Notes the call that was refused, for who reads the engine's log.
    pub(super) fn said_to(self, call: &'static str) -> Error {
        Error { call: Some(call), ..self }
    }

    /// Returns the call that the engine refused in words that do not name it.
    pub(super) fn refused_call(&self) -> Option<&'static str> {
        self.call
    }

    /// Returns the message with the name of the call, for who reads the engine's log.
    pub(super) fn in_full(&self) -> String {
        self.call
            .map_or_else(|| self.status.message.clone(), |call| format!("{call}: {}", self.status.message))
    }

    /// Returns the message for people.
    pub fn message(&self) -> &str {
        &self.status.message
    }

    /// Tells whether the error says already where in a file it is.
    pub(super) fn has_place(&self) -> bool {
        self.status.details.iter().any(|detail| detail.type_url.contains("errdefs.Source"))
    }

    /// Adds a place: the whole file and the lines meant.
    pub(super) fn at(mut self, info: &pb::ops::SourceInfo, ranges: &[pb::ops::Range]) -> Error {
        let ranges: Vec<Value> = ranges.iter().map(json::range).collect();
        let detail = json!({ "info": json::source_info(info), "ranges": ranges });
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
            self = self.at(info, &line_ranges(sources, *span).collect::<Vec<_>>());
        }
        self
    }

    /// Adds the other errors of the file below the message, one a line. Code and details stay those of the first.
    pub(super) fn followed_by(mut self, more: &[Diagnostic], sources: &SourceMap) -> Error {
        if more.is_empty() {
            return self;
        }
        let message = &mut self.status.message;
        let name = sources.files()[0].name();
        message.push_str(&format!(
            "\n\n{} more {}:",
            more.len(),
            if more.len() == 1 { "error" } else { "errors" }
        ));
        for error in more.iter().take(MOST_ERRORS) {
            let (line, _) = sources.lines(error.span);
            message.push_str(&format!("\n{name}:{line}: {}", one_line(&error.message)));
        }
        if let Some(rest @ 1..) = more.len().checked_sub(MOST_ERRORS) {
            message.push_str(&format!("\nand {rest} more"));
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

/// Returns a message for a list in which each line starts with its place.
fn one_line(message: &str) -> String {
    let rest = message.strip_prefix("dockerfile parse error on line ").and_then(|rest| rest.split_once(": "));
    let message = rest.map_or(message, |(_, rest)| rest);
    let mut line: String =
        defused(message).chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if message.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.status.message)
    }
}

impl std::error::Error for Error {}

/// What ails a graph.
impl From<llb::Error> for Error {
    fn from(error: llb::Error) -> Error {
        Error::new(error.to_string())
    }
}

/// What ails a Dockerfile; its place is not told.
impl From<plan::Error> for Error {
    fn from(error: plan::Error) -> Error {
        match error.cause {
            Some(cause) => Error::from(cause),
            None => Error::new(error.diagnostic.message),
        }
    }
}

/// A status as it goes over the wire.
impl From<pb::rpc::Status> for Error {
    fn from(status: pb::rpc::Status) -> Error {
        Error { status, call: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn other_errors_come_below_the_first() {
        let sources = SourceMap::of("Dockerfile", "FROM x\nRUM a\nCOPY b\n");
        let diagnostic = |line: u32, message: &str, span| {
            Diagnostic::error("x", format!("dockerfile parse error on line {line}: {message}"), span)
        };
        let copy = diagnostic(3, "COPY\nlacks", Span::new(13, 19));
        let first = || Error::new("dockerfile parse error on line 2: unknown instruction: RUM");
        assert_eq!(first().followed_by(&[], &sources), first());
        assert_eq!(
            first().followed_by(std::slice::from_ref(&copy), &sources).message(),
            "dockerfile parse error on line 2: unknown instruction: RUM\n\n1 more error:\nDockerfile:3: COPY lacks"
        );
        let many = first().followed_by(&vec![copy; 23], &sources);
        assert!(many.message().contains("\n\n23 more errors:\n") && many.message().ends_with("\nand 3 more"));
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
