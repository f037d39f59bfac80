//! HTTP/2 over standard input and output, for the generated client.
//!
//! In: the two file descriptors the engine gave us, as pipes or as sockets. Out: a [`Channel`] that carries
//! requests, and the [`Connection`] that drives it. What the requests say is the client's matter.
//!
//! Reading is asynchronous to the core: a thread that sits in a blocking `read` could not be stopped at exit
//! while the engine keeps its end open.

use hyper::client::conn::http2::{self, SendRequest};
use std::fs::File;
use std::future::Future;
use std::io::{self, IoSlice, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tonic::body::Body;
use tower_service::Service;

/// The largest message either side takes, as in the engine.
pub(super) const MESSAGE_LIMIT_BYTES: usize = 16 << 20;

/// A whole message fits into the window, so the engine never waits for one of ours to open it.
const WINDOW_BYTES: u32 = 17 << 20;

/// One read from the pipe; a pipe holds 64 KiB by default.
const READ_BYTES: usize = 64 << 10;

/// Tells whether a person sits at standard input or output.
pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal()
}

/// Both directions of the conversation with the engine.
pub(super) struct Stdio {
    reader: Reader,
    writer: Writer,
    hangup: Option<pipe::Sender>,
    buffer: Box<[u8]>,
}

enum Reader {
    Pipe(pipe::Receiver),
    Socket(UnixStream),
}

enum Writer {
    Pipe(pipe::Sender),
    Socket(UnixStream),
}

impl Stdio {
    /// Takes standard input and output of this process.
    ///
    /// # Errors
    /// If one of them is neither a pipe nor a socket, so that no engine can be at the other end.
    pub(super) fn open() -> io::Result<Stdio> {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        Stdio::over(input, output)
    }

    /// Takes any two file descriptors. Must be called inside a runtime.
    ///
    /// # Errors
    /// If one of them is neither a pipe nor a socket.
    pub(super) fn over(input: OwnedFd, output: OwnedFd) -> io::Result<Stdio> {
        let reader = match kind(&input)? {
            Kind::Pipe => Reader::Pipe(pipe::Receiver::from_owned_fd(input)?),
            Kind::Socket => Reader::Socket(socket(input)?),
        };
        let mut hangup = None;
        let writer = match kind(&output)? {
            Kind::Pipe => {
                hangup = Some(pipe::Sender::from_owned_fd(output.try_clone()?)?);
                Writer::Pipe(pipe::Sender::from_owned_fd(output)?)
            }
            Kind::Socket => Writer::Socket(socket(output)?),
        };
        Ok(Stdio { reader, writer, hangup, buffer: vec![0; READ_BYTES].into_boxed_slice() })
    }
}

enum Kind {
    Pipe,
    Socket,
}

fn kind(fd: &OwnedFd) -> io::Result<Kind> {
    let kind = File::from(fd.try_clone()?).metadata()?.file_type();
    if kind.is_fifo() {
        Ok(Kind::Pipe)
    } else if kind.is_socket() {
        Ok(Kind::Socket)
    } else {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "standard input and output are not connected to an engine",
        ))
    }
}

fn socket(fd: OwnedFd) -> io::Result<UnixStream> {
    let socket = StdUnixStream::from(fd);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}

impl hyper::rt::Read for Stdio {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The cursor gives its memory to unsafe code only, hence the copy through a buffer of our own.
        let room = into.remaining().min(this.buffer.len());
        let buffer = &mut this.buffer[..room];
        loop {
            let read = match &this.reader {
                Reader::Pipe(pipe) => {
                    ready!(pipe.poll_read_ready(cx))?;
                    pipe.try_read(buffer)
                }
                Reader::Socket(socket) => {
                    ready!(socket.poll_read_ready(cx))?;
                    socket.try_read(buffer)
                }
            };
            match read {
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

impl hyper::rt::Write for Stdio {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(from)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            let written = match &self.writer {
                Writer::Pipe(pipe) => {
                    ready!(pipe.poll_write_ready(cx))?;
                    pipe.try_write_vectored(from)
                }
                Writer::Socket(socket) => {
                    ready!(socket.poll_write_ready(cx))?;
                    socket.try_write_vectored(from)
                }
            };
            match written {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return Poll::Ready(other),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Carries requests to the engine. Clones share one connection, also across threads.
#[derive(Clone)]
pub(super) struct Channel {
    sender: SendRequest<Body>,
}

impl Service<http::Request<Body>> for Channel {
    type Response = http::Response<hyper::body::Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.sender.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.sender.send_request(request))
    }
}

/// Moves bytes while it is polled; ends when the engine closes either direction.
pub(super) struct Connection {
    http: http2::Connection<Stdio, Body, Spawn>,
    hangup: Option<pipe::Sender>,
}

impl Connection {
    /// Greets the engine. Does not wait for its answer.
    ///
    /// # Errors
    /// If the greeting cannot be sent.
    pub(super) async fn open(mut stdio: Stdio) -> hyper::Result<(Channel, Connection)> {
        let hangup = stdio.hangup.take();
        let (sender, http) = http2::Builder::new(Spawn)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .handshake(stdio)
            .await?;
        Ok((Channel { sender }, Connection { http, hangup }))
    }

    /// Drives the connection to its end and says what ended it.
    pub(super) async fn run(self) -> String {
        let Connection { http, hangup } = self;
        let closed = || "the engine closed the connection".to_owned();
        let lost = async {
            match &hangup {
                // While we only wait for an answer nothing is written, so a closed pipe must be looked for.
                Some(pipe) => {
                    let _ = pipe.ready(Interest::ERROR).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            ended = http => match ended {
                Ok(()) => closed(),
                Err(error) => format!("{}: {}", closed(), root_cause(&error)),
            },
            () = lost => closed(),
        }
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Runs what the connection wants to run beside itself.
#[derive(Clone, Copy)]
struct Spawn;

impl<F> hyper::rt::Executor<F> for Spawn
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::spawn(future);
    }
}
