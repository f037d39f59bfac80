//! Unary gRPC calls over HTTP/2.
//!
//! In: a method and a message. Out: the reply, or the engine's status with the details it sent. Which messages there
//! are is the matter of `client`.
//!
//! tonic makes the calls, h2 speaks HTTP/2. Messages pass through tonic as bytes, so all of it is there once and not
//! once for each pair of messages; and it is joined to h2 here, in a few lines, and not by hyper. The generated client,
//! hyper and tokio's runtime made the program 140 KB larger (70 KB with gzip).

use super::error::Error;
use super::stdio::Stdio;
use crate::limits::MESSAGE_BYTES;
use h2::client::{Connection, SendRequest};
use h2::{Reason, RecvStream};
use http_body::Frame;
use http_body_util::BodyExt;
use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};
use tower_service::Service;

/// A whole message fits into the window, so the engine never waits for one of ours to open it.
const WINDOW_BYTES: u32 = 17 << 20;

/// Where the methods of the engine are.
const SERVICE: &str = "/moby.buildkit.v1.frontend.LLBBridge/";

/// Carries calls to the engine. Clones share one connection; calls go side by side.
#[derive(Clone)]
pub(super) struct Channel {
    calls: Grpc<Http2>,
    stdio: Stdio,
    /// The calls that wait for their answer.
    open: Rc<RefCell<Vec<&'static str>>>,
}

/// Greets the engine. The connection moves bytes while it is polled.
///
/// # Errors
/// If the greeting cannot be sent.
pub(super) async fn open(stdio: Stdio) -> Result<(Channel, Connection<Stdio, Bytes>), h2::Error> {
    let (sender, connection) = h2::client::Builder::new()
        .initial_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .enable_push(false)
        .handshake(stdio.clone())
        .await?;
    Ok((Channel::over(Http2::Connected(sender), stdio), connection))
}

impl Channel {
    fn over(http: Http2, stdio: Stdio) -> Channel {
        let origin = http::Uri::from_static("http://localhost");
        let calls = Grpc::with_origin(http, origin).max_decoding_message_size(MESSAGE_BYTES);
        Channel { calls, stdio, open: Rc::default() }
    }

    /// Returns a channel to an engine that is played; nothing of it goes over `stdio`.
    #[cfg(any(test, fuzzing))]
    pub(super) fn played(engine: super::played::Engine, stdio: Stdio) -> Channel {
        Channel::over(Http2::Played(engine), stdio)
    }

    /// Calls a method.
    ///
    /// # Errors
    /// In the engine's words, or if there is no understanding it. All errors know the method, and those that are about
    /// the conversation itself name it.
    pub(super) async fn call<R: Message + Default>(
        &self,
        method: &'static str,
        message: impl Message,
    ) -> Result<R, Error> {
        let length = message.encoded_len();
        if length > MESSAGE_BYTES {
            return Err(too_large(length).naming(method));
        }
        let bytes = Bytes::from(message.encode_to_vec());
        drop(message);
        let reply = self.exchange(method, bytes).await.map_err(|status| {
            let is_broken = std::error::Error::source(&status).is_some();
            let error = Error::of_call(&status);
            // What is wrong with a build is said in the engine's words alone, as the reference does. All else is about
            // the conversation.
            if !is_broken && error.is_about_the_build() {
                error.said_to(method)
            } else {
                error.naming(method)
            }
        })?;
        R::decode(reply)
            .map_err(|reason| Error::internal(format!("unreadable reply: {reason}")).naming(method))
    }

    /// Sends a message and returns the reply. The same for all messages, so it is there once.
    async fn exchange(&self, method: &'static str, message: Bytes) -> Result<Bytes, Status> {
        let _open = Open::new(self, method);
        let path = format!("{SERVICE}{method}").parse::<http::uri::PathAndQuery>();
        let path = path.map_err(|reason| Status::internal(reason.to_string()))?;
        let mut calls = self.calls.clone();
        calls.ready().await?;
        let codec = AsBytes { length: message.len() };
        Ok(calls.unary(tonic::Request::new(message), path, codec).await?.into_inner())
    }

    /// Returns the methods whose calls wait for their answer, each once.
    pub(super) fn open_calls(&self) -> Vec<&'static str> {
        let mut methods = self.open.borrow().clone();
        methods.sort_unstable();
        methods.dedup();
        methods
    }

    /// Waits for a future no longer than so long. It must be polled each time when this is: all that is between the
    /// two is `join`, `select` or nothing.
    pub(super) async fn within<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        let end = Instant::now() + limit;
        let mut future = pin!(future);
        let outcome = poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if Instant::now() >= end => Poll::Ready(None),
            Poll::Pending => {
                self.stdio.wake_at(Some(end));
                Poll::Pending
            }
        })
        .await;
        self.stdio.wake_at(None);
        outcome
    }
}

/// A call that waits for its answer, until it is dropped.
struct Open<'a>(&'a Channel, &'static str);

impl<'a> Open<'a> {
    fn new(channel: &'a Channel, method: &'static str) -> Open<'a> {
        channel.open.borrow_mut().push(method);
        Open(channel, method)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut open = self.0.open.borrow_mut();
        if let Some(at) = open.iter().position(|method| *method == self.1) {
            open.swap_remove(at);
        }
    }
}

fn too_large(length: usize) -> Error {
    let limit = MESSAGE_BYTES >> 20;
    let message = format!("a message of {length} bytes is too large: no more than {limit} MiB can be sent");
    Error::with_code(Code::ResourceExhausted, message)
}

/// Messages as bytes. `length` is that of the message to send, so that room for it is made once.
struct AsBytes {
    length: usize,
}

impl Codec for AsBytes {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = AsBytes;
    type Decoder = AsBytes;

    fn encoder(&mut self) -> AsBytes {
        AsBytes { length: self.length }
    }

    fn decoder(&mut self) -> AsBytes {
        AsBytes { length: self.length }
    }
}

impl Encoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(message);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        let prefix = tonic::codec::HEADER_SIZE;
        BufferSettings::new(prefix + self.length, prefix + self.length)
    }
}

impl Decoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// The connection, as tonic calls it.
#[derive(Clone)]
enum Http2 {
    Connected(SendRequest<Bytes>),
    #[cfg(any(test, fuzzing))]
    Played(super::played::Engine),
}

impl Service<http::Request<Body>> for Http2 {
    type Response = http::Response<Reply>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        match self {
            Http2::Connected(sender) => sender.poll_ready(cx).map_err(given_up),
            #[cfg(any(test, fuzzing))]
            Http2::Played(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let carrier = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            // Of one message, so there is nothing to wait for, and nothing is copied.
            let message = body.collect().await?.to_bytes();
            #[allow(clippy::infallible_destructuring_match, reason = "a played engine is another")]
            let mut sender = match carrier {
                Http2::Connected(sender) => sender,
                #[cfg(any(test, fuzzing))]
                Http2::Played(engine) => {
                    return Ok(readable(engine.call(head.uri.path(), &message).map(Reply::Played)));
                }
            };
            let head = http::Request::from_parts(head, ());
            let (response, mut stream) = sender.send_request(head, false).map_err(given_up)?;
            stream.send_data(message, true).map_err(given_up)?;
            Ok(readable(response.await.map_err(given_up)?.map(Reply::Received)))
        })
    }
}

/// What the engine sends back, piece by piece.
enum Reply {
    Received(RecvStream),
    #[cfg(any(test, fuzzing))]
    Played(super::played::Reply),
}

impl http_body::Body for Reply {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        #[allow(clippy::infallible_destructuring_match, reason = "a played engine is another")]
        let stream = match &mut *self {
            Reply::Received(stream) => stream,
            #[cfg(any(test, fuzzing))]
            Reply::Played(reply) => {
                return Poll::Ready(reply.next().map(|frame| Ok(readable_trailers(frame))));
            }
        };
        let piece = match ready!(stream.poll_data(cx)) {
            Some(piece) => piece.and_then(|data| {
                stream.flow_control().release_capacity(data.len())?;
                Ok(Some(Frame::data(data)))
            }),
            None => ready!(stream.poll_trailers(cx)).map(|trailers| trailers.map(Frame::trailers)),
        };
        let piece = piece.map(|frame| frame.map(readable_trailers));
        Poll::Ready(piece.map_err(given_up).transpose())
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Reply::Received(stream) => stream.is_end_stream(),
            #[cfg(any(test, fuzzing))]
            Reply::Played(reply) => reply.is_at_end(),
        }
    }
}

/// Where the details of a status stand, in base64.
const DETAILS: &str = "grpc-status-details-bin";

/// Takes out of a head what tonic panics on.
fn readable<T>(mut response: http::Response<T>) -> http::Response<T> {
    keep_readable(response.headers_mut());
    response
}

/// Takes the same out of trailers.
fn readable_trailers(frame: Frame<Bytes>) -> Frame<Bytes> {
    match frame.into_trailers() {
        Err(data) => data,
        Ok(mut trailers) => {
            keep_readable(&mut trailers);
            Frame::trailers(trailers)
        }
    }
}

fn keep_readable(headers: &mut http::HeaderMap) {
    if headers.get(DETAILS).is_some_and(|details| !is_base64(details.as_bytes())) {
        headers.remove(DETAILS);
    }
}

/// Tells whether a text is base64, padded or not, with nothing in the bits that are left over.
fn is_base64(text: &[u8]) -> bool {
    let digits = text.strip_suffix(b"=").map_or(text, |text| text.strip_suffix(b"=").unwrap_or(text));
    let value = |digit: &u8| match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let left_over = match digits.len() % 4 {
        0 => 0,
        2 => 0b1111,
        3 => 0b11,
        _ => return false,
    };
    let is_padded_well = digits.len() == text.len() || text.len().is_multiple_of(4);
    let is_clean = digits.last().and_then(value).unwrap_or(0) & left_over == 0;
    is_padded_well && is_clean && digits.iter().all(|digit| value(digit).is_some())
}

/// The status of a call that HTTP/2 gave up.
fn given_up(error: h2::Error) -> Status {
    let code = match error.reason() {
        Some(Reason::REFUSED_STREAM) => Code::Unavailable,
        Some(Reason::CANCEL) => Code::Cancelled,
        Some(Reason::ENHANCE_YOUR_CALM) => Code::ResourceExhausted,
        Some(Reason::INADEQUATE_SECURITY) => Code::PermissionDenied,
        Some(_) => Code::Internal,
        None => Code::Unknown,
    };
    let mut status = Status::new(code, format!("the engine gave up a call: {error}"));
    // By that it is known to be none of the engine's words.
    status.set_source(Arc::new(error));
    status
}
