//! The frontend: a process that an engine starts and talks to over standard input and output.
//!
//! In: the environment and the engine's answers. Out: one result, or one error, in a Return call. All async code
//! lives in this room; the pipeline it drives has none.
//!
//! Two threads share the work. The first one moves bytes and watches: when the engine goes away it ends the
//! process, whatever the second one does. The second one runs the build. If that panics, the first one can still
//! tell the engine, also where a panic aborts the process.

mod answer;
mod build;
mod caps;
mod client;
mod error;
mod forward;
mod options;
mod remedy;
mod result;
mod run;
mod stdio;
mod subrequest;

use client::Client;
use error::Error;
use std::future::Future;
use std::panic;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;
use stdio::{Channel, Connection, Stdio};
use tokio::sync::mpsc::{self, UnboundedSender};

const NAME: &str = "multistage-frontend";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const BUILD_THREAD: &str = "build";

/// How long the engine may take to hear of a panic.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long the build may take to notice that the engine took its result and left.
const LAST_GLANCE: Duration = Duration::from_millis(200);

/// How the build thread ended.
#[derive(Debug)]
enum Ended {
    /// The engine has the result, or the error.
    Told,
    /// The engine could not be told.
    Untold(Error),
    /// The program is at fault, and the engine does not know yet.
    Panicked(String),
}

/// Runs the frontend and returns the exit status of the process.
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    match runtime {
        Ok(runtime) => runtime.block_on(async {
            match Stdio::open() {
                Ok(stdio) => supervise(stdio, run::run).await,
                Err(reason) => {
                    eprintln!("{NAME}: {reason}\n\n{}", help());
                    ExitCode::from(2)
                }
            }
        }),
        Err(reason) => fail(&reason.to_string()),
    }
}

fn help() -> String {
    format!(
        "{NAME} {VERSION}: a Dockerfile frontend for BuildKit\n\n\
         BuildKit starts this program in a container and talks to it over standard input and output;\n\
         there is nothing to do by hand. To build with it, name its image in the first line of a Dockerfile:\n\n    \
         # syntax=NAME-OF-THE-IMAGE\n\n\
         To check, explain or draw a Dockerfile on this machine, use `multistage`.\n\n\
         Options:\n  --version  print name and version\n  --help     print this"
    )
}

/// Connects to the engine, lets `build` work on a thread of its own, and watches both.
async fn supervise<F>(stdio: Stdio, build: impl FnOnce(Channel) -> F + Send + 'static) -> ExitCode
where
    F: Future<Output = Result<(), Error>>,
{
    let (channel, connection) = match Connection::open(stdio).await {
        Ok(open) => open,
        Err(reason) => return fail(&format!("cannot talk to the engine: {reason}")),
    };
    let (report, mut reports) = mpsc::unbounded_channel();
    report_panics(report.clone());
    let spare = Client::unmet(channel.clone());
    let work = move || {
        let ended = match tokio::runtime::Builder::new_current_thread().build() {
            Ok(runtime) => runtime.block_on(build(channel)),
            Err(reason) => Err(Error::internal(reason.to_string())),
        };
        let _ = report.send(ended.map_or_else(Ended::Untold, |()| Ended::Told));
    };
    if let Err(reason) = thread::Builder::new().name(BUILD_THREAD.to_owned()).spawn(work) {
        return fail(&reason.to_string());
    }

    let mut connection = std::pin::pin!(connection.run());
    tokio::select! {
        biased;
        ended = reports.recv() => match ended {
            Some(Ended::Told) => ExitCode::SUCCESS,
            Some(Ended::Untold(error)) => fail(error.message()),
            Some(Ended::Panicked(message)) => {
                let telling = spare.end(Err(Error::internal(&message)));
                tokio::select! {
                    _ = connection => {}
                    _ = tokio::time::timeout(LAST_WORDS, telling) => {}
                }
                fail(&message)
            }
            None => fail("the build ended without a word"),
        },
        why = &mut connection => {
            // The engine may leave as soon as it has the result: that is no failure.
            match tokio::time::timeout(LAST_GLANCE, reports.recv()).await {
                Ok(Some(Ended::Told)) => ExitCode::SUCCESS,
                _ => fail(&why),
            }
        }
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{NAME}: {message}");
    ExitCode::FAILURE
}

/// Makes a panic of the build thread known to the thread that can still speak to the engine.
fn report_panics(report: UnboundedSender<Ended>) {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let message = match panic.location() {
            Some(at) => format!("internal error: {} ({}:{})", payload(panic), at.file(), at.line()),
            None => format!("internal error: {}", payload(panic)),
        };
        let on_build_thread = thread::current().name() == Some(BUILD_THREAD);
        if on_build_thread && report.send(Ended::Panicked(message)).is_ok() {
            // Where a panic aborts the process, it does so when this returns; the other thread is faster.
            thread::sleep(LAST_WORDS);
        } else {
            usual(panic);
        }
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
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().unwrap();
        runtime.block_on(async {
            tokio::spawn(bridge.serve(from_frontend.into(), to_frontend.into()));
            let stdio = Stdio::over(input.into(), output.into()).unwrap();
            supervise(stdio, |_| async { panic!("the {} is at fault", "test") }).await;
        });
        let status = told.lock().unwrap().take().and_then(|told| told.error).expect("an error was returned");
        assert_eq!(status.code, tonic::Code::Internal as i32);
        assert!(status.message.starts_with("internal error: the test is at fault ("), "{}", status.message);
    }
}
