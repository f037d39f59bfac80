//! Dockerfiles that mean harm, through all rooms: what becomes of each is in `tests/hostile/outcomes.txt`.
//!
//! With `UPDATE=1` in the environment the table is written anew; read the difference before it is committed. Besides
//! the table holds for every case: no panic, a definition that is canonical, an error in words, and nothing in the
//! messages that a terminal obeys.

use multistage::image::Platform;
use multistage::internal::options::Options;
use multistage::internal::pb::ops;
use multistage::internal::pipeline::{Build, Scope, Source};
use multistage::internal::plan::{Answer, AskError, Entry, Question, Step};
use multistage::internal::text::{defused, visible};
use multistage::llb::{self, Definition, Digest, MarshalOptions};
use prost::Message;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A name, the options, and the Dockerfile.
type Case = (&'static str, &'static [(&'static str, &'static str)], Vec<u8>);

/// One stage with one line in it.
fn line(name: &'static str, line: &str) -> Case {
    file(name, &format!("FROM alpine\n{line}\n"))
}

fn file(name: &'static str, text: &str) -> Case {
    (name, &[], text.as_bytes().to_vec())
}

fn with(option: &'static [(&'static str, &'static str)], case: Case) -> Case {
    (case.0, option, case.2)
}

/// Paths that climb out of the context, of a stage, of an image, of a checkout or of the root.
fn paths() -> Vec<Case> {
    vec![
        line("COPY from above the context", "COPY ../../../etc/passwd /x"),
        line("COPY from above by a variable", "ARG P=../..\nCOPY $P/etc/shadow /x"),
        line("COPY of all above", "COPY ../* /x/"),
        line("COPY to above the root", "WORKDIR /a\nCOPY x ../../../../b"),
        line("COPY from above a stage", "COPY --from=busybox ../../etc/passwd /x"),
        line("COPY of parents from above", "COPY --parents ../../a/b /x/"),
        line("COPY of parents from above, by pivot", "COPY --parents ./a/./../../../b /x/"),
        line("COPY without what is above", "COPY --exclude=../../x . /x"),
        line("COPY of a heredoc to above the root", "COPY <<../../etc/cron /\nx\n../../etc/cron"),
        line("ADD from above the context", "ADD ../x.tar /"),
        line("ADD of a checkout's folder above it", "ADD https://h.invalid/r.git#main:../../etc /x"),
        line("ADD of the same by query", "ADD https://h.invalid/r.git?subdir=../../etc /x"),
        line("ADD of a git option as reference", "ADD https://h.invalid/r.git#--upload-pack=touch /x"),
        line("ADD of a git option as host", "ADD git@-oProxyCommand:r.git /x"),
        line("ADD of a file that is named ..", "ADD https://h.invalid/a/.. /x/"),
        line("ADD of a file that is named %2e%2e", "ADD https://h.invalid/%2e%2e%2fx /x/"),
        line("ADD of a local file by URL", "ADD file:///etc/passwd /x"),
        line("WORKDIR above the root", "WORKDIR ../../x\nRUN pwd"),
        line("mount at above the root", "RUN --mount=target=/../../x y"),
        line("mount at the root by a detour", "RUN --mount=target=/x/.. y"),
        line("mount of what is above a stage", "RUN --mount=from=busybox,source=../../etc,target=/x y"),
        line("cache at above the root", "RUN --mount=type=cache,target=../../../x y"),
        line("cache with the id of a path", "RUN --mount=type=cache,target=/x,id=../../y z"),
        line("tmpfs at above the root", "RUN --mount=type=tmpfs,target=/../x y"),
        line("secret at above the root", "RUN --mount=type=secret,id=s,target=../../x y"),
        line("secret with the id of a path", "RUN --mount=type=secret,id=../../s y"),
        line("socket at above the root", "RUN --mount=type=ssh,target=/../x y"),
        with(
            &[("contextsubdir", "../../etc"), ("context", "https://h.invalid/r.git")],
            line("context above its checkout", "COPY . /"),
        ),
        with(&[("context", "https://h.invalid/r.git#-x")], line("context with a git option", "COPY . /")),
        with(&[("filename", "../../etc/passwd")], line("Dockerfile above the context", "RUN x")),
        with(&[("context:a", "local:../../etc")], line("named context that is a path", "COPY --from=a / /")),
        line("devices by name", "COPY /dev/sda /proc/self/mem CON NUL LPT1 /x/"),
        line("device that climbs", "RUN --device=../../dev/mem x"),
        line("volume and user that are paths", "VOLUME ../../x\nUSER ../../root\nRUN x"),
    ]
}

/// Characters that terminals obey, that turn lines around, that cannot be seen, that end a text of C.
fn characters() -> Vec<Case> {
    vec![
        line("terminal escape in a RUN", "RUN echo \x1b[2J\x1b]0;owned\x07"),
        line("terminal escape in a keyword", "\x1b[31mRUN x"),
        line("terminal escape in a flag", "COPY --\x1b[2J=x a b"),
        line("terminal escape in a stage", "FROM alpine AS a\x1b[2J"),
        line("terminal escape in an image", "FROM al\x1b[2Jpine"),
        line("terminal escape in a mount", "RUN --mount=type=\x1b[2J x"),
        line("terminal escape in a path", "COPY a\x1b[2Jb /x"),
        line("terminal escape in an error of a variable", "ENV A=${B:?\x1b[2Jx}"),
        line("CSI of eight bits", "EXPOSE 80\u{9b}31m"),
        line("carriage returns", "RUN echo a\rFROM b\nHEALTHCHECK x\ry"),
        line("NUL in a RUN", "RUN a\0b"),
        line("NUL in a variable", "ENV A=a\0b\nRUN x"),
        line("NUL in a path", "COPY a\0b /c\0d"),
        line("NUL in a keyword", "RU\0N x"),
        line("NUL in a user", "USER a\0b\nRUN x"),
        line("direction turned in a comment", "# \u{202e}} \u{2066}if admin\u{2069}\nRUN x"),
        line("direction turned in a RUN", "RUN echo \u{202e}x"),
        line("direction turned in a stage", "FROM alpine AS a\u{202e}b"),
        line("Cyrillic letter in a keyword", "СOPY a b"),
        line("Cyrillic letter in a program", "RUN \u{430}pt-get update"),
        line("wide letters in a keyword", "ＲＵＮ x"),
        line("word with a gap that has no width", "ENV PA\u{200b}TH=x"),
        line("space that does not break", "RUN\u{a0}x"),
        line("typographic quotes", "ENV A=\u{201c}a b\u{201d}"),
        ("bytes that are no text in a RUN", &[], b"FROM alpine\nRUN echo \xff\xfe\n".to_vec()),
        ("bytes that are no text in a variable", &[], b"FROM alpine\nENV A=\xff\nRUN x\n".to_vec()),
        ("bytes that are no text in a path", &[], b"FROM alpine\nCOPY a\xffb /c\xfe\n".to_vec()),
        ("bytes that are no text in a keyword", &[], b"FROM alpine\nR\xffN x\n".to_vec()),
        ("bytes that are no text in a stage", &[], b"FROM alpine AS a\xff\n".to_vec()),
        ("bytes that are no text in a directive", &[], b"# syntax=\xff\nFROM alpine\n".to_vec()),
        ("bytes that are no text in a heredoc", &[], b"FROM alpine\nCOPY <<A /a\n\xff\nA\n".to_vec()),
        ("bytes that are no text in a raw heredoc", &[], b"FROM alpine\nCOPY <<'A' /a\n\xff\nA\n".to_vec()),
        ("half a surrogate", &[], b"FROM alpine\nRUN \xed\xa0\x80\n".to_vec()),
        ("zeros alone", &[], vec![0; 1000]),
        ("nothing but line ends", &[], b"\n\r\n\r\r".to_vec()),
    ]
}

/// The largest number that is let through, and the first one that is not.
fn numbers() -> Vec<Case> {
    vec![
        line("port 65535", "EXPOSE 65535"),
        line("port 65536", "EXPOSE 65536"),
        line("port 0", "EXPOSE 0"),
        line("ports 1-65535", "EXPOSE 1-65535"),
        line("port beyond 64 bits", "EXPOSE 99999999999999999999"),
        line("chown 4294967295", "COPY --chown=4294967295:4294967295 a b"),
        line("chown 4294967296", "COPY --chown=4294967296:0 a b"),
        line("chown -1", "COPY --chown=-1:0 a b"),
        line("chown of no name", "COPY --chown=: a b"),
        line("chmod 7777", "COPY --chmod=7777 a b"),
        line("chmod 10000", "COPY --chmod=10000 a b"),
        line("chmod -1", "COPY --chmod=-1 a b"),
        line("chmod beyond 64 bits", "COPY --chmod=777777777777777777777777 a b"),
        line("uid 4294967295", "RUN --mount=type=cache,target=/x,uid=4294967295 y"),
        line("uid 4294967296", "RUN --mount=type=cache,target=/x,uid=4294967296 y"),
        line("mode 7777", "RUN --mount=type=secret,id=s,mode=7777 y"),
        line("mode 10000", "RUN --mount=type=secret,id=s,mode=10000 y"),
        line("mode of a socket 10000", "RUN --mount=type=ssh,mode=10000 y"),
        line("tmpfs of the most bytes", "RUN --mount=type=tmpfs,target=/x,size=9223372036854775807 y"),
        line("tmpfs of one byte more", "RUN --mount=type=tmpfs,target=/x,size=9223372036854775808 y"),
        line("tmpfs of less than nothing", "RUN --mount=type=tmpfs,target=/x,size=-1 y"),
        line("tmpfs of many petabytes", "RUN --mount=type=tmpfs,target=/x,size=99999999p y"),
        line("longest interval", "HEALTHCHECK --interval=2562047h47m16.854775807s CMD x"),
        line("interval of a nanosecond more", "HEALTHCHECK --interval=2562047h47m16.854775808s CMD x"),
        line("interval below zero", "HEALTHCHECK --interval=-1s CMD x"),
        line("most retries", "HEALTHCHECK --retries=2147483647 CMD x"),
        line("one retry more", "HEALTHCHECK --retries=2147483648 CMD x"),
        line("retries beyond 64 bits", "HEALTHCHECK --retries=9223372036854775808 CMD x"),
        line("stage beyond 64 bits", "COPY --from=99999999999999999999 / /"),
        line("stage below zero", "COPY --from=-1 / /"),
        line("user beyond 32 bits", "USER 4294967296:4294967296\nRUN x"),
        line("signal beyond the last", "STOPSIGNAL 65536"),
        with(&[("shm-size", "9223372036854775807")], line("most shared memory", "RUN x")),
        with(&[("shm-size", "9223372036854775808")], line("more shared memory", "RUN x")),
        with(&[("shm-size", "-1")], line("shared memory below zero", "RUN x")),
        with(&[("ulimit", "nofile=9223372036854775807")], line("highest limit", "RUN x")),
        with(&[("ulimit", "nofile=9223372036854775808")], line("higher limit", "RUN x")),
        with(&[("ulimit", "nofile=2:1")], line("soft limit above the hard one", "RUN x")),
        with(&[("ulimit", "nofile=-2")], line("limit below none", "RUN x")),
        with(&[("memory", "-2")], line("memory below zero", "RUN x")),
        with(&[("cpuquota", "-2")], line("processor time below zero", "RUN x")),
        with(&[("cpusetcpus", "0-99999999999")], line("processors beyond 32 bits", "RUN x")),
        with(&[("build-arg:SOURCE_DATE_EPOCH", "9223372036854775807")], line("latest time", "COPY a b")),
        with(&[("build-arg:SOURCE_DATE_EPOCH", "-1")], line("time before 1970", "COPY a b")),
        with(&[("force-network-mode", "host\0")], line("network of no name", "RUN x")),
        with(&[("add-hosts", "h=1.2.3.4.5")], line("host at no address", "RUN x")),
        with(&[("platform", "linux/amd64/v99999999999")], line("variant of a platform", "RUN x")),
    ]
}

/// Base images that mean harm, each with a config of its own. What a build takes over from them is what it shows.
fn images() -> Vec<(&'static str, &'static str, Case)> {
    let run = || line("", "RUN x");
    let config = |name, config, case: Case| (name, config, case);
    vec![
        config(
            "user that is a path",
            r#"{"config":{"User":"../../root:../x"}}"#,
            line("", "WORKDIR /w\nRUN x"),
        ),
        config("user below zero", r#"{"config":{"User":"-1:-1"}}"#, line("", "WORKDIR /w\nRUN x")),
        config("user beyond 32 bits", r#"{"config":{"User":"4294967296"}}"#, line("", "WORKDIR /w\nRUN x")),
        config("folder above the root", r#"{"config":{"WorkingDir":"../../../etc"}}"#, run()),
        config(
            "folder with an escape",
            r#"{"config":{"WorkingDir":"/\u001b[2J\u202e"}}"#,
            line("", "COPY a b"),
        ),
        config(
            "variable without a name",
            r#"{"config":{"Env":["=x","","A","A=1","A=2","B=\u0000"]}}"#,
            run(),
        ),
        config(
            "variable with an escape",
            r#"{"config":{"Env":["A=\u001b]0;x\u0007"]}}"#,
            line("", "RUN echo $A"),
        ),
        config(
            "variable as text of a mount",
            r#"{"config":{"Env":["A=/x,type=ssh"]}}"#,
            line("", "RUN --mount=target=$A x"),
        ),
        config("variable as a path", r#"{"config":{"Env":["A=../../../etc"]}}"#, line("", "COPY $A $A")),
        config("search path of the image", r#"{"config":{"Env":["PATH=/evil"]}}"#, run()),
        config("shell of the image", r#"{"config":{"Shell":["/evil","-c"]}}"#, run()),
        config("trigger that is two lines", r#"{"config":{"OnBuild":["RUN a\nRUN b"]}}"#, run()),
        config("trigger that starts a stage", r#"{"config":{"OnBuild":["FROM evil"]}}"#, run()),
        config("trigger in a trigger", r#"{"config":{"OnBuild":["ONBUILD RUN x"]}}"#, run()),
        config("trigger that needs rights", r#"{"config":{"OnBuild":["RUN --security=insecure x"]}}"#, run()),
        config("trigger that climbs", r#"{"config":{"OnBuild":["COPY ../../etc/passwd /"]}}"#, run()),
        config(
            "trigger that takes a secret",
            r#"{"config":{"OnBuild":["RUN --mount=type=secret,id=s x"]}}"#,
            run(),
        ),
        config("trigger with a directive", r##"{"config":{"OnBuild":["# escape=`\nRUN a `\n b"]}}"##, run()),
        config("trigger without text", r#"{"config":{"OnBuild":["", null]}}"#, run()),
        config("number for a text", r#"{"config":{"User":0}}"#, run()),
        config("text for a list", r#"{"config":{"Env":"A=1"}}"#, run()),
        config("config that is no object", r#"[]"#, run()),
        config("config that is nothing", r#"null"#, run()),
        config("config without an end", r#"{"config":{"#, run()),
        config("numbers beyond 64 bits", r#"{"config":{"Healthcheck":{"Retries":1e99}}}"#, run()),
        config("time beyond any calendar", r#"{"history":[{"created":"99999-99-99T99:99:99Z"}]}"#, run()),
        config("system of no name", r#"{"os":"../x","architecture":"\u001b[2J"}"#, run()),
        config(
            "windows that it is not",
            r#"{"os":"windows","config":{"WorkingDir":"C:\\x"}}"#,
            line("", "COPY a b"),
        ),
    ]
}

/// Contexts that strangers named and described.
fn contexts() -> Vec<Case> {
    let from = |name, options| with(options, line(name, "COPY --from=x / /"));
    let base = |name, options| with(options, file(name, "FROM x\nRUN y\n"));
    vec![
        from("context of no kind", &[("context:x", "\x1b[2J")]),
        from("context without anything", &[("context:x", "")]),
        from("context of a kind that is a mark", &[("context:x", "\u{202e}://y")]),
        from("image that is no name", &[("context:x", "docker-image://../../y")]),
        from("image with a NUL", &[("context:x", "docker-image://y\0z")]),
        from("image by a digest that is none", &[("context:x", "docker-image://y@sha256:0")]),
        from("image that is the context itself", &[("context:x", "docker-image://x")]),
        from("folder that climbs", &[("context:x", "local:../../../etc")]),
        from(
            "git with an option of its own",
            &[("context:x", "https://h.invalid/r.git#--upload-pack=touch")],
        ),
        from("git folder that climbs", &[("context:x", "https://h.invalid/r.git#main:../../etc")]),
        from("git at no host", &[("context:x", "git@-oProxyCommand=touch:r.git")]),
        from("layout without a digest", &[("context:x", "oci-layout://y")]),
        from("layout that climbs", &[("context:x", "oci-layout://../../y@sha256:0")]),
        from("input that nobody handed in", &[("context:x", "input:none")]),
        from("input that is nothing", &[("context:x", "input:empty")]),
        from("input of bytes", &[("context:x", "input:garbage")]),
        from("input without a result", &[("context:x", "input:endless")]),
        from("input with an index below zero", &[("context:x", "input:below")]),
        from("input with an output beyond all", &[("context:x", "input:beyond")]),
        from("input that works on itself", &[("context:x", "input:circle")]),
        from("input that works on what is not there", &[("context:x", "input:orphan")]),
        base("described by no JSON", &[("context:x", "input:good"), ("input-metadata:good", "\x1b[2J{")]),
        base("described by a list", &[("context:x", "input:good"), ("input-metadata:good", "[]")]),
        base(
            "described by what is no base64",
            &[("context:x", "input:good"), ("input-metadata:good", r#"{"containerimage.config":"*"}"#)],
        ),
        base(
            // [
            "described by half a config",
            &[("context:x", "input:good"), ("input-metadata:good", r#"{"containerimage.config":"Ww=="}"#)],
        ),
        base(
            // {"config":{"OnBuild":["FROM y"]}}
            "described with a trigger that starts a stage",
            &[
                ("context:x", "input:good"),
                (
                    "input-metadata:good",
                    r#"{"containerimage.config":"eyJjb25maWciOnsiT25CdWlsZCI6WyJGUk9NIHkiXX19"}"#,
                ),
            ],
        ),
        base(
            // {"config":{"OnBuild":["COPY --from=x / /"]}}
            "described with a trigger that needs itself",
            &[
                ("context:x", "input:good"),
                (
                    "input-metadata:good",
                    r#"{"containerimage.config":"eyJjb25maWciOnsiT25CdWlsZCI6WyJDT1BZIC0tZnJvbT14IC8gLyJdfX0="}"#,
                ),
            ],
        ),
        base("context for a platform of no name", &[("context:x::\x1b[2J/\0", "docker-image://y")]),
        base("name of an escape", &[("context:\x1b[2J", "docker-image://y")]),
        with(&[("local:x", "1"), ("context:x", "local:x")], file("two kinds of one name", "FROM x\n")),
        with(
            &[("context:a", "docker-image://b"), ("context:b", "docker-image://a")],
            file("contexts that name each other", "FROM a\nCOPY --from=b / /\n"),
        ),
    ]
}

/// What strangers hand in as inputs.
fn inputs() -> BTreeMap<String, Definition> {
    let op = |inputs: &[(String, i64)], kind: Option<ops::op::Op>| {
        let inputs =
            inputs.iter().map(|(digest, index)| ops::Input { digest: digest.clone(), index: *index });
        ops::Op { inputs: inputs.collect(), op: kind, ..ops::Op::default() }.encode_to_vec()
    };
    let source = ops::SourceOp { identifier: "local://\x1b[2J".to_owned(), attrs: Vec::new() };
    let source = op(&[], Some(ops::op::Op::Source(source)));
    let digest = Digest::of(&source).to_string();
    let above = |index| op(&[(digest.clone(), index)], None);
    let missing = format!("sha256:{}", "1".repeat(64));
    let of = |ops: Vec<Vec<u8>>| Definition {
        ops: ops.into_iter().map(Into::into).collect(),
        ..Definition::default()
    };
    let inputs = [
        ("empty", of(Vec::new())),
        ("garbage", of(vec![vec![0xff; 9], above(0)])),
        ("endless", of(vec![source.clone()])),
        ("below", of(vec![source.clone(), above(-1)])),
        ("beyond", of(vec![source.clone(), above(i64::MAX)])),
        ("circle", of(vec![above(0), above(0)])),
        ("orphan", of(vec![source.clone(), op(&[(missing, 0)], None)])),
        ("good", of(vec![source.clone(), above(0)])),
    ];
    inputs.map(|(name, definition)| (name.to_owned(), definition)).into()
}

const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:0"]}}"#;

fn answer(question: &Question, dockerfile: &[u8], config: &str) -> Answer {
    match question {
        Question::Files(files) => {
            let read = |path: &str| match path {
                ".dockerignore" | "Dockerfile.dockerignore" => {
                    Err(AskError { code: 5, message: "not found".to_owned(), ..AskError::default() })
                }
                _ => Ok(dockerfile.to_vec()),
            };
            Answer::Files(files.files.iter().map(|file| read(&file.path)).collect())
        }
        Question::Inputs => Answer::Inputs(inputs()),
        Question::ImageConfig(image) => Answer::ImageConfig {
            reference: image.reference.clone(),
            digest: format!("sha256:{}", "0".repeat(64)),
            config: config.into(),
        },
        Question::SourceMeta(_) => Answer::SourceMeta(Default::default()),
    }
}

/// What came of a case.
struct Outcome {
    /// The graph in words, or the message of the error.
    built: Result<String, String>,
    warnings: Vec<String>,
}

fn build(options: &[(&str, &str)], dockerfile: &[u8], config: &str) -> Outcome {
    let host = Platform::new("linux", "amd64");
    let refused = |message: String| Outcome { built: Err(message), warnings: Vec::new() };
    let map = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let given = match Options::from_map(&map, &[vec![host.clone()]], &host) {
        Ok(options) => Arc::new(options),
        Err(error) => return refused(error.to_string()),
    };
    let mut entry = Entry::new(Arc::clone(&given));
    let project = loop {
        match entry.step() {
            Ok(Step::Done(project)) => break project,
            Ok(Step::Ask(questions)) => questions.into_iter().for_each(|question| {
                let answer = answer(&question, dockerfile, config);
                entry.tell(question, answer);
            }),
            Err(error) => return refused(error.diagnostic.message),
        }
    };
    let source = match Source::read(project, given) {
        Ok(source) => source,
        Err(error) => return refused(error.diagnostic.message),
    };
    let mut build = Build::new(&source, None, Scope::Target, true);
    let outcome = loop {
        match build.step() {
            Step::Done(outcome) => break outcome,
            Step::Ask(questions) => questions.into_iter().for_each(|question| {
                let answer = answer(&question, dockerfile, config);
                build.tell(question, answer);
            }),
        }
    };
    let sources = &source.project.sources;
    let warnings = outcome.warnings.iter().map(|found| found.short(sources.lines(found.span).0)).collect();
    let built = outcome.built.map_err(|error| error.diagnostic.message).and_then(|built| {
        let (graph, root) = (&built.converted.graph, built.converted.root);
        let definition = graph
            .marshal(root, &MarshalOptions::new(&host))
            .map_err(|error: llb::Error| error.to_string())?;
        // An input is its maker's.
        let is_ours = !options.iter().any(|(_, value)| value.starts_with("input:"));
        if is_ours {
            definition.verify().expect("the definition is canonical");
        }
        graph.prove(&definition);
        graph.dump(root).map_err(|error| error.to_string())
    });
    Outcome { built, warnings }
}

/// What every graph has, and what says nothing about a case.
const USUAL: [&str; 9] = [
    "] FROM docker.io/library/alpine",
    "#0 docker-image://",
    "com.docker.dockerfile.v1.command",
    "local.sharedkeyhint",
    "local.unique",
    "llb.customname \"[internal] load build context",
    "git.auth",
    "PATH=",
    "mount / <- #0",
];

/// Says in a few lines what came of a case.
fn said(outcome: &Outcome) -> String {
    let mut out = String::new();
    match &outcome.built {
        Err(message) => writeln!(out, "  error: {message}").unwrap(),
        Ok(graph) => {
            for line in graph.lines().filter(|line| !USUAL.iter().any(|usual| line.contains(usual))) {
                writeln!(out, "  {line}").unwrap();
            }
        }
    }
    for warning in &outcome.warnings {
        writeln!(out, "  warning: {warning}").unwrap();
    }
    let is_short = |line: &&str| line.chars().count() < 300;
    let cut = |line: &str| line.chars().take(100).chain("…".chars()).collect::<String>();
    let out: Vec<_> =
        out.lines().map(|line| if is_short(&line) { line.to_owned() } else { cut(line) }).collect();
    visible(&(out.join("\n") + "\n")).into_owned()
}

#[test]
fn what_means_harm_is_refused_or_does_none() {
    let (mut table, mut panicked) = (String::new(), Vec::new());
    let plain = |cases: Vec<Case>| cases.into_iter().map(|case| (case.0, CONFIG, case)).collect();
    let lists: [(&str, Vec<_>); 5] = [
        ("paths", plain(paths())),
        ("characters", plain(characters())),
        ("numbers", plain(numbers())),
        ("base images", images()),
        ("contexts", plain(contexts())),
    ];
    for (title, cases) in lists {
        writeln!(table, "==== {title}").unwrap();
        for (name, config, (_, options, dockerfile)) in cases {
            let started = Instant::now();
            let outcome = std::panic::catch_unwind(|| build(options, &dockerfile, config));
            let Ok(outcome) = outcome else {
                panicked.push(name);
                continue;
            };
            assert!(started.elapsed() < Duration::from_secs(10), "{name}");
            if let Err(message) = &outcome.built {
                assert!(!message.is_empty(), "{name}");
            }
            for warning in &outcome.warnings {
                assert_eq!(warning, &defused(warning), "{name}");
            }
            write!(table, "\n{name}\n{}", said(&outcome)).unwrap();
        }
    }
    assert_eq!(panicked, [""; 0]);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/outcomes.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&golden, &table).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    for (at, (found, expected)) in table.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {}", at + 1, golden.display());
    }
    assert_eq!(table.lines().count(), expected.lines().count());
}
