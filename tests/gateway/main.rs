//! The frontend binary against a fake engine: what it says, in which order, and how it ends.
//!
//! Here are the engine and a run against it.

mod bridge;
mod build;
mod closed;
mod errors;
mod escapes;
mod faults;
mod limits;
mod old;
mod order;
mod process;
mod rounds;
mod secrets;
mod soak;

use bridge::{Bridge, Reply};
use faults::Fault;
use multistage::internal::pb::{caps, gateway as gw, rpc};
use multistage::llb::Definition;
use prost::Message;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PROTOCOL: &[&str] = &[
    "frontend.inputs",
    "gateway.solve.evaluate",
    "gateway.warnings",
    "importcaches",
    "proto.refarray",
    "readfile",
    "return",
    "returnmap",
    "source.metaresolver",
    "statfile",
];
const LLB: &[&str] = &[
    "constraints",
    "exec.meta.base",
    "exec.meta.cgroup.parent",
    "exec.meta.network",
    "exec.meta.proxyenv",
    "exec.meta.setsdefaultpath",
    "exec.meta.ulimit",
    "exec.mount.bind",
    "exec.mount.cache",
    "exec.mount.cache.sharing",
    "exec.mount.secret",
    "exec.mount.selector",
    "exec.mount.tmpfs",
    "file.base",
    "mergeop",
    "meta.description",
    "meta.ignorecache",
    "platform",
    "source.image",
    "source.image.resolvemode",
    "source.local",
    "source.local.differ",
    "source.local.excludepatterns",
    "source.local.followpaths",
    "source.local.includepatterns",
    "source.local.sessionid",
    "source.local.sharedkeyhint",
];

/// What the engine has: files by name, capabilities, and where it misbehaves.
#[derive(Clone)]
struct Engine {
    files: BTreeMap<&'static str, String>,
    protocol: Vec<&'static str>,
    llb: Vec<&'static str>,
    /// The config of all images.
    config: Vec<u8>,
    /// Closes the connection instead of answering this call, counted from 0.
    closes_at: Option<usize>,
    /// Misbehaves at one call of a method, counted from 0.
    fault: Option<(String, usize, Fault)>,
    /// Answers image configs only when so many have been asked for.
    images_at_once: usize,
    /// Answers calls round by round, if it has this.
    rounds: Option<Arc<rounds::Rounds>>,
}

impl Engine {
    fn with(dockerfile: impl Into<String>) -> Engine {
        Engine {
            files: BTreeMap::from([("Dockerfile", dockerfile.into())]),
            protocol: PROTOCOL.to_vec(),
            llb: LLB.to_vec(),
            config: config(),
            closes_at: None,
            fault: None,
            images_at_once: 1,
            rounds: None,
        }
    }

    fn without(mut self, cap: &str) -> Engine {
        self.protocol.retain(|id| *id != cap);
        self
    }
}

/// What came of a run.
struct Run {
    status: ExitStatus,
    stderr: String,
    calls: Vec<String>,
    returned: Option<gw::ReturnRequest>,
    warnings: Vec<gw::WarnRequest>,
    solves: Vec<gw::SolveRequest>,
    /// All that was sent, as method and message.
    sent: Vec<(String, Vec<u8>)>,
    /// The most memory it held, in KiB, and the files that were open, when Return was called.
    needs: Option<(u64, usize)>,
    /// From the engine's closing of the connection to the end of the process.
    lingered: Duration,
}

impl Run {
    fn result(&self) -> &gw::Result {
        let returned = self.returned.as_ref().expect("Return was called");
        returned.result.as_ref().unwrap_or_else(|| panic!("an error was returned: {:?}", returned.error))
    }

    fn error(&self) -> &rpc::Status {
        self.returned.as_ref().and_then(|r| r.error.as_ref()).expect("an error was returned")
    }

    fn count(&self, method: &str) -> usize {
        self.calls.iter().filter(|call| *call == method).count()
    }
}

fn list(ids: &[&str]) -> Vec<caps::ApiCap> {
    ids.iter().map(|id| caps::ApiCap { id: (*id).to_owned(), enabled: true, ..Default::default() }).collect()
}

fn command(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_multistage-frontend"));
    command.env_clear().env("BUILDKIT_SESSION_ID", "session").env("BUILDKIT_EXPORTEDPRODUCT", "buildkit");
    command.env("BUILDKIT_WORKERS", r#"[{"id":"w","platforms":[{"architecture":"amd64","os":"linux"}]}]"#);
    for (at, option) in options.iter().enumerate() {
        command.env(format!("BUILDKIT_FRONTEND_OPT_{at}"), option);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Returns what a process holds: its peak of memory in KiB, and its open files.
fn needs(process: u32) -> Option<(u64, usize)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
    Some((peak.trim().trim_end_matches(" kB").parse().ok()?, files))
}

/// Runs the frontend against the engine until it ends.
fn run(engine: Engine, options: &[&str]) -> Run {
    run_command(engine, command(options))
}

/// Runs a command that is the frontend.
fn run_command(engine: Engine, mut command: Command) -> Run {
    let closes = engine.closes_at.is_some();
    let returned = Arc::new(Mutex::new(None));
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let solves = Arc::new(Mutex::new(Vec::new()));
    let (calls, images) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let of_method = Mutex::new(BTreeMap::new());
    let sent = Arc::new(Mutex::new(Vec::new()));
    let process = Arc::new(AtomicU32::new(0));
    let held = Arc::new(Mutex::new(None));
    let (all, pid, at_return) = (sent.clone(), process.clone(), held.clone());
    let seen = (returned.clone(), warnings.clone(), solves.clone());
    let bridge = Bridge::new(move |method, message| {
        let call = calls.fetch_add(1, SeqCst);
        all.lock().unwrap().push((method.to_owned(), message.to_vec()));
        if method == "Return" {
            *at_return.lock().unwrap() = needs(pid.load(SeqCst));
        }
        let close = engine.closes_at == Some(call);
        let mut reply = answer(&engine, method, message, &seen);
        let nth = {
            let mut counts = of_method.lock().unwrap();
            let count = counts.entry(method.to_owned()).or_insert(0_usize);
            *count += 1;
            *count - 1
        };
        let fault = engine.fault.as_ref().filter(|(at, number, _)| *at == method && *number == nth);
        let fault = fault.map(|(.., fault)| *fault);
        let delay = fault.as_ref().map_or(Duration::ZERO, Fault::delay);
        if let Some(fault) = fault {
            reply = fault.done_to(reply);
        }
        let waits_for_images = method == "ResolveSourceMeta" || method == "ResolveImageConfig";
        let (images, at_once) = (images.clone(), engine.images_at_once);
        let (rounds, method) = (engine.rounds.clone(), method.to_owned());
        async move {
            if close {
                return Reply::Close;
            }
            if let Some(rounds) = rounds {
                rounds.wait(&method).await;
            }
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            if waits_for_images {
                images.fetch_add(1, SeqCst);
                while images.load(SeqCst) < at_once {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
            reply
        }
    });
    let called = bridge.calls();
    let mut child = command.spawn().expect("the frontend starts");
    process.store(child.id(), SeqCst);
    let from = OwnedFd::from(child.stdout.take().unwrap());
    let to = OwnedFd::from(child.stdin.take().unwrap());
    let mut lingered = Duration::ZERO;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let status = runtime.block_on(async {
        let serving = tokio::spawn(bridge.serve(from, to));
        if closes {
            let _ = tokio::time::timeout(Duration::from_secs(10), serving).await;
            let closed = Instant::now();
            let status = wait(&mut child).await;
            lingered = closed.elapsed();
            status
        } else {
            wait(&mut child).await
        }
    });
    let stderr = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    let take = |calls: &Mutex<Vec<String>>| std::mem::take(&mut *calls.lock().unwrap());
    Run {
        status,
        stderr,
        calls: take(&called),
        returned: returned.lock().unwrap().take(),
        warnings: std::mem::take(&mut *warnings.lock().unwrap()),
        solves: std::mem::take(&mut *solves.lock().unwrap()),
        sent: std::mem::take(&mut *sent.lock().unwrap()),
        needs: *held.lock().unwrap(),
        lingered,
    }
}

/// A run that takes longer hangs, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

async fn wait(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the child is ours") {
            return status;
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("the frontend did not end");
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

type Seen = (
    Arc<Mutex<Option<gw::ReturnRequest>>>,
    Arc<Mutex<Vec<gw::WarnRequest>>>,
    Arc<Mutex<Vec<gw::SolveRequest>>>,
);

fn answer(engine: &Engine, method: &str, message: &[u8], (returned, warnings, solves): &Seen) -> Reply {
    let say = |message: &dyn Fn() -> Vec<u8>| Reply::Message(message());
    match method {
        "Ping" => say(&|| {
            let workers = Vec::new();
            gw::PongResponse {
                frontend_api_caps: list(&engine.protocol),
                llb_caps: list(&engine.llb),
                workers,
            }
            .encode_to_vec()
        }),
        "Inputs" => say(&|| gw::InputsResponse::default().encode_to_vec()),
        "Solve" => {
            let request = gw::SolveRequest::decode(message).unwrap();
            let definition = request.definition.clone().unwrap_or_default();
            let definition = Definition::from_pb(definition).expect("digests are digests");
            definition.verify().expect("what is to be solved is canonical");
            let mut solves = solves.lock().unwrap();
            let id = if request.definition.as_ref().is_some_and(|d| d.def.is_empty()) {
                String::new()
            } else {
                format!("ref-{}", solves.len())
            };
            solves.push(request);
            let one = gw::result::Result::Ref(gw::Ref { id, def: None });
            say(&|| {
                let result = Some(gw::Result { result: Some(one.clone()), ..Default::default() });
                gw::SolveResponse { result, ..Default::default() }.encode_to_vec()
            })
        }
        "ReadFile" => {
            let request = gw::ReadFileRequest::decode(message).unwrap();
            match engine.files.get(request.file_path.as_str()) {
                Some(text) => {
                    say(&|| gw::ReadFileResponse { data: text.as_bytes().to_vec() }.encode_to_vec())
                }
                None => failure(2, "no such file or directory"),
            }
        }
        "ResolveSourceMeta" => {
            let request = gw::ResolveSourceMetaRequest::decode(message).unwrap();
            let source = request.source.unwrap();
            if source.identifier.contains("missing") {
                return failure(5, "no such image");
            }
            let image = gw::ResolveSourceImageResponse {
                digest: digest(),
                config: engine.config.clone(),
                ..Default::default()
            };
            say(&|| {
                let (source, image) = (Some(source.clone()), Some(image.clone()));
                gw::ResolveSourceMetaResponse { source, image, ..Default::default() }.encode_to_vec()
            })
        }
        "ResolveImageConfig" => say(&|| {
            gw::ResolveImageConfigResponse {
                digest: digest(),
                config: engine.config.clone(),
                ..Default::default()
            }
            .encode_to_vec()
        }),
        "Warn" => {
            warnings.lock().unwrap().push(gw::WarnRequest::decode(message).unwrap());
            Reply::Message(Vec::new())
        }
        "Return" => {
            *returned.lock().unwrap() = Some(gw::ReturnRequest::decode(message).unwrap());
            Reply::Message(Vec::new())
        }
        "StatFile" => say(&|| gw::StatFileResponse::default().encode_to_vec()),
        _ => Reply::Status(12, "unknown method", String::new()),
    }
}

fn failure(code: i32, message: &'static str) -> Reply {
    let detail = rpc::Any {
        type_url: "github.com/moby/buildkit/errdefs.Solve+json".to_owned(),
        value: b"{}".to_vec(),
    };
    let details = rpc::Status { code, message: message.to_owned(), details: vec![detail] };
    Reply::Status(code, message, bridge::base64(&details.encode_to_vec()))
}

fn digest() -> String {
    format!("sha256:{}", "1".repeat(64))
}

fn config() -> Vec<u8> {
    br#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers"}}"#
        .to_vec()
}
