//! Two builds that differ as real ones do: `multistage diff` must name the reason where each chain begins.

use crate::command::{folder, put, run_in};
use crate::project::{project, snapshot};

const FILE: &str = r#"ARG GO=1.23
FROM golang:${GO} AS build
ARG VERSION=1.0
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/root/.cache go mod download
COPY . .
RUN CGO_ENABLED=0 go build -ldflags="-X main.version=${VERSION}" -o /app ./cmd/app
FROM alpine:3.20
RUN apk add --no-cache ca-certificates
COPY --from=build /app /usr/local/bin/app
USER 1000
ENTRYPOINT ["app"]
"#;

/// What is replaced by what in the second Dockerfile.
const EDITS: [(&str, &str, &str); 17] = [
    ("the default of an argument", "VERSION=1.0", "VERSION=1.1"),
    ("a flag of a command", "go build", "go build -trimpath"),
    ("the base of the last stage", "alpine:3.20", "alpine:3.21"),
    ("the base of the first stage", "GO=1.23", "GO=1.24"),
    (
        "the order of a COPY",
        "RUN --mount=type=cache,target=/root/.cache go mod download\nCOPY . .\n",
        "COPY . .\nRUN --mount=type=cache,target=/root/.cache go mod download\n",
    ),
    ("one more package", "ca-certificates", "ca-certificates tzdata"),
    ("one more step", "USER 1000", "RUN adduser -D app\nUSER 1000"),
    ("one step less", "RUN apk add --no-cache ca-certificates\n", ""),
    ("one more variable", "WORKDIR /src", "ENV GOFLAGS=-mod=vendor\nWORKDIR /src"),
    ("another folder to work in", "WORKDIR /src", "WORKDIR /build"),
    ("fewer files", "COPY go.mod go.sum ./", "COPY go.mod ./"),
    ("another owner of files", "COPY --from=build", "COPY --from=build --chown=1000"),
    ("a cache no longer mounted", "--mount=type=cache,target=/root/.cache ", ""),
    ("another user", "USER 1000", "USER 1001"),
    ("another name of a stage", "build", "builder"),
    ("a comment", "WORKDIR /src", "# where the source is\nWORKDIR /src"),
    ("the platform of a stage", "FROM golang", "FROM --platform=linux/arm64 golang"),
];

/// What is added to the options of the second build.
const OPTIONS: [(&str, [&str; 2]); 4] = [
    ("a build argument of a command", ["--then-build-arg", "VERSION=2.0"]),
    ("a build argument of a base", ["--then-build-arg", "GO=1.24"]),
    ("another platform", ["--then-platform", "linux/arm64"]),
    ("another target", ["--then-target", "build"]),
];

#[test]
fn reasons() {
    let base = project("see-pairs", FILE);
    let mut all = String::new();
    let mut tell = |what: &str, args: &[&str]| {
        let ran = run_in(
            &base,
            &[&["diff"][..], args, &["--platform", "linux/amd64", "--images", "images.json"]].concat(),
            "",
        );
        assert!(ran.code < 2 && ran.err.is_empty(), "{what}: {}", ran.err);
        all.push_str(&format!("=== {what}\n{}\n", ran.out));
    };
    for (at, (what, before, after)) in EDITS.iter().enumerate() {
        assert!(FILE.contains(before), "{what}");
        let name = format!("{at}.Dockerfile");
        let second = match *what {
            "another name of a stage" => {
                FILE.replace("AS build", "AS builder").replace("from=build", "from=builder")
            }
            _ => FILE.replacen(before, after, 1),
        };
        put(&base, &[(&name, &second)]);
        tell(what, &["Dockerfile", &name]);
    }
    for (what, options) in OPTIONS {
        tell(what, &[&["Dockerfile"][..], &options].concat());
    }
    snapshot("pairs", &all);
}

#[test]
fn ignore_files_are_compared() {
    let (a, b) = (folder("see-ignore-a"), folder("see-ignore-b"));
    for (folder, ignored) in [(&a, "*.log\n"), (&b, "*.log\ndocs\n")] {
        put(folder, &[("Dockerfile", "FROM scratch\nCOPY . /\n"), (".dockerignore", ignored)]);
    }
    let ran = run_in(&a, &["diff", "Dockerfile", "../see-ignore-b/Dockerfile"], "");
    assert!(ran.out.contains("ignored files: [\"*.log\"] → [\"*.log\",\"docs\"]"), "{}", ran.out);
    assert!(ran.out.contains("cached if the files they take come out as before"), "{}", ran.out);
}
