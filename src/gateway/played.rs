//! An engine that is played: for fuzzing, and for tests of what fuzzing found.
//!
//! In: bytes that say what it answers. Out: nothing, or a panic if the run does not end as a run must. Nothing goes
//! over a pipe and nothing waits, so thousands of runs take a second; `tests/gateway` plays engines to the program.
//!
//! The bytes are options of the frontend, one `NAME=value` a line, an empty line, and then a record for each call in the
//! order of the calls: one byte that says what to do, two for a length, and so many bytes. Where there are no more
//! records, the engine answers as a working one would.

use super::grpc::Channel;
use super::options::Environment;
use super::stdio::Stdio;
use super::{Woken, run};
use crate::image::Platform;
use crate::llb::{Definition, caps};
use crate::pb::caps::ApiCap;
use crate::pb::gateway as gw;
use crate::pb::rpc;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use prost::Message;
use prost::bytes::Bytes;
use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// No run makes more calls than this with a Dockerfile that fits into an input.
const MOST_CALLS: usize = 10_000;

/// What becomes of the answer to a call.
#[derive(Clone, Debug)]
enum Act {
    /// It is given.
    Usual,
    /// Another message takes its place.
    Message(Vec<u8>),
    /// These bytes stand behind it: fields that nobody knows, or known ones once more.
    Longer(Vec<u8>),
    /// One byte of it is another.
    Changed(u16, u8),
    /// A status: code, and details as they go over the wire.
    Refused(u8, Vec<u8>),
    /// A body that is no message, with trailers or without.
    Body(Vec<u8>, bool),
    /// What is asked for, a file or a config, is this.
    Content(Vec<u8>),
    /// A status of HTTP, and no more.
    Http(u16),
}

/// The engine.
#[derive(Clone)]
pub(super) struct Engine(Arc<Mutex<State>>);

struct State {
    acts: VecDeque<Act>,
    calls: Vec<String>,
    returned: Vec<gw::ReturnRequest>,
    refs: usize,
}

/// An answer on its way.
pub(super) struct Reply(VecDeque<Frame<Bytes>>);

impl Reply {
    pub(super) fn next(&mut self) -> Option<Frame<Bytes>> {
        self.0.pop_front()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

impl Engine {
    /// Answers a call.
    pub(super) fn call(&self, path: &str, body: &[u8]) -> http::Response<Reply> {
        let state = &mut *self.0.lock().expect("nobody panics with it");
        let method = path.rsplit('/').next().unwrap_or_default();
        // What tonic puts in front of a message.
        let message = &body[5..];
        state.calls.push(method.to_owned());
        assert!(state.calls.len() < MOST_CALLS, "it calls for ever");
        assert!(state.returned.is_empty(), "{method} after Return");
        if method == "Return" {
            state.returned.push(gw::ReturnRequest::decode(message).expect("it can be read"));
        }
        let act = state.acts.pop_front().unwrap_or(Act::Usual);
        let content = match &act {
            Act::Content(content) => Some(content.as_slice()),
            _ => None,
        };
        let usual = state.usual(method, message, content);
        match act {
            Act::Usual | Act::Content(_) => said(&usual),
            Act::Message(other) => said(&other),
            Act::Longer(more) => said(&[usual, more].concat()),
            Act::Changed(at, byte) => {
                let mut usual = usual;
                if let Some(place) = usual.get_mut(usize::from(at)) {
                    *place = byte;
                }
                said(&usual)
            }
            Act::Refused(code, details) => reply(200, &[], Some((code.into(), &details))),
            Act::Body(body, is_well) => reply(200, &body, is_well.then_some((0, &[]))),
            Act::Http(status) => reply(status, &[], None),
        }
    }
}

fn said(message: &[u8]) -> http::Response<Reply> {
    let length = u32::try_from(message.len()).expect("it is short").to_be_bytes();
    reply(200, &[&[0], &length[..], message].concat(), Some((0, &[])))
}

fn reply(http: u16, body: &[u8], status: Option<(u32, &[u8])>) -> http::Response<Reply> {
    let mut frames = VecDeque::new();
    if !body.is_empty() {
        frames.push_back(Frame::data(Bytes::copy_from_slice(body)));
    }
    if let Some((code, details)) = status {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from(code));
        if !details.is_empty() {
            trailers.insert("grpc-message", HeaderValue::from_static("it is broken%00%ff%"));
            // Details that are no base64 are a fault of their own.
            let coded = match details.first() {
                Some(b'!') => HeaderValue::from_bytes(&details[1..]).ok(),
                _ => HeaderValue::from_str(&crate::report::json::base64(details)).ok(),
            };
            trailers.extend(
                coded.map(|coded| (http::header::HeaderName::from_static("grpc-status-details-bin"), coded)),
            );
        }
        frames.push_back(Frame::trailers(trailers));
    }
    let mut response = http::Response::new(Reply(frames));
    *response.status_mut() = http::StatusCode::from_u16(http).unwrap_or_default();
    response
}

const DOCKERFILE: &[u8] = b"FROM alpine AS Base\nFROM busybox\nCOPY a /a\nCOPY --from=Base / /\n";
const CONFIG: &[u8] = br#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:0"]}}"#;
const PROTOCOL: [&str; 8] = [
    super::caps::INPUTS,
    super::caps::EVALUATE_IN_SOLVE,
    super::caps::WARNINGS,
    super::caps::REF_ARRAY,
    super::caps::RETURN,
    super::caps::RETURN_MAP,
    super::caps::SOURCE_META,
    super::caps::STAT_FILE,
];

impl State {
    /// Returns what a working engine answers. `content` is of the file or the config that is asked for.
    fn usual(&mut self, method: &str, message: &[u8], content: Option<&[u8]>) -> Vec<u8> {
        let digest = || format!("sha256:{}", "1".repeat(64));
        match method {
            "Ping" => {
                let list = |ids: &[&str]| {
                    let cap =
                        |id: &&str| ApiCap { id: (*id).to_owned(), enabled: true, ..Default::default() };
                    ids.iter().map(cap).collect()
                };
                gw::PongResponse {
                    frontend_api_caps: list(&PROTOCOL),
                    llb_caps: list(caps::ALL),
                    workers: Vec::new(),
                }
                .encode_to_vec()
            }
            "Solve" => {
                let request = gw::SolveRequest::decode(message).expect("it can be read");
                let definition = Definition::from_pb(request.definition.unwrap_or_default());
                definition.expect("digests are digests");
                self.refs += 1;
                let one = gw::Ref { id: format!("ref-{}", self.refs), def: None };
                let result = gw::Result { result: Some(gw::result::Result::Ref(one)), ..Default::default() };
                gw::SolveResponse { result: Some(result), ..Default::default() }.encode_to_vec()
            }
            "ReadFile" => {
                gw::ReadFileRequest::decode(message).expect("it can be read");
                gw::ReadFileResponse { data: content.unwrap_or(DOCKERFILE).to_vec() }.encode_to_vec()
            }
            "ResolveSourceMeta" => {
                let request = gw::ResolveSourceMetaRequest::decode(message).expect("it can be read");
                let config = content.unwrap_or(CONFIG).to_vec();
                let image = gw::ResolveSourceImageResponse { digest: digest(), config, ..Default::default() };
                gw::ResolveSourceMetaResponse {
                    source: request.source,
                    image: Some(image),
                    ..Default::default()
                }
                .encode_to_vec()
            }
            "ResolveImageConfig" => {
                let config = content.unwrap_or(CONFIG).to_vec();
                gw::ResolveImageConfigResponse { digest: digest(), config, ..Default::default() }
                    .encode_to_vec()
            }
            // Those answer with nothing, or with what nobody looks at.
            _ => Vec::new(),
        }
    }
}

/// Reads what the engine is to do.
fn acts(mut data: &[u8]) -> VecDeque<Act> {
    let mut acts = VecDeque::new();
    while let [kind, low, high, rest @ ..] = data {
        let number = u16::from_le_bytes([*low, *high]);
        let (bytes, behind) = rest.split_at(rest.len().min(usize::from(number)));
        data = behind;
        let mut bytes = bytes.to_vec();
        acts.push_back(match kind % 10 {
            1 => Act::Message(bytes),
            2 => Act::Longer(bytes),
            3 => {
                data = rest;
                Act::Changed(number, kind / 10)
            }
            4 => Act::Refused(bytes.pop().unwrap_or(2), bytes),
            5 => Act::Body(bytes, true),
            6 => Act::Body(bytes, false),
            7 | 8 => Act::Content(bytes),
            9 => {
                data = rest;
                Act::Http(number)
            }
            _ => {
                data = rest;
                Act::Usual
            }
        });
    }
    acts
}

thread_local! {
    /// Somewhere to sleep; nobody does.
    static STDIO: Stdio = {
        let (one, other) = UnixStream::pair().expect("there are sockets");
        Stdio::over(one.into(), other.into()).expect("they are sockets")
    };
}

/// Runs the frontend against an engine that does what `data` says.
///
/// # Panics
/// If the run does not end, or not as it must.
pub fn check(data: &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, rest) = end.map_or((&data[..0], data), |at| (&data[..at], &data[at + 2..]));
    let head = String::from_utf8_lossy(head);
    let options = head.lines().map(|line| line.split_once('=').unwrap_or((line, "")));
    let environment = Environment {
        options: options.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        session_id: "session".to_owned(),
        product: "docker".to_owned(),
        platforms: vec![Platform::new("linux", "amd64")],
    };
    let state = State { acts: acts(rest), calls: Vec::new(), returned: Vec::new(), refs: 0 };
    let engine = Engine(Arc::new(Mutex::new(state)));
    let channel = Channel::played(engine.clone(), STDIO.with(Stdio::clone));
    let outcome = to_the_end(run::run(channel, environment));
    let state = engine.0.lock().expect("nobody panicked with it");
    let told = state.returned.first();
    if let Some(gw::ReturnRequest { error: Some(rpc::Status { code, .. }), result }) = told {
        assert!(*code != 0 && result.is_none(), "an error is no result");
    }
    match outcome {
        // An engine of old takes the result with a last Solve.
        Ok(()) => assert!(told.is_some() || state.calls.last().is_some_and(|call| call == "Solve")),
        Err(error) => assert!(!error.in_full().is_empty()),
    }
}

/// Drives a run, which waits for nobody.
fn to_the_end<F: Future>(run: F) -> F::Output {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(woken.clone());
    let mut run = pin!(run);
    loop {
        match run.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => assert!(woken.0.swap(false, Relaxed), "it waits for nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_working_engine_gets_a_result() {
        check(b"");
        check(b"target=Base\n\n");
        check(b"requestid=frontend.outline\n\n");
    }

    #[test]
    fn findings() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/properties/findings/gateway");
        for entry in folder.read_dir().into_iter().flatten() {
            let path = entry.expect("it can be listed").path();
            println!("{}", path.display());
            check(&std::fs::read(path).expect("it can be read"));
        }
    }
}
