//! A fake engine: a gRPC server on one end of two pipes. It decodes no message; the tests do.

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use tokio::net::unix::pipe;

/// What the engine does with a call.
pub enum Reply {
    /// Answers.
    Message(Vec<u8>),
    /// Refuses, with the bytes of a `google.rpc.Status` as details.
    Status(i32, &'static str, Vec<u8>),
    /// Closes the connection without an answer.
    Close,
}

type Replying = Pin<Box<dyn Future<Output = Reply> + Send>>;
type Handler = dyn Fn(String, Vec<u8>) -> Replying + Send + Sync;

/// The engine's ends of the two pipes.
pub struct Bridge {
    calls: Arc<Mutex<Vec<String>>>,
    handler: Arc<Handler>,
}

impl Bridge {
    /// Returns an engine that answers as `handler` says, given method and message.
    pub fn new<F>(handler: impl Fn(&str, &[u8]) -> F + Send + Sync + 'static) -> Bridge
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let handler =
            move |method: String, message: Vec<u8>| -> Replying { Box::pin(handler(&method, &message)) };
        Bridge { calls: Arc::default(), handler: Arc::new(handler) }
    }

    /// Returns the methods called so far.
    pub fn calls(&self) -> Arc<Mutex<Vec<String>>> {
        self.calls.clone()
    }

    /// Serves until either side closes.
    pub async fn serve(self, from_frontend: OwnedFd, to_frontend: OwnedFd) {
        let io = Pipes {
            reader: pipe::Receiver::from_owned_fd(from_frontend).expect("a pipe"),
            writer: pipe::Sender::from_owned_fd(to_frontend).expect("a pipe"),
        };
        let (close, closed) = tokio::sync::mpsc::unbounded_channel::<()>();
        let mut closed = closed;
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (calls, handler, close) = (self.calls.clone(), self.handler.clone(), close.clone());
            async move {
                let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
                let message = collect(request.into_body()).await;
                calls.lock().unwrap().push(method.clone());
                let reply = handler(method, message.get(5..).unwrap_or_default().to_vec()).await;
                Ok::<_, Infallible>(match reply {
                    Reply::Message(message) => answer(&message),
                    Reply::Status(code, message, details) => refusal(code, message, &details),
                    Reply::Close => {
                        let _ = close.send(());
                        std::future::pending().await
                    }
                })
            }
        });
        let serving = hyper::server::conn::http2::Builder::new(Spawn).serve_connection(io, service);
        tokio::select! {
            _ = serving => {}
            _ = closed.recv() => {}
        }
    }
}

async fn collect(mut body: Incoming) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame.into_data() {
            all.extend_from_slice(&data);
        }
    }
    all
}

fn head() -> http::response::Builder {
    http::Response::builder().header("content-type", "application/grpc")
}

fn answer(message: &[u8]) -> http::Response<Frames> {
    let mut data = vec![0];
    data.extend_from_slice(&(message.len() as u32).to_be_bytes());
    data.extend_from_slice(message);
    let mut trailers = http::HeaderMap::new();
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    let frames = vec![Frame::trailers(trailers), Frame::data(Bytes::from(data))];
    head().body(Frames(frames)).expect("a response")
}

fn refusal(code: i32, message: &str, details: &[u8]) -> http::Response<Frames> {
    let mut response =
        head().header("grpc-status", code.to_string()).header("grpc-message", message.replace(' ', "%20"));
    if !details.is_empty() {
        response = response.header("grpc-status-details-bin", base64(details));
    }
    response.body(Frames(Vec::new())).expect("a response")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let digit = |six: &[u8]| (0..6).fold(0, |value, at| value << 1 | six.get(at).copied().unwrap_or(0));
    bits.chunks(6).map(|six| char::from(DIGITS[usize::from(digit(six))])).collect()
}

/// The frames of a response, last first.
struct Frames(Vec<Frame<Bytes>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.get_mut().0.pop().map(Ok))
    }
}

struct Pipes {
    reader: pipe::Receiver,
    writer: pipe::Sender,
}

impl hyper::rt::Read for Pipes {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut buffer = [0; 8192];
        let room = into.remaining().min(buffer.len());
        loop {
            ready!(self.reader.poll_read_ready(cx))?;
            match self.reader.try_read(&mut buffer[..room]) {
                Ok(length) => {
                    into.put_slice(&buffer[..length]);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl hyper::rt::Write for Pipes {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.writer.poll_write_ready(cx))?;
            match self.writer.try_write(from) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return Poll::Ready(other),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Clone, Copy)]
struct Spawn;

impl<F> hyper::rt::Executor<F> for Spawn
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, future: F) {
        tokio::spawn(future);
    }
}
