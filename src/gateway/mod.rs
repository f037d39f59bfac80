//! The frontend: a process that an engine starts and talks to over standard input and output.
//!
//! In: the environment and the engine's answers. Out: one result, or one error, in a Return call. All async code
//! lives in this room; the pipeline it drives has none.
//!
//! One thread does it all: it builds as far as it can, then waits for the engine. When the engine goes away, the
//! process ends. When the build panics, the hook takes the connection over and tells the engine before the process
//! dies. (Each call passed twice from one thread to another when there were two: see `stdio` for what that cost.)

mod answer;
mod build;
mod caps;
mod client;
mod engine;
mod error;
mod forward;
mod grpc;
mod options;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod played;
mod remedy;
mod result;
mod run;
mod stdio;
mod subrequest;
mod upload;

pub use engine::{Engine, Image, Tree, serve};
pub use error::Error;

use crate::text::visible;
use client::Client;
use grpc::Channel;
use h2::client::Connection;
use options::Environment;
use prost::bytes::Bytes;
use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use std::{panic, thread};
use stdio::Stdio;

const NAME: &str = "multistage-frontend";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long the engine may take to hear of a panic, or that its first answer was wrong.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs our own frontend, that of the image.
#[doc(hidden)]
pub fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("--version" | "-version" | "-V") => {
            println!("{NAME} {VERSION}");
            return ExitCode::SUCCESS;
        }
        Some("--help" | "-help" | "-h") => {
            println!("{}", help());
            return ExitCode::SUCCESS;
        }
        Some(flag) if flag.starts_with('-') => {
            eprintln!("{NAME}: unknown flag `{flag}`; see `{NAME} --help`");
            return ExitCode::from(2);
        }
        _ => {}
    }
    if stdio::is_terminal() {
        eprintln!("{}", help());
        return ExitCode::from(2);
    }
    run_on_stdio(|channel| run::run(channel, Environment::of_process()))
}

/// Lets `build` talk to the engine over standard input and output, and ends the process.
fn run_on_stdio<F>(build: impl FnOnce(Channel) -> F) -> ExitCode
where
    F: Future<Output = Result<(), Error>>,
{
    match Stdio::open() {
        Ok(stdio) => {
            report_panics(|| process::exit(1));
            let ended = supervise(stdio, build);
            // Ends here and not by returning, so the channel and the connection are not taken apart first.
            process::exit(ended)
        }
        Err(reason) => {
            eprintln!("{}: {reason}\n\n{}", program(), by_hand());
            ExitCode::from(2)
        }
    }
}

fn help() -> String {
    format!(
        "{NAME} {VERSION}: a Dockerfile frontend for BuildKit\n\n\
         {}\n\n\
         To check, explain or draw a Dockerfile on this machine, use `multistage`.\n\n\
         Options:\n  --version  print name and version\n  --help     print this",
        by_hand()
    )
}

/// What to say to somebody who starts a frontend by hand.
fn by_hand() -> &'static str {
    "BuildKit starts this program in a container and talks to it over standard input and output;\n\
     there is nothing to do by hand. To build with it, name its image in the first line of a Dockerfile:\n\n    \
     # syntax=NAME-OF-THE-IMAGE"
}

/// Returns the name of this program, which may be a frontend of somebody else's.
fn program() -> String {
    let path = std::env::args_os().next().unwrap_or_default();
    let name = std::path::Path::new(&path).file_name();
    name.map_or_else(|| NAME.to_owned(), |name| name.to_string_lossy().into_owned())
}

thread_local! {
    /// The conversation with the engine. Nobody holds it while the build works, so the panic hook can take it over.
    static LINE: RefCell<Option<Line>> = const { RefCell::new(None) };
}

struct Line {
    stdio: Stdio,
    channel: Channel,
    connection: Connection<Stdio, Bytes>,
}

impl Line {
    /// Moves bytes. Returns why the conversation is over, once it is.
    fn poll(&mut self, cx: &mut Context<'_>) -> Option<String> {
        let channel = &self.channel;
        let closed = || match channel.open_calls().join(", ").as_str() {
            "" => "the engine closed the connection".to_owned(),
            calls => format!("the engine closed the connection during {calls}"),
        };
        match Pin::new(&mut self.connection).poll(cx) {
            Poll::Ready(Ok(())) => Some(closed()),
            Poll::Ready(Err(error)) => Some(format!("{}: {}", closed(), root_cause(&error))),
            Poll::Pending => self.stdio.is_closed().then(closed),
        }
    }
}

/// Connects to the engine, lets `build` work, and returns the exit status.
fn supervise<F>(stdio: Stdio, build: impl FnOnce(Channel) -> F) -> i32
where
    F: Future<Output = Result<(), Error>>,
{
    let channel = match block_on(pin!(grpc::open(stdio.clone())), |_| None, || stdio.wait()) {
        Ok(Ok((channel, connection))) => {
            let line = Line { stdio, channel: channel.clone(), connection };
            LINE.set(Some(line));
            channel
        }
        Ok(Err(error)) => return fail(&format!("cannot talk to the engine: {}", root_cause(&error))),
        Err(reason) => return fail(&reason),
    };
    match talk(pin!(build(channel))) {
        Ok(Ok(())) => 0,
        Ok(Err(error)) => fail(&error.in_full()),
        Err(reason) => fail(&reason),
    }
}

/// Drives a future that talks to the engine.
///
/// # Errors
/// Why the conversation was over before the future was.
fn talk<F: Future>(future: Pin<&mut F>) -> Result<F::Output, String> {
    let over = || "there is no connection".to_owned();
    let poll = |cx: &mut Context<'_>| {
        LINE.with_borrow_mut(|line| line.as_mut().map_or_else(|| Some(over()), |line| line.poll(cx)))
    };
    let wait = || LINE.with_borrow(|line| line.as_ref().map(|line| line.stdio.wait())).unwrap_or_default();
    block_on(future, poll, wait)
}

/// Polls a future until it is done, `beside` it what it depends on, and waits when there is nothing to do.
///
/// # Errors
/// What `beside` returned. The future is looked at once more before: the engine may leave as soon as it has the result.
fn block_on<F: Future>(
    mut future: Pin<&mut F>,
    mut beside: impl FnMut(&mut Context<'_>) -> Option<String>,
    wait: impl Fn(),
) -> Result<F::Output, String> {
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(woken.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        while woken.0.swap(false, Relaxed) {
            let ended = beside(&mut cx);
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return Ok(output);
            }
            if let Some(reason) = ended {
                return Err(reason);
            }
        }
        wait();
        woken.0.store(true, Relaxed);
    }
}

/// Whether there is something to do.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Says on standard error why the frontend failed, and returns the exit status for that.
fn fail(message: &str) -> i32 {
    say(message);
    1
}

/// Says a line on standard error, which ends up in the engine's log.
fn say(message: &str) {
    eprintln!("{}: {}", program(), visible(&message.replace('\n', " ")));
}

/// Tells the engine of a panic, and then calls `end`. This also works where a panic aborts the process: it does so
/// after its hook.
fn report_panics(end: fn()) {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // Not there in a thread that has no conversation; held if the connection itself is at fault.
        let channel = LINE.try_with(|line| Some(line.try_borrow_mut().ok()?.as_ref()?.channel.clone()));
        let Ok(Some(channel)) = channel else { return usual(panic) };
        let message = match panic.location() {
            Some(at) => format!("internal error: {} ({}:{})", payload(panic), at.file(), at.line()),
            None => format!("internal error: {}", payload(panic)),
        };
        fail(&message);
        // The engine may not listen, and the panic may have left the connection locked.
        thread::spawn(move || {
            thread::sleep(LAST_WORDS);
            end();
        });
        let client = Client::unmet(channel);
        let _ = talk(pin!(client.end(Err(Error::internal(&message)))));
        end();
    }));
}

fn payload<'a>(panic: &'a panic::PanicHookInfo<'_>) -> &'a str {
    let payload = panic.payload();
    let formatted = payload.downcast_ref::<String>().map(String::as_str);
    formatted.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message")
}

#[cfg(test)]
#[allow(dead_code)]
#[path = "../../tests/gateway/bridge.rs"]
mod bridge;

#[cfg(test)]
mod tests {
    use super::bridge::{Bridge, Reply};
    use super::*;
    use crate::pb::gateway as gw;
    use prost::Message;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_panic_is_told_to_the_engine() {
        let (from_frontend, output) = std::io::pipe().unwrap();
        let (input, to_frontend) = std::io::pipe().unwrap();
        let told = Arc::new(Mutex::new(None));
        let note = told.clone();
        let bridge = Bridge::new(move |method, message| {
            assert_eq!(method, "Return");
            *note.lock().unwrap() = gw::ReturnRequest::decode(message).ok();
            async { Reply::Message(Vec::new()) }
        });
        let serving = thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime
                .enable_all()
                .build()
                .unwrap()
                .block_on(bridge.serve(from_frontend.into(), to_frontend.into()));
        });
        report_panics(|| {});
        let stdio = Stdio::over(input.into(), output.into()).unwrap();
        let at_fault = || supervise(stdio, |_| async { panic!("the {} is at fault", "test") });
        assert!(panic::catch_unwind(panic::AssertUnwindSafe(at_fault)).is_err());
        LINE.set(None);
        serving.join().unwrap();
        let status = told.lock().unwrap().take().and_then(|told| told.error).expect("an error was returned");
        assert_eq!(status.code, tonic::Code::Internal as i32);
        assert!(status.message.starts_with("internal error: the test is at fault ("), "{}", status.message);
    }
}
