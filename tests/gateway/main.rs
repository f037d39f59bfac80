//! The frontend binary against a fake engine: what it says, in which order, and how it ends.

mod bridge;
mod closed;
mod escapes;
mod faults;
mod limits;
mod order;
mod rounds;
mod secrets;
mod soak;

use bridge::{Bridge, Reply};
use faults::Fault;
use multistage::internal::pb::{caps, gateway as gw, ops, rpc};
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

fn ranges(detail: &rpc::Any) -> String {
    let text = String::from_utf8_lossy(&detail.value);
    text.split_once(r#""ranges":"#)
        .map(|(_, ranges)| ranges.trim_end_matches('}').to_owned())
        .unwrap_or_default()
}

#[test]
fn a_build_returns_a_ref_and_an_image_config() {
    let run = run(Engine::with("FROM alpine\nRUN echo hi\n"), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(run.stderr, "");
    let last = format!("ref-{}", run.solves.len() - 1);
    assert_eq!(run.result().result, Some(gw::result::Result::Ref(gw::Ref { id: last, def: None })));
    let keys: Vec<&str> = run.result().metadata.keys().map(String::as_str).collect();
    assert_eq!(keys, ["containerimage.base.config", "containerimage.config", "refs.platforms"]);
    assert_eq!(run.calls.first().map(String::as_str), Some("Ping"));
    assert_eq!(run.calls.last().map(String::as_str), Some("Return"));
}

#[test]
fn images_are_asked_for_side_by_side_and_once() {
    let file =
        "FROM a AS x\nFROM b AS y\nFROM c\nCOPY --from=x / /x\nCOPY --from=y / /y\nCOPY --from=a / /z\n";
    let engine = Engine { images_at_once: 3, ..Engine::with(file) };
    let run = run(engine, &[]);
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(run.count("ResolveSourceMeta"), 3);
}

#[test]
fn more_questions_than_streams_are_asked_all_the_same() {
    let names = 0..400;
    let stages: String = names.clone().map(|name| format!("FROM image-{name} AS stage-{name}\n")).collect();
    let copies: String = names.map(|name| format!("COPY --from=stage-{name} / /\n")).collect();
    let run = run(Engine::with(format!("{stages}FROM scratch\n{copies}")), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(run.count("ResolveSourceMeta"), 400);
}

#[test]
fn messages_may_be_as_large_as_the_engine_lets_them() {
    let comment = format!("# {}\n", "x".repeat(1000));
    let run = run(Engine::with(format!("{}FROM alpine\nRUN x\n", comment.repeat(12 << 10))), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    let places = run.solves.last().and_then(|solve| solve.definition.as_ref()?.source.as_ref());
    assert!(places.unwrap().infos[0].data.len() > 12_000_000);

    let without_file =
        self::run(Engine::with(format!("{}FROM alpine\nRUNN x\n", comment.repeat(13 << 10))), &[]);
    assert!(without_file.error().message.contains("unknown instruction"), "{}", without_file.error().message);
    assert_eq!(without_file.error().details, []);

    let too_large = self::run(Engine::with(comment.repeat(17 << 10)), &[]);
    assert!(too_large.error().message.contains("too large"), "{}", too_large.error().message);
}

#[test]
fn of_a_build_too_large_for_a_message_less_is_said() {
    // Places, names and instructions in full hold each of these texts once more: 24 MiB in all.
    let step = |n: usize| format!("RUN echo {n} {}\n", "x".repeat(60_000));
    let dockerfile = |steps| format!("FROM alpine\n{}", (0..steps).map(step).collect::<String>());
    let run = run(Engine::with(dockerfile(100)), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    let definition = run.solves.last().and_then(|solve| solve.definition.as_ref()).unwrap();
    assert_eq!(definition.def.len(), 101);
    let said = |entry: &ops::OpMetadataEntry| ops::OpMetadata::decode(&entry.metadata[..]).unwrap();
    let metadata: Vec<_> = definition.metadata.iter().map(said).collect();
    assert!(metadata.iter().all(|metadata| metadata.caps.is_empty()));
    let texts = || metadata.iter().flat_map(|metadata| &metadata.description);
    assert!(texts().all(|entry| entry.key() == "llb.customname"));
    assert!(definition.source.is_some());
    let names = texts().map(|entry| entry.value().len());
    assert_eq!(names.filter(|length| *length > 60_000).count(), 0);

    // A file that is just small enough to be read.
    let too_large = self::run(Engine::with(dockerfile(279)), &[]);
    assert!(too_large.error().message.contains("279 steps do not fit"), "{}", too_large.error().message);
}

#[test]
fn platforms_are_returned_by_name() {
    let run = run(Engine::with("FROM alpine\nRUN echo hi\n"), &["platform=linux/amd64,linux/arm64"]);
    let Some(gw::result::Result::Refs(map)) = &run.result().result else { panic!("one ref was returned") };
    assert_eq!(map.refs.keys().collect::<Vec<_>>(), ["linux/amd64", "linux/arm64"]);
    let keys: Vec<&str> = run.result().metadata.keys().map(String::as_str).collect();
    assert!(keys.contains(&"containerimage.config/linux/arm64"), "{keys:?}");
}

#[test]
fn old_engines_get_the_old_format() {
    let one = run(Engine::with("FROM alpine\nRUN echo hi\n").without("proto.refarray"), &[]);
    assert!(
        matches!(&one.result().result, Some(gw::result::Result::RefDeprecated(id)) if id.starts_with("ref-"))
    );
    let two = run(
        Engine::with("FROM alpine\nRUN echo hi\n").without("proto.refarray"),
        &["platform=linux/amd64,linux/arm64"],
    );
    let Some(gw::result::Result::RefsDeprecated(map)) = &two.result().result else {
        panic!("not the old format")
    };
    assert_eq!(map.refs.len(), 2);
}

#[test]
fn engines_without_return_get_a_final_solve() {
    let run = run(Engine::with("FROM alpine\nRUN echo hi\n").without("return"), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(run.count("Return"), 0);
    let last = run.solves.last().unwrap();
    assert!(last.r#final);
    assert!(String::from_utf8_lossy(&last.exporter_attr).contains(r#""containerimage.config":""#));
}

#[test]
fn engines_without_source_metadata_are_asked_for_image_configs() {
    let run = run(Engine::with("FROM alpine\nRUN echo hi\n").without("source.metaresolver"), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!((run.count("ResolveImageConfig"), run.count("ResolveSourceMeta")), (1, 0));
}

#[test]
fn warnings_name_the_line_and_come_before_return() {
    let file = "FROM alpine AS Base\nMAINTAINER me\n";
    let run = run(Engine::with(file), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    let mut shorts: Vec<_> =
        run.warnings.iter().map(|w| String::from_utf8_lossy(&w.short).into_owned()).collect();
    shorts.sort();
    assert_eq!(shorts.len(), 2, "{shorts:?}");
    assert!(
        shorts[0].starts_with("MaintainerDeprecated: ") && shorts[0].ends_with(" (line 2)"),
        "{shorts:?}"
    );
    assert!(run.warnings.iter().all(|w| w.info.as_ref().is_some_and(|info| info.data == file.as_bytes())));
    assert_eq!(run.calls.last().map(String::as_str), Some("Return"));

    let quiet = self::run(Engine::with(file).without("gateway.warnings"), &[]);
    assert_eq!(quiet.count("Warn"), 0);
}

#[test]
fn a_wrong_line_is_returned_with_its_place() {
    let run = run(Engine::with("FROM alpine\nRUNN x \\\n y\n"), &[]);
    assert!(run.status.success(), "after Return the process ends well");
    let error = run.error();
    assert_eq!(error.code, 2);
    assert!(error.message.contains("unknown instruction: RUNN (did you mean RUN?)"), "{}", error.message);
    assert_eq!(
        ranges(&error.details[0]),
        r#"[{"start":{"line":2},"end":{"line":2}},{"start":{"line":3},"end":{"line":3}}]"#
    );
}

#[test]
fn what_the_engine_says_is_handed_back_with_the_place() {
    let run = run(Engine::with("FROM alpine\nFROM missing\n"), &[]);
    let error = run.error();
    assert_eq!((error.code, error.message.as_str()), (5, "no such image"));
    let types: Vec<&str> = error.details.iter().filter_map(|d| d.type_url.rsplit('/').next()).collect();
    assert_eq!(types, ["errdefs.Source+json", "errdefs.Solve+json"]);
    assert_eq!(ranges(&error.details[0]), r#"[{"start":{"line":2},"end":{"line":2}}]"#);
}

#[test]
fn what_an_old_engine_lacks_is_named_with_its_place_and_the_engine_that_has_it() {
    let run = run(Engine::with("FROM alpine\nRUN --mount=type=tmpfs,target=/t,size=1m x\n"), &[]);
    let error = run.error();
    // The first line is the reference's.
    assert_eq!(
        error.message,
        "requested experimental feature exec.mount.tmpfs.size  is not supported by build server, please update buildkit\n\
         a tmpfs mount with a size (Dockerfile, line 2) needs BuildKit 0.10 or newer"
    );
    assert!(run.status.success());
}

#[test]
fn what_an_old_engine_would_skip_is_logged_and_an_error_where_warnings_are() {
    let file = "FROM alpine\nCOPY --exclude=*.o . /\nCOPY --chmod=u+x a /\nCOPY b /\n";
    let passed = run(Engine::with(file), &[]);
    assert!(passed.result().result.is_some() && passed.warnings.is_empty());
    assert_eq!(
        passed.stderr,
        "multistage-frontend: ignored by this engine: a copy with --exclude or --parents (Dockerfile, line 2) needs BuildKit 0.9 or newer\n\
         multistage-frontend: ignored by this engine: a copy with a symbolic --chmod (Dockerfile, line 3) needs BuildKit 0.17 or newer\n"
    );
    let strict = run(Engine::with(file), &["build-arg:BUILDKIT_DOCKERFILE_CHECK=error=true"]);
    assert_eq!(
        strict.error().message,
        "requested experimental feature file.copy.includeexcludepatterns  is not supported by build server, please update buildkit\n\
         a copy with --exclude or --parents (Dockerfile, line 2) needs BuildKit 0.9 or newer"
    );
    let mut newer = Engine::with(file);
    newer.llb.extend(["file.copy.includeexcludepatterns", "exec.validexitcode"]);
    let newer = run(newer, &["build-arg:BUILDKIT_DOCKERFILE_CHECK=error=true"]);
    assert!(newer.result().result.is_some() && newer.stderr.is_empty(), "{}", newer.stderr);
}

#[test]
fn a_missing_dockerfile_is_an_error_of_the_engine() {
    let engine = Engine { files: BTreeMap::new(), ..Engine::with("") };
    let run = run(engine, &[]);
    assert_eq!(run.error().message, "no such file or directory");
}

#[test]
fn another_frontend_is_run_in_our_place() {
    let run = run(Engine::with("# syntax=some/frontend:1 --flag\nFROM alpine\n"), &["target=x"]);
    assert!(run.status.success(), "{}", run.stderr);
    let solve = run.solves.last().unwrap();
    assert_eq!(solve.frontend, "gateway.v0");
    let options: Vec<_> = solve.frontend_opt.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(options, ["cmdline=some/frontend:1 --flag", "source=some/frontend:1", "target=x"]);
}

#[test]
fn an_unknown_subrequest_is_named() {
    let run = run(Engine::with("FROM alpine\n"), &["requestid=frontend.nonsense"]);
    assert_eq!(run.error().message, "unsupported request frontend.nonsense");
    assert!(run.error().details[0].type_url.ends_with("errdefs.Subrequest+json"));
}

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
