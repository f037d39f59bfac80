//! A fake engine: a gRPC server on one end of two pipes. It decodes no message; the tests do.

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::unix::pipe;

/// What the engine does with a call.
pub enum Reply {
    /// Answers.
    Message(Vec<u8>),
    /// Refuses, with details as they stand in the header: a `google.rpc.Status` in base64.
    Status(i32, &'static str, String),
    /// Closes the connection without an answer.
    Close,
    /// Sends these bytes in place of a framed message, and then what else there is.
    Bytes(Vec<u8>, End),
    /// Answers with a status of HTTP.
    Http(u16),
    /// Does not answer.
    Never,
    /// Answers, and from there on answers nothing; closes the connection after a while.
    Last(Box<Reply>, Duration),
    /// Answers, but takes no further calls.
    GoAway(Box<Reply>),
    /// Answers, but the pipe does not carry that as it should.
    Pipe(Tamper, Box<Reply>),
}

/// How a response ends.
pub enum End {
    /// With the status of a call that went well.
    Well,
    /// Without any status.
    Without,
    /// The stream is reset.
    Reset(h2::Reason),
}

/// What becomes of bytes on their way.
#[derive(Clone, Copy)]
pub enum Tamper {
    /// After so many bytes the pipe is closed.
    Cut(usize),
    /// Others come out.
    Garbage,
}

/// What happens to the connection.
enum Event {
    Close,
    GoAway,
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
        let (happen, mut happening) = tokio::sync::mpsc::unbounded_channel();
        let tamper = Arc::new(Mutex::new(None));
        let io = Pipes {
            reader: pipe::Receiver::from_owned_fd(from_frontend).expect("a pipe"),
            writer: pipe::Sender::from_owned_fd(to_frontend).expect("a pipe"),
            tamper: tamper.clone(),
            happen: happen.clone(),
        };
        let is_over = Arc::new(AtomicBool::new(false));
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (calls, handler, happen) = (self.calls.clone(), self.handler.clone(), happen.clone());
            let (is_over, tamper) = (is_over.clone(), tamper.clone());
            async move {
                let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
                let message = collect(request.into_body()).await;
                calls.lock().unwrap().push(method.clone());
                let mut reply = handler(method, message.get(5..).unwrap_or_default().to_vec()).await;
                if is_over.load(SeqCst) {
                    reply = Reply::Never;
                }
                Ok::<_, Infallible>(loop {
                    reply = match reply {
                        Reply::Message(message) => break answer(&message),
                        Reply::Status(code, message, details) => break refusal(code, message, &details),
                        Reply::Bytes(bytes, end) => break response(bytes, end),
                        Reply::Http(status) => {
                            let head = http::Response::builder().status(status);
                            break head.body(Frames(Vec::new())).expect("a response");
                        }
                        Reply::Never => std::future::pending().await,
                        Reply::Close => {
                            let _ = happen.send(Event::Close);
                            Reply::Never
                        }
                        Reply::Last(reply, delay) => {
                            is_over.store(true, SeqCst);
                            let happen = happen.clone();
                            tokio::spawn(async move {
                                tokio::time::sleep(delay).await;
                                happen.send(Event::Close)
                            });
                            *reply
                        }
                        Reply::GoAway(reply) => {
                            let _ = happen.send(Event::GoAway);
                            // First that is sent, then the answer.
                            tokio::time::sleep(Duration::from_millis(20)).await;
                            *reply
                        }
                        Reply::Pipe(how, reply) => {
                            *tamper.lock().unwrap() = Some(how);
                            *reply
                        }
                    };
                })
            }
        });
        let serving = hyper::server::conn::http2::Builder::new(Spawn).serve_connection(io, service);
        let mut serving = std::pin::pin!(serving);
        loop {
            tokio::select! {
                _ = &mut serving => return,
                event = happening.recv() => match event {
                    Some(Event::GoAway) => serving.as_mut().graceful_shutdown(),
                    _ => return,
                },
            }
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
    response(framed(message), End::Well)
}

/// Puts before a message what gRPC puts there.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut data = vec![0];
    data.extend_from_slice(&(message.len() as u32).to_be_bytes());
    data.extend_from_slice(message);
    data
}

fn response(data: Vec<u8>, end: End) -> http::Response<Frames> {
    let mut frames = Vec::new();
    match end {
        End::Well => {
            let mut trailers = http::HeaderMap::new();
            trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
            frames.push(Ok(Frame::trailers(trailers)));
        }
        End::Without => {}
        End::Reset(reason) => frames.push(Err(reason.into())),
    }
    frames.push(Ok(Frame::data(Bytes::from(data))));
    head().body(Frames(frames)).expect("a response")
}

fn refusal(code: i32, message: &str, details: &str) -> http::Response<Frames> {
    let mut response =
        head().header("grpc-status", code.to_string()).header("grpc-message", message.replace(' ', "%20"));
    if !details.is_empty() {
        response = response.header("grpc-status-details-bin", details);
    }
    response.body(Frames(Vec::new())).expect("a response")
}

/// Returns bytes as headers hold them.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let digit = |six: &[u8]| (0..6).fold(0, |value, at| value << 1 | six.get(at).copied().unwrap_or(0));
    bits.chunks(6).map(|six| char::from(DIGITS[usize::from(digit(six))])).collect()
}

/// The frames of a response, last first.
struct Frames(Vec<Result<Frame<Bytes>, h2::Error>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        Poll::Ready(self.get_mut().0.pop())
    }
}

struct Pipes {
    reader: pipe::Receiver,
    writer: pipe::Sender,
    tamper: Arc<Mutex<Option<Tamper>>>,
    happen: tokio::sync::mpsc::UnboundedSender<Event>,
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
        let tamper = *self.tamper.lock().unwrap();
        loop {
            ready!(self.writer.poll_write_ready(cx))?;
            let tried = match tamper {
                None => self.writer.try_write(from),
                Some(Tamper::Garbage) => self.writer.try_write(&vec![0xa5; from.len()]),
                Some(Tamper::Cut(length)) => {
                    let _ = self.writer.try_write(&from[..length.min(from.len())]);
                    let _ = self.happen.send(Event::Close);
                    return Poll::Pending;
                }
            };
            match tried {
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
