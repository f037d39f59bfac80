//! The projects that the program is run in.

use crate::command::{folder, put, snapshot_in};
use std::path::PathBuf;

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
    snapshot_in("tests/see", name, text);
}
