//! What holds whatever the input: no panic, no endless run, places that lie in the file, canonical definitions.
//!
//! The checks are those of the fuzz targets; here proptest makes their inputs, and what fuzzing found is tried again.

mod checks;
mod seeds;

use multistage::image::{Config, Platform};
use multistage::internal::options::Options;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// Bits of Dockerfiles that mean something to some part of the parser.
const BITS: &[&str] = &[
    "FROM ",
    "from",
    " AS b",
    "RUN ",
    "COPY ",
    "ADD ",
    "ENV ",
    "ARG ",
    "LABEL ",
    "ONBUILD ",
    "HEALTHCHECK ",
    "CMD ",
    "SHELL ",
    "EXPOSE ",
    "VOLUME ",
    "USER ",
    "WORKDIR ",
    "NONE",
    "# escape=`\n",
    "# check=a\n",
    "# a\n",
    "#",
    "\\\n",
    "\\",
    "`\n",
    "`",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "\u{b}",
    "\u{a0}",
    "\u{85}",
    "\u{2003}",
    "é",
    "à",
    "\u{1140}",
    "\u{feff}",
    "😀",
    "\0",
    "<<",
    "<<EOF",
    "<<-'EOF'",
    "\nEOF\n",
    "EOF",
    "3<<X",
    "--",
    "--a",
    "--mount=",
    "--link",
    "--chown=a",
    "--network=x",
    "type=cache,",
    "from=$x",
    "=",
    "a=b",
    "'",
    "\"",
    "[",
    "]",
    ",",
    "\"x\"",
    "{",
    "}",
    "$",
    "${a",
    "${a:-",
    "${a/",
    "/",
    "a",
    "b ",
    "1",
    ".",
    "-",
    "[\"a\",",
    "1s",
    "--interval=",
    "\\u00e9",
    "\\ud800",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(BITS), 0..40).prop_map(|bits| bits.concat())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    (text(), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)).prop_map(
        |(text, changes)| {
            let mut bytes = text.into_bytes();
            for (index, byte) in changes {
                if !bytes.is_empty() {
                    let at = index.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            bytes
        },
    )
}

/// Text made of what the rooms for small texts look for, and of anything.
fn small_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(vec![
            "$", "${", "}", ":", "-", "+", "?", "#", "%", "/", "//", "\\", "\"", "'", "`", "<<", " ", "*", "**", "A",
            "B", "@", "!", "[", "]", "^", "(", ")", "=", ",", "&", ".", "..", "\n", "\u{feff}", "git@h:", "http://",
            "https://h/a.git", "github.com/", "sha256:", "linux", "arm", "v7", "C:", "0", "%2",
        ])
        .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Lines of which most make sense in a Dockerfile.
fn dockerfile() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        12 => prop::sample::select(LINES).prop_map(str::to_owned),
        1 => text(),
    ];
    prop::collection::vec(line, 1..20).prop_map(|lines| format!("FROM alpine AS a\n{}\n", lines.join("\n")))
}

const LINES: &[&str] = &[
    "FROM alpine AS a",
    "FROM a AS b",
    "FROM scratch",
    "FROM --platform=$TARGETPLATFORM busybox AS B",
    "FROM windows",
    "ARG A=1 B=$A",
    "ARG A",
    "ENV A=${A:-x} C=$B",
    "ENV A=$A$A$A$A$A$A$A$A",
    "RUN echo $A",
    "RUN [\"a\", \"b\"]",
    "RUN --mount=type=cache,target=/c,id=$A --mount=type=secret,id=s,env=S x",
    "RUN --mount=from=a,source=/x,target=/y --network=none z",
    "RUN --mount=type=tmpfs,target=/t,size=1g <<E\n#!/x\ny\nE",
    "COPY --from=a / /b",
    "COPY --from=0 --link --chown=1:2 --chmod=755 a b /c/",
    "COPY --parents ./a/./b/*.c --exclude=x /d/",
    "COPY <<E /e\n$A\nE",
    "ADD https://h.invalid/x.tar.gz /",
    "ADD --checksum=sha256:0 --keep-git-dir https://h.invalid/r.git#main:sub /g",
    "WORKDIR $A/../w",
    "USER $A",
    "EXPOSE 80 1-9/udp $A",
    "VOLUME [\"/v\"]",
    "LABEL a=$A \"b c\"=d",
    "HEALTHCHECK --interval=1s CMD x",
    "HEALTHCHECK NONE",
    "SHELL [\"/bin/x\"]",
    "ONBUILD COPY --from=b / /",
    "ONBUILD RUN x",
    "STOPSIGNAL 9",
    "CMD x",
    "ENTRYPOINT [\"x\"]",
    "MAINTAINER me",
];

/// What else an input of a build says, part by part.
fn settings() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "target=a",
        "target=b",
        "platform=linux/arm64",
        "platform=windows/amd64",
        "build-arg:A=given",
        "build-arg:SOURCE_DATE_EPOCH=1",
        "context:alpine=docker-image://debian",
        "context:b=local:x",
        "context:c=https://h.invalid/r.git",
        "context=https://h.invalid/r.git#main",
        "no-cache=",
        "lacks=mergeop",
        "lacks=exec.meta.setsdefaultpath,exec.meta.ulimit",
        "only=file.base,source.image,source.local,constraints,platform,meta.description",
        "shm-size=1",
        "ulimit=nofile=1:2",
        "multi-platform=true",
    ]);
    prop::collection::vec(line, 0..4).prop_map(|lines| lines.join("\n"))
}

fn answers() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(
        prop::sample::select(vec![
            r#"{"os":"linux","architecture":"amd64","config":{"Env":["PATH=/b","A"]},"rootfs":{"diff_ids":["x"]}}"#,
            r#"{"config":{"OnBuild":["COPY --from=busybox / /","ARG A=2"],"WorkingDir":"/w"}}"#,
            r#"{"os":"windows","architecture":"arm","variant":"v9","config":null}"#,
            "=docker.io/other:1@sha256:0\n{}",
            "@git://h.invalid/r.git",
            "!it is broken",
            "1700000000",
            "not json",
            "",
        ]),
        0..3,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dockerfiles(data in bytes()) {
        checks::parse::check(&data);
    }

    #[test]
    fn triggers(text in text()) {
        checks::parse::trigger(&text);
    }

    #[test]
    fn words(word in small_text(), value in small_text(), how in "-[wqesu]{0,4}") {
        checks::expand::check(format!("{how}\nA={value}\nB=b c\n%%\n{word}").as_bytes());
    }

    #[test]
    fn ignore_files(lines in prop::collection::vec(small_text(), 0..6), path in small_text()) {
        checks::dockerignore::check(format!("{}\n%%\n{path}\na", lines.join("\n")).as_bytes());
    }

    #[test]
    fn names(one in small_text(), other in small_text()) {
        checks::names::check(format!("{one}\n%%\n{other}").as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn builds(dockerfile in dockerfile(), settings in settings(), ignore in small_text(), answers in answers()) {
        let parts = [&settings, &dockerfile, &ignore].map(String::as_str).into_iter().chain(answers);
        checks::convert::check(parts.collect::<Vec<_>>().join("\n%%\n").as_bytes());
    }

    #[test]
    fn options(values in proptest::collection::btree_map(
        proptest::sample::select(vec![
            "platform", "add-hosts", "ulimit", "shm-size", "memory", "cpusetcpus", "cache-imports", "cache-from",
            "attest:sbom", "attest:x", "multi-platform", "no-cache", "frontend.caps", "context:A", "image-resolve-mode",
        ]),
        small_text(),
        0..4,
    )) {
        let map: BTreeMap<String, String> = values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        if let Err(err) = Options::from_map(&map, &[], &Platform::new("linux", "amd64")) {
            prop_assert!(!err.to_string().is_empty());
        }
    }

    #[test]
    fn a_config_is_read_as_it_was_written(json in any::<Vec<u8>>(), name in small_text(), value in small_text()) {
        let _ = Config::from_json(&json);
        let mut config = Config::empty(&Platform::new("linux", "amd64"));
        config.config.labels.insert(name.clone(), value.clone());
        config.config.env.push(format!("{name}={value}"));
        config.config.volumes.insert(name);
        prop_assert_eq!(Config::from_json(&config.to_json()).unwrap(), config);
    }
}

/// What fuzzing found. Those of the target `gateway` are tried in `src/gateway/played.rs`.
#[test]
fn findings() {
    type Check = fn(&[u8]);
    let targets: [(&str, Check); 5] = [
        ("convert", checks::convert::check),
        ("dockerignore", checks::dockerignore::check),
        ("expand", checks::expand::check),
        ("names", checks::names::check),
        ("parse", checks::parse::check),
    ];
    for (target, check) in targets {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/properties/findings").join(target);
        for entry in folder.read_dir().into_iter().flatten() {
            let path = entry.expect("it can be listed").path();
            println!("{}", path.display());
            check(&std::fs::read(path).expect("it can be read"));
        }
    }
}
