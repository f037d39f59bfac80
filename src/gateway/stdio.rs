//! Standard input and output as one connection, and the wait for the engine.
//!
//! In: the two file descriptors the engine gave us, as pipes or as sockets. Out: [`Stdio`], which reads and writes,
//! and [`Stdio::wait`], which sleeps until one of the two can go on. What the bytes say is the matter of `grpc`.
//!
//! There is no event loop of a library behind it, as two file descriptors need none. What is written is gathered and
//! goes out when there is nothing left to do but wait: all that is asked for at a time reaches the engine in one piece.
//! A build of ten calls takes 65 system calls and 9 switches of context; with tokio's loop, and a second thread for the
//! build, it took 214 and 77.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// So much is gathered before it is written. A pipe holds 64 KiB by default.
const GATHERED_BYTES: usize = 64 << 10;

/// Tells whether a person sits at standard input or output.
pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal()
}

/// Both directions of the conversation with the engine. Clones are the same conversation.
#[derive(Clone)]
pub(super) struct Stdio(Rc<RefCell<Pair>>);

struct Pair {
    input: File,
    output: File,
    /// Whether a read may find something.
    is_readable: bool,
    /// Whether the engine has closed the direction towards it. While we only wait for an answer nothing is written,
    /// so that would not be noticed by writing.
    is_closed: bool,
    gathered: Vec<u8>,
    /// Whether more was to be written than could be gathered.
    has_more: bool,
    /// When to stop waiting.
    wake_at: Option<Instant>,
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

    /// Takes any two file descriptors.
    ///
    /// # Errors
    /// If one of them is neither a pipe nor a socket.
    pub(super) fn over(input: OwnedFd, output: OwnedFd) -> io::Result<Stdio> {
        let pair = Pair {
            input: connected(input)?,
            output: connected(output)?,
            is_readable: false,
            is_closed: false,
            gathered: Vec::new(),
            has_more: false,
            wake_at: None,
        };
        Ok(Stdio(Rc::new(RefCell::new(pair))))
    }

    /// Tells whether the engine takes nothing any more.
    pub(super) fn is_closed(&self) -> bool {
        self.0.borrow().is_closed
    }

    /// Ends the next sleep at a time; `None`: only when there is something to do.
    pub(super) fn wake_at(&self, time: Option<Instant>) {
        self.0.borrow_mut().wake_at = time;
    }

    /// Sends what was gathered and sleeps until the engine has sent something, can take more, or has left. After that
    /// everything that reads or writes is to be polled again: no waker is kept.
    pub(super) fn wait(&self) {
        let pair = &mut *self.0.borrow_mut();
        pair.send();
        let goes_on = mem::take(&mut pair.has_more) && pair.gathered.len() < GATHERED_BYTES;
        if goes_on || pair.is_closed {
            return;
        }
        let wanted = if pair.gathered.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
        let mut both = [PollFd::new(&pair.output, wanted), PollFd::new(&pair.input, PollFlags::IN)];
        // What can be read already need not be waited for.
        let waited = if pair.is_readable { &mut both[..1] } else { &mut both[..] };
        let left = pair.wake_at.map(|time| time.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        while poll(waited, left.as_ref()) == Err(Errno::INTR) {}
        let [output, input] = both.map(|fd| fd.revents());
        pair.is_readable |= !input.is_empty();
        pair.is_closed |= output.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
    }
}

/// Makes sure that an engine can be at the other end, and that it is never waited for but in `wait`.
fn connected(fd: OwnedFd) -> io::Result<File> {
    let file = File::from(fd);
    let kind = file.metadata()?.file_type();
    if !kind.is_fifo() && !kind.is_socket() {
        let reason = "standard input and output are not connected to an engine";
        return Err(io::Error::new(io::ErrorKind::Unsupported, reason));
    }
    rustix::io::ioctl_fionbio(&file, true)?;
    Ok(file)
}

impl Pair {
    /// Writes what was gathered, as far as the engine takes it.
    fn send(&mut self) {
        let mut sent = 0;
        while sent < self.gathered.len() {
            match self.output.write(&self.gathered[sent..]) {
                Ok(some) => sent += some,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.is_closed |= error.kind() != io::ErrorKind::WouldBlock;
                    break;
                }
            }
        }
        self.gathered.drain(..sent);
    }
}

impl AsyncRead for Stdio {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let pair = &mut *self.0.borrow_mut();
        while pair.is_readable {
            let room = into.initialize_unfilled();
            match pair.input.read(room) {
                Ok(read) => {
                    // A read that fills less than the room has emptied the pipe; at the end it is empty for ever.
                    pair.is_readable = read == room.len() || read == 0;
                    into.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => pair.is_readable = false,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Pending
    }
}

impl AsyncWrite for Stdio {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let pair = &mut *self.0.borrow_mut();
        if pair.gathered.len() >= GATHERED_BYTES {
            pair.send();
        }
        if pair.is_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = GATHERED_BYTES.saturating_sub(pair.gathered.len()).min(from.len());
        if room == 0 && !from.is_empty() {
            pair.has_more = true;
            return Poll::Pending;
        }
        pair.gathered.extend_from_slice(&from[..room]);
        Poll::Ready(Ok(room))
    }

    /// Always done: what was gathered goes out in [`Stdio::wait`].
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
