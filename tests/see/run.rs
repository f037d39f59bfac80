//! Runs the program, and makes the folders that it is run in.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run gave.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs the program in a folder.
pub fn run_in(folder: &Path, args: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_multistage"))
        .args(args)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    // The program may end before it has read all.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) }
}

/// An empty folder for one test.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

#[track_caller]
pub fn put(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
}

/// An image config that sets GOPATH.
pub fn config(architecture: &str) -> String {
    let layer = "0".repeat(64);
    format!(
        r#"{{"os":"linux","architecture":"{architecture}","config":{{"Env":["PATH=/bin","GOPATH=/go-{architecture}"]}},"rootfs":{{"type":"layers","diff_ids":["sha256:{layer}"]}}}}"#
    )
}

/// Makes a folder with a Dockerfile and described images.
pub fn project(name: &str, dockerfile: &str) -> PathBuf {
    let folder = folder(name);
    let (config, digest) = (config("amd64"), "1".repeat(64));
    let list = ["golang:1.23", "golang:1.24", "busybox", "alpine:3.20", "alpine:3.21"]
        .map(|name| format!(r#""{name}":{{"digest":"sha256:{digest}","image":{config}}}"#));
    let list = format!("{{{}}}", list.join(","));
    put(
        &folder,
        &[
            ("Dockerfile", dockerfile),
            ("images.json", &list),
            ("config.json", &config),
            (".dockerignore", "*.log\nimages.json\nconfig.json\n"),
        ],
    );
    folder
}

/// Compares with a golden file of this folder.
#[track_caller]
pub fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("");
    settings.bind(|| insta::assert_snapshot!(name, text));
}
