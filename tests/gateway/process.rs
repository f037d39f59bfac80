//! The process: what it is started with, and when it ends.

use crate::{Engine, command, run, wait};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn the_process_ends_when_the_engine_goes_away() {
    let file = "FROM alpine AS Base\nFROM alpine\nCOPY a /a\nMAINTAINER me\nCOPY --from=Base / /\n";
    let calls = run(Engine::with(file), &[]).calls.len();
    assert!(calls > 7, "{calls}");
    for at in 0..calls {
        let run = run(Engine { closes_at: Some(at), ..Engine::with(file) }, &[]);
        assert!(!run.status.success(), "closed at call {at}");
        assert!(run.lingered < Duration::from_secs(1), "{:?} after call {at}", run.lingered);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
}

#[test]
fn either_direction_may_be_closed() {
    for closes_input in [true, false] {
        let mut child = command(&[]).spawn().expect("the frontend starts");
        std::thread::sleep(Duration::from_millis(50));
        if closes_input {
            drop(child.stdin.take());
        } else {
            drop(child.stdout.take());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let started = Instant::now();
        let status = runtime.block_on(wait(&mut child));
        assert!(!status.success() && started.elapsed() < Duration::from_secs(1), "input: {closes_input}");
    }
}

#[test]
fn sockets_serve_as_well_as_pipes() {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let output = theirs.try_clone().unwrap();
    let mut child = command(&[]).stdin(OwnedFd::from(theirs)).stdout(OwnedFd::from(output)).spawn().unwrap();
    let mut greeting = [0; 24];
    std::io::Read::read_exact(&mut &ours, &mut greeting).unwrap();
    assert_eq!(&greeting, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    drop(ours);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(!runtime.block_on(wait(&mut child)).success());
}

#[test]
fn by_hand_it_explains_itself() {
    let say = |command: &mut Command| {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let version = format!("multistage-frontend {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(say(command(&[]).arg("--version")), (Some(0), version, String::new()));
    let (code, out, err) = say(command(&[]).arg("--help"));
    assert!(code == Some(0) && out.contains("# syntax=") && err.is_empty());
    let (code, out, err) = say(command(&[]).stdin(Stdio::null()));
    assert!(
        code == Some(2) && out.is_empty() && err.contains("BuildKit starts this program"),
        "{code:?} {err}"
    );
    let (code, _, err) = say(command(&[]).arg("--frob"));
    assert!(code == Some(2) && err.lines().count() == 1, "{code:?} {err}");
}
