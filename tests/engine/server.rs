//! Servers on loopback for the sources that an engine fetches: HTTP files and git repositories.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Serves some files until it is dropped.
pub struct Http {
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

pub fn http(files: &[(&str, &[u8])]) -> Http {
    let files: Vec<_> = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = std::thread::spawn(move || {
        for connection in listener.incoming() {
            if stopped.load(Ordering::Relaxed) {
                break;
            }
            if let Ok(connection) = connection {
                // A client that goes away is no matter of the server's.
                let _ = answer(connection, &files);
            }
        }
    });
    Http { address, stop, thread: Some(thread) }
}

fn answer(mut connection: TcpStream, files: &[(String, Vec<u8>)]) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, body) = match files.iter().find(|(name, _)| name == path) {
        Some((_, bytes)) => ("200 OK", bytes.as_slice()),
        None => ("404 Not Found", &b""[..]),
    };
    let kind = if path.ends_with(".tar") { "application/x-tar" } else { "text/plain" };
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    if method != "HEAD" {
        connection.write_all(body)?;
    }
    Ok(())
}

impl Drop for Http {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address); // wakes the thread
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Serves one repository until it is dropped.
pub struct Git {
    pub url: String,
    daemon: Child,
}

/// Makes a repository of a folder, with one commit on the branch `main`, and serves it.
pub fn git(folder: &Path) -> Git {
    let run = |args: &[&str]| {
        let identity =
            ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"];
        let output =
            Command::new("git").args(identity).args(args).current_dir(folder).output().expect("git runs");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["init", "-q"]);
    run(&["add", "-A"]);
    run(&["commit", "-q", "-m", "all"]);
    let port = TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let parent = folder.parent().expect("it has a folder");
    let daemon = Command::new("git")
        .args(["daemon", "--listen=127.0.0.1", "--export-all", "--reuseaddr"])
        .arg(format!("--port={port}"))
        .arg(format!("--base-path={}", parent.display()))
        .arg(parent)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("git runs");
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "the git server does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    let name = folder.file_name().and_then(|name| name.to_str()).expect("the name is UTF-8");
    Git { url: format!("git://127.0.0.1:{port}/{name}/.git"), daemon }
}

impl Drop for Git {
    fn drop(&mut self) {
        // `git daemon` runs as a child of `git`, which takes it along only on a signal that it can handle.
        let _ = Command::new("kill").arg(self.daemon.id().to_string()).status();
        let _ = self.daemon.wait();
    }
}
