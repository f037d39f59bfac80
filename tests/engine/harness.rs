//! A build on a real engine in a few lines.
//!
//! In: a Dockerfile, the files beside it, flags of `docker build`. Out: the image as `docker save` writes it, and what
//! the engine said while it built. Each engine test is one [`Project`] and assertions on the [`Built`] or the
//! [`Failed`] that comes of it.
//!
//! `MULTISTAGE_DOCKER` names the client, `MULTISTAGE_FRONTEND` the image for `# syntax=`; the Makefile sets both.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::image::{Entry, Image, Kind};

pub struct Engine {
    docker: String,
    pub frontend: String,
    /// The major version of Docker: 20, 26, 28.
    pub version: u32,
    /// Whether images are kept by containerd; only then is there a merge op.
    pub has_containerd_store: bool,
}

/// Returns the engine that the environment names.
///
/// # Panics
///
/// When there is none: these tests run only where one was asked for.
pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let variable = |name: &str| {
            std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test-engine`"))
        };
        let docker = variable("MULTISTAGE_DOCKER");
        let frontend = variable("MULTISTAGE_FRONTEND");
        let output = Command::new(&docker)
            .args(["version", "--format", "{{.Server.Version}}"])
            .output()
            .expect("the client runs");
        let version = String::from_utf8_lossy(&output.stdout);
        let version =
            version.split('.').next().and_then(|major| major.parse().ok()).expect("the engine has a version");
        let output = Command::new(&docker)
            .args(["info", "--format", "{{.DriverStatus}}"])
            .output()
            .expect("the client runs");
        let has_containerd_store = String::from_utf8_lossy(&output.stdout).contains("containerd.snapshotter");
        Engine { docker, frontend, version, has_containerd_store }
    })
}

impl Engine {
    /// Returns the client, ready for arguments.
    pub fn docker(&self) -> Command {
        let mut command = Command::new(&self.docker);
        command.env("DOCKER_BUILDKIT", "1").env("BUILDKIT_PROGRESS", "plain").stdin(Stdio::null());
        command
    }

    /// Runs the client to its end and returns what it printed.
    #[track_caller]
    pub fn run<const N: usize>(&self, args: [&str; N]) -> String {
        let output = self.docker().args(args).output().expect("the client runs");
        assert!(
            output.status.success(),
            "docker {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("the client prints UTF-8").trim().to_owned()
    }
}

/// Returns a text that no other build has seen, for builds whose use of the cache matters.
pub fn nonce() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is past 1970").as_nanos();
    format!("{now}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A Dockerfile and its build context, in a folder of its own.
pub struct Project {
    folder: PathBuf,
    dockerfile: String,
    args: Vec<String>,
    is_builtin: bool,
}

impl Project {
    pub fn new(dockerfile: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(nonce());
        fs::create_dir_all(folder.join("context")).expect("a folder can be made");
        let project = Self { folder, dockerfile: dockerfile.to_owned(), args: Vec::new(), is_builtin: false };
        // BuildKit's client ignores nothing on its own, and takes an empty folder for granted only if it is there.
        project.outside(".keep", "");
        project
    }

    /// Takes a folder of this checkout as the context, with its own Dockerfile.
    pub fn of_folder(folder: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut project =
            Self::new(&fs::read_to_string(source.join("Dockerfile")).expect("the folder has a Dockerfile"));
        let mut folders = vec![source.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("the folder can be read") {
                let path = entry.expect("the folder can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name =
                        path.strip_prefix(&source).expect("it lies below").to_str().expect("names are UTF-8");
                    project = project.file(name, &fs::read_to_string(&path).expect("examples are text"));
                }
            }
        }
        project
    }

    /// Adds or replaces a file of the context.
    pub fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// The same, between two builds.
    pub fn write(&self, path: &str, text: &str) {
        self.outside(&format!("context/{path}"), text);
    }

    pub fn mode(self, path: &str, mode: u32) -> Self {
        fs::set_permissions(self.folder.join("context").join(path), fs::Permissions::from_mode(mode))
            .expect("the mode can be set");
        self
    }

    pub fn symlink(self, path: &str, target: &str) -> Self {
        symlink(target, self.folder.join("context").join(path)).expect("the link can be made");
        self
    }

    /// Writes a file beside the context, and returns its path.
    pub fn outside(&self, path: &str, text: &str) -> PathBuf {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder can be made");
        fs::write(&path, text).expect("the file can be written");
        path
    }

    /// Adds a flag of `docker build`. `{}` stands for the folder in which [`Project::outside`] writes.
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.replace("{}", self.folder.to_str().expect("the path is UTF-8")));
        self
    }

    /// Drops the flags given so far.
    pub fn no_args(mut self) -> Self {
        self.args.clear();
        self
    }

    /// Returns the flags given so far.
    pub fn flags(&self) -> &[String] {
        &self.args
    }

    /// Leaves the conversion to the Dockerfile frontend that is part of the engine.
    pub fn builtin(mut self, is_builtin: bool) -> Self {
        self.is_builtin = is_builtin;
        self
    }

    pub fn context(&self) -> PathBuf {
        self.folder.join("context")
    }

    /// Returns the Dockerfile as the engine gets it: with the frontend in its first line.
    fn dockerfile(&self) -> String {
        let engine = engine();
        let mut dockerfile = String::new();
        // A syntax line of the test's own stays the first one.
        if !self.is_builtin && !engine.frontend.is_empty() && !self.dockerfile.starts_with("# syntax=") {
            dockerfile = format!("# syntax={}\n", engine.frontend);
        }
        dockerfile.push_str(&self.dockerfile);
        dockerfile
    }

    /// Puts the Dockerfile into the context, for clients that look for it there.
    pub fn dockerfile_inside(self) -> Self {
        self.write("Dockerfile", &self.dockerfile());
        self
    }

    /// Runs another command of the client than `docker build` in the context's folder; returns all it printed.
    #[track_caller]
    pub fn client(&self, args: &[&str]) -> String {
        let output =
            engine().docker().args(args).current_dir(self.context()).output().expect("the client runs");
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}:\n{text}");
        text
    }

    /// Feeds `docker build -` from its standard input, and returns the id of the image.
    #[track_caller]
    pub fn build_from_stdin(&self, input: &[u8]) -> Built {
        self.build_from(&["-"], input)
    }

    /// The same, with `what` in place of a context.
    #[track_caller]
    pub fn build_from(&self, what: &[&str], input: &[u8]) -> Built {
        let mut child = engine()
            .docker()
            .args(["build", "--network", "host"])
            .arg(self.id_flag())
            .args(&self.args)
            .args(what)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the client runs");
        child.stdin.take().expect("a pipe").write_all(input).expect("the client reads");
        self.built(&child.wait_with_output().expect("the client ends"))
    }

    /// Returns the flag that makes the client write down which image it built.
    fn id_flag(&self) -> String {
        // With containerd's store images are found by the digest of the manifest, and the id is that of the config.
        let flag = if engine().has_containerd_store { "metadata-file" } else { "iidfile" };
        format!("--{flag}={}", self.folder.join("id").display())
    }

    fn output(&self, more: &[&str]) -> Output {
        let file = self.outside("Dockerfile", &self.dockerfile());
        engine()
            .docker()
            .args(["build", "--network", "host", "-f"])
            .arg(file)
            .args(&self.args)
            .args(more)
            .arg(self.context())
            .output()
            .expect("the client runs")
    }

    /// Builds an image.
    #[track_caller]
    pub fn build(&self) -> Built {
        self.built(&self.output(&[&self.id_flag()]))
    }

    #[track_caller]
    fn built(&self, output: &Output) -> Built {
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "the build failed:\n{}\n{log}", self.dockerfile);
        let written = fs::read_to_string(self.folder.join("id")).expect("the client wrote the id");
        let id = match serde_json::from_str::<Value>(&written) {
            Ok(metadata) => metadata["containerimage.digest"].as_str().expect("a digest").to_owned(),
            Err(_) => written,
        };
        Built { id, log, image: OnceLock::new() }
    }

    /// Builds an image, and gives the project back for a second build with other flags.
    #[track_caller]
    pub fn build_and_keep(self) -> (Self, Built) {
        let built = self.build();
        (self, built)
    }

    /// Makes a build that ends well but leaves no image, such as `--check`; returns what was printed.
    #[track_caller]
    pub fn ask(&self) -> String {
        let output = self.output(&[]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "the build failed:\n{text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }

    /// Makes a build that must fail.
    #[track_caller]
    pub fn fail(&self) -> Failed {
        let output = self.output(&[]);
        let log =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "the build should have failed:\n{}\n{log}", self.dockerfile);
        Failed { log }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What came of a build that failed.
pub struct Failed {
    pub log: String,
}

impl Failed {
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.log.contains(text), "the error does not say {text:?}:\n{}", self.log);
        self
    }

    /// The error points at this line of what the test wrote. The syntax line that the harness puts above is not counted.
    #[track_caller]
    pub fn points_at(&self, line: &str) -> &Self {
        if engine().version < 23 {
            return self; // its client prints the message alone
        }
        // The client draws the place as `   3 | >>> RUN false`.
        let is_there = self
            .log
            .lines()
            .any(|drawn| drawn.split_once(" | >>> ").is_some_and(|(_, code)| code.trim() == line));
        assert!(is_there, "the error does not point at {line:?}:\n{}", self.log);
        self
    }
}

/// An image that was built, and how.
pub struct Built {
    pub id: String,
    pub log: String,
    image: OnceLock<Image>,
}

impl Built {
    /// Returns an image that a build of another kind has made.
    pub fn of(id: String, log: String) -> Built {
        Built { id, log, image: OnceLock::new() }
    }

    pub fn image(&self) -> &Image {
        self.image.get_or_init(|| {
            let output = engine().docker().args(["save", &self.id]).output().expect("the client runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Image::from_saved(&output.stdout)
        })
    }

    #[track_caller]
    pub fn entry(&self, path: &str) -> &Entry {
        self.image().files.get(path.trim_matches('/')).unwrap_or_else(|| panic!("the image has no {path}"))
    }

    /// The image has a file with this text.
    #[track_caller]
    pub fn text(&self, path: &str, text: &str) -> &Self {
        let found = match &self.entry(path).kind {
            Kind::File(bytes) => String::from_utf8_lossy(bytes),
            other => panic!("{path} is no file but {other:?}"),
        };
        assert_eq!(found, text, "the text of {path}");
        self
    }

    #[track_caller]
    pub fn mode(&self, path: &str, mode: u32) -> &Self {
        let found = self.entry(path).mode;
        assert!(found == mode, "{path} has mode {found:o}, not {mode:o}");
        self
    }

    #[track_caller]
    pub fn owner(&self, path: &str, owner: (u64, u64)) -> &Self {
        let entry = self.entry(path);
        assert_eq!((entry.user, entry.group), owner, "the owner of {path}");
        self
    }

    #[track_caller]
    pub fn folder(&self, path: &str) -> &Self {
        assert!(self.entry(path).kind == Kind::Folder, "{path} is no folder but {:?}", self.entry(path).kind);
        self
    }

    #[track_caller]
    pub fn link(&self, path: &str, target: &str) -> &Self {
        let found = &self.entry(path).kind;
        assert!(*found == Kind::Link(target.to_owned()), "{path} is {found:?}");
        self
    }

    #[track_caller]
    pub fn lacks(&self, path: &str) -> &Self {
        assert!(!self.image().files.contains_key(path.trim_matches('/')), "the image has {path}");
        self
    }

    /// No byte of the image, its config and history included, spells this text; nor did the build print it.
    #[track_caller]
    pub fn never_says(&self, secret: &str) -> &Self {
        assert!(!self.image().holds(secret.as_bytes()), "the image holds {secret:?}");
        assert!(!self.log.contains(secret), "the log says {secret:?}:\n{}", self.log);
        self
    }

    /// The config of the image has this value at a JSON pointer such as `/config/Cmd`; `null` stands for nothing.
    #[track_caller]
    pub fn config(&self, pointer: &str, expected: Value) -> &Self {
        let config = &self.image().config;
        let found = config.pointer(pointer).cloned().unwrap_or(Value::Null);
        assert_eq!(found, expected, "{pointer} of {config:#}");
        self
    }

    #[track_caller]
    pub fn variable(&self, name: &str, value: &str) -> &Self {
        let variables = self.image().config["config"]["Env"].as_array().cloned().unwrap_or_default();
        let expected = format!("{name}={value}");
        assert!(
            variables.iter().any(|variable| *variable == expected.as_str()),
            "no {expected} in {variables:?}"
        );
        self
    }

    /// Returns what was done, one step an op of the Dockerfile, in order of appearance.
    pub fn steps(&self) -> Vec<Step> {
        steps(&self.log)
    }

    /// Only these steps ran, by the part in brackets; all other steps were found in the cache.
    #[track_caller]
    pub fn ran_only(&self, expected: &[&str]) -> &Self {
        let found: BTreeSet<_> = self
            .steps()
            .into_iter()
            .filter(|step| !step.is_cached && !step.is_base())
            .map(|step| step.place)
            .collect();
        let expected: BTreeSet<_> = expected.iter().map(|&place| place.to_owned()).collect();
        assert_eq!(found, expected, "the steps that ran:\n{}", self.log);
        self
    }

    /// Returns the names of the stages that the engine had anything to do for.
    pub fn stages(&self) -> BTreeSet<String> {
        self.steps()
            .into_iter()
            .filter_map(|step| step.place.split_once(' ').map(|(stage, _)| stage.to_owned()))
            .collect()
    }

    #[track_caller]
    pub fn printed(&self, text: &str) -> &Self {
        assert!(self.log.contains(text), "the log does not say {text:?}:\n{}", self.log);
        self
    }

    /// Runs a container of the image and returns what it printed.
    #[track_caller]
    pub fn run(&self, command: &[&str]) -> String {
        let output = engine()
            .docker()
            .args(["run", "--rm", "--network", "none", &self.id])
            .args(command)
            .output()
            .expect("the client runs");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// One step of a build, as plain progress shows it: `#7 [builder 2/5] RUN make`.
#[derive(Debug)]
pub struct Step {
    /// What stands in brackets: `builder 2/5`.
    pub place: String,
    pub name: String,
    pub is_cached: bool,
}

impl Step {
    /// Whether the step only names a base image; the engine counts those among the steps.
    fn is_base(&self) -> bool {
        self.name.starts_with("FROM ")
    }
}

fn steps(log: &str) -> Vec<Step> {
    let mut steps: Vec<(&str, Step)> = Vec::new();
    for line in log.lines() {
        let Some((id, rest)) = line.strip_prefix('#').and_then(|line| line.split_once(' ')) else { continue };
        // A step from a cache elsewhere whose layers are fetched for the export is last reported as `DONE`, and of two
        // reports close to each other only the last is shown. What fetches layers (`sha256:… 114B / 114B done`) has not
        // run. Docker 20.10 gives the digest of each step, alone.
        if rest == "CACHED" || rest.starts_with("sha256:") && rest.contains(" / ") {
            if let Some((_, step)) = steps.iter_mut().find(|(known, _)| *known == id) {
                step.is_cached = true;
            }
        } else if let Some((place, name)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            // Steps without a number are the engine's own: `[internal] load build context`.
            let is_known = steps.iter().any(|(known, _)| *known == id);
            if place.contains('/') && !is_known && !place.starts_with("auth") {
                let place = place.split_whitespace().collect::<Vec<_>>().join(" ");
                steps.push((id, Step { place, name: name.to_owned(), is_cached: false }));
            }
        }
    }
    steps.into_iter().map(|(_, step)| step).collect()
}

/// Sends a request to a server that may still be starting, and returns the body of its answer.
pub fn http_get(port: u16) -> String {
    use std::io::Read as _;
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Ok(mut connection) = std::net::TcpStream::connect(("127.0.0.1", port)) {
            connection.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("the server reads");
            let mut answer = String::new();
            connection.read_to_string(&mut answer).expect("the server answers");
            return answer.split_once("\r\n\r\n").expect("the answer is HTTP").1.to_owned();
        }
        assert!(Instant::now() < deadline, "nothing answers on port {port}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
