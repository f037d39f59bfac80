//! What is known of images offline, and what is said if it is not, or cannot be read.

use crate::command::{Ran, folder, put, run_in};
use crate::project::config;
use std::fs;
use std::path::{Path, PathBuf};

/// A build whose ops show a variable of the base image.
const FILE: &str = "FROM golang:1.23\nWORKDIR $GOPATH/src\n";

fn project(name: &str) -> PathBuf {
    let folder = folder(name);
    put(&folder, &[("Dockerfile", FILE), ("config.json", &config("amd64"))]);
    folder
}

fn llb(folder: &Path, args: &[&str]) -> Ran {
    run_in(folder, &[&["llb", "--text", "--platform", "linux/amd64"], args].concat(), "")
}

/// The image is known: the folder is that of its GOPATH, and nothing is noted.
#[track_caller]
fn knows(folder: &Path, args: &[&str]) {
    let ran = llb(folder, args);
    assert!(ran.err.is_empty() && ran.out.contains("mkdir /go-amd64/src"), "{}{}", ran.err, ran.out);
}

/// The command ends with this error.
#[track_caller]
fn fails(folder: &Path, args: &[&str], error: &str) {
    let ran = llb(folder, args);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    assert!(ran.err.starts_with(&format!("error: {error}")), "{}", ran.err);
}

fn digest(c: &str) -> String {
    format!("sha256:{}", c.repeat(64))
}

fn blob(c: &str) -> String {
    format!("blobs/sha256/{}", c.repeat(64))
}

/// Returns the files of an OCI layout: an index of two platforms and what a builder attests of them.
fn layout() -> Vec<(String, String)> {
    let manifest = |config: &str, kind: &str| {
        format!(
            r#"{{"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}"}},"{kind}":[]}}"#,
            digest(config)
        )
    };
    let entry = |manifest: &str, os: &str, architecture: &str| {
        let digest = digest(manifest);
        format!(r#"{{"digest":"{digest}","platform":{{"os":"{os}","architecture":"{architecture}"}}}}"#)
    };
    let name = r#""annotations":{"io.containerd.image.name":"docker.io/library/golang:1.23"}"#;
    let entries =
        [entry("b", "linux", "arm64"), entry("c", "linux", "amd64"), entry("d", "unknown", "unknown")];
    vec![
        ("index.json".to_owned(), format!(r#"{{"manifests":[{{"digest":"{}",{name}}}]}}"#, digest("a"))),
        (blob("a"), format!(r#"{{"manifests":[{}]}}"#, entries.join(","))),
        (blob("b"), manifest("e", "layers")),
        (blob("c"), manifest("f", "layers")),
        (blob("d"), manifest("0", "layers")),
        (blob("e"), config("arm64")),
        (blob("f"), config("amd64")),
    ]
}

/// Returns a tar archive, as `docker save` writes it.
fn tar(files: &[(String, String)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, text) in files {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", text.len()).as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        out.extend_from_slice(&header);
        out.extend_from_slice(text.as_bytes());
        out.resize(out.len().div_ceil(512) * 512, 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// Returns the files of an archive of `docker save` with one image of several names, and another.
fn saved() -> Vec<(String, String)> {
    let manifest = r#"[
        {"Config":"one.json","RepoTags":["golang:1.23","golang:latest","example.com/golang:old"]},
        {"Config":"two.json","RepoTags":["busybox:latest"]}]"#;
    vec![
        ("manifest.json".to_owned(), manifest.to_owned()),
        ("one.json".to_owned(), config("amd64")),
        ("two.json".to_owned(), config("arm64")),
    ]
}

#[test]
fn configs() {
    let folder = project("images-configs");
    knows(&folder, &["--image", "golang:1.23=config.json"]);
    knows(&folder, &["--image", "docker.io/library/golang:1.23=config.json"]);
    let (amd64, arm64) = (config("amd64"), config("arm64"));
    for list in [
        format!(r#"{{"golang:1.23":{amd64}}}"#),
        format!(r#"{{"golang:1.23":[{arm64},{amd64}]}}"#),
        format!(r#"{{"golang:1.23":{{"digest":"{}","image":{amd64}}}}}"#, digest("a")),
        format!(r#"{{"golang:1.23":[{{"digest":"{}","image":{amd64}}},{arm64}]}}"#, digest("a")),
    ] {
        put(&folder, &[("images.json", &list)]);
        knows(&folder, &["--images", "images.json"]);
    }
    // What is known of a tag holds for one of its digests, too.
    let file = FILE.replace("1.23", &format!("1.23@{}", digest("a")));
    put(&folder, &[("Dockerfile", &file)]);
    knows(&folder, &["--image", "golang:1.23=config.json"]);
}

#[test]
fn layouts() {
    let folder = project("images-layouts");
    for (name, text) in layout() {
        put(&folder, &[(&format!("layout/{name}"), &text)]);
    }
    fs::write(folder.join("layout.tar"), tar(&layout())).expect("it can be written");
    for store in ["layout", "layout.tar"] {
        knows(&folder, &["--images", store]);
        knows(&folder, &["--image", &format!("golang:1.23={store}")]);
        // The digest is that of the name, not of one platform.
        assert!(llb(&folder, &["--images", store]).out.contains(&format!("golang:1.23@{}", digest("a"))));
    }
    let args = ["llb", "--text", "--images", "layout", "--platform"];
    let ran = run_in(&folder, &[&args[..], &["linux/arm64"]].concat(), "");
    assert!(ran.out.contains("mkdir /go-arm64/src"), "{}{}", ran.out, ran.err);
    let ran = run_in(&folder, &[&args[..], &["linux/s390x"]].concat(), "");
    assert!(ran.code == 2 && ran.err.contains("was described for other platforms"), "{}", ran.err);
}

#[test]
fn archives_with_several_names() {
    let folder = project("images-archives");
    fs::write(folder.join("saved.tar"), tar(&saved())).expect("it can be written");
    knows(&folder, &["--images", "saved.tar"]);
    let many = "saved.tar: there are several images in it: busybox:latest, example.com/golang:old, golang:1.23, golang:latest";
    fails(&folder, &["--image", "golang:1.23=saved.tar"], many);
    // One image with several names is one image.
    let mut files = saved();
    files[0].1 = files[0].1.replace("two.json", "one.json");
    fs::write(folder.join("one.tar"), tar(&files)).expect("it can be written");
    knows(&folder, &["--image", "golang:1.23=one.tar"]);
    put(&folder, &[("Dockerfile", &FILE.replace("golang:1.23", "example.com/golang:old"))]);
    knows(&folder, &["--images", "saved.tar"]);
}

#[test]
fn what_is_not_known_is_noted() {
    let folder = project("images-unknown");
    let ran = llb(&folder, &["--image", "busybox=config.json"]);
    assert_eq!(ran.code, 0);
    let note = "note: taken for plain images, as nothing is known of them: golang:1.23 (tell more with --image golang:1.23=config.json)";
    assert!(ran.err.starts_with(note), "{}", ran.err);
    // A plain image has a search path and no other variable.
    assert!(ran.out.contains("mkdir /src") && !ran.out.contains("golang:1.23@"), "{}", ran.out);
    for command in ["graph", "explain"] {
        assert!(run_in(&folder, &[command], "").err.starts_with("note: taken for plain"), "{command}");
    }
    assert!(run_in(&folder, &["diff", "Dockerfile"], "").err.starts_with("note: taken for plain"));
}

#[test]
fn what_cannot_be_read_is_told() {
    let folder = project("images-broken");
    let text = |name: &str, text: &str| put(&folder, &[(name, text)]);
    text("none/README", "nothing");
    text("list.json", "[]");
    text("text", "hello");
    let mut lost = layout();
    lost.pop();
    for (name, data) in &lost {
        text(&format!("lost/{name}"), data);
    }
    let mut wrong = layout();
    wrong[1].1 = "{".to_owned();
    for (name, data) in &wrong {
        text(&format!("wrong/{name}"), data);
    }
    fs::write(folder.join("lost.tar"), tar(&saved()[..2])).expect("it can be written");
    let whole = tar(&saved());
    fs::write(folder.join("cut.tar"), &whole[..1200]).expect("it can be written");
    fs::write(folder.join("saved.tar.gz"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]).expect("it can be written");
    fs::write(folder.join("saved.tar.zst"), [0x28, 0xb5, 0x2f, 0xfd, 0, 0]).expect("it can be written");
    for (images, error) in [
        ("nowhere", "nowhere: No such file or directory"),
        ("none", "none: no index.json and no manifest.json is in it: this is no store of images"),
        ("list.json", "list.json: invalid type: sequence, expected a map"),
        ("text", "text: expected value at line 1 column 1"),
        ("lost", &format!("lost: {} is listed, but not there", digest("f"))),
        ("wrong", &format!("wrong: {}: ", blob("a"))),
        ("lost.tar", "lost.tar: two.json is listed, but not there"),
        ("cut.tar", "cut.tar: the archive ends too early"),
        ("saved.tar.gz", "saved.tar.gz: it is compressed: unpack it first, with `gunzip`"),
        ("saved.tar.zst", "saved.tar.zst: it is compressed: unpack it first, with `unzstd`"),
    ] {
        fails(&folder, &["--images", images], error);
    }
    fails(&folder, &["--image", "golang"], "golang: write it as NAME=PATH");
    fails(&folder, &["--image", "Not A Name=config.json"], "config.json: Not A Name is no name of an image");
    fails(
        &folder,
        &["--image", "golang=text"],
        "text: the config of docker.io/library/golang:latest cannot be read",
    );
    fails(&folder, &["--image", "golang=saved.tar.gz"], "saved.tar.gz: it is compressed");
}
