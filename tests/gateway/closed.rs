//! The program of the image where it has nothing: a root that holds it alone and cannot be written to, no network, no
//! other process to be seen. A whole build goes through it there.
//!
//! `MULTISTAGE_STATIC` names the program, as it is in the image; `scripts/test-engine` sets it. Needs root.

use crate::{Engine, command, run, run_command};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

const OPTIONS: &[&str] = &["platform=linux/amd64,linux/arm64"];
const DOCKERFILE: &str = "FROM alpine AS base\nRUN x\nFROM base\nCOPY . /\nCOPY --from=busybox /bin /bin\n";

/// Makes the root, sees that it is as meant, and becomes the program.
const CLOSE: &str = r#"
set -eu
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
if touch "$1/file" 2>/dev/null; then exit 9; fi
[ "$(grep -c : /proc/self/net/dev)" = 1 ] # only the loopback interface, and that is down
[ "$(ls "$1")" = frontend ]
exec /usr/sbin/chroot "$1" /frontend
"#;

#[test]
fn a_build_where_there_is_nothing_but_the_program() {
    let Some(program) = env::var_os("MULTISTAGE_STATIC") else {
        eprintln!("NOT JUDGED: MULTISTAGE_STATIC names no program; `make test-engine` does");
        return;
    };
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("closed");
    fs::create_dir_all(&root).unwrap();
    fs::copy(program, root.join("frontend")).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();

    let open = run(Engine::with(DOCKERFILE), OPTIONS);
    let mut closed = Command::new("unshare");
    closed.args(["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]);
    closed.args(["sh", "-c", CLOSE, "sh"]).arg(&root);
    // The variables of the frontend alone, and where the shell finds its own programs.
    closed.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    closed.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    closed.envs(command(OPTIONS).get_envs().filter_map(|(name, value)| Some((name, value?))));
    let closed = run_command(Engine::with(DOCKERFILE), closed);
    assert!(closed.status.success() && closed.stderr.is_empty(), "{}", closed.stderr);
    assert_eq!(closed.result(), open.result());
}
