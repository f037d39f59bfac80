//! What the clients ask of a frontend: flags of `docker build`, contexts of every kind, bake and compose.

use std::fs;
use std::os::unix::net::UnixListener;
use std::process::Command;

use serde_json::json;

use crate::harness::{Project, engine, nonce};
use crate::server;

/// The flags below came with buildx, which Docker 20.10 lacks in Debian.
fn has_buildx() -> bool {
    engine().version >= 23
}

#[test]
fn a_named_context_replaces_a_stage() {
    if !has_buildx() {
        return;
    }
    let project =
        Project::new("FROM busybox AS build\nRUN exit 1\nFROM scratch\nCOPY --from=build /out /out\n");
    project.outside("named/out", "from outside");
    project.arg("--build-context=build={}/named").build().text("/out", "from outside");
}

#[test]
fn a_named_context_replaces_an_image() {
    if !has_buildx() {
        return;
    }
    Project::new("FROM no-such-image.invalid/x\nRUN echo 1 >/file\n")
        .arg("--build-context=no-such-image.invalid/x=docker-image://busybox")
        .build()
        .text("/file", "1\n");
}

#[test]
fn a_named_context_has_an_ignore_file_of_its_own() {
    if !has_buildx() {
        return;
    }
    let project = Project::new("FROM scratch\nCOPY --from=named . /\n");
    project.outside("named/keep", "x");
    project.outside("named/drop", "x");
    project.outside("named/.dockerignore", "drop\n");
    project.arg("--build-context=named={}/named").build().text("/keep", "x").lacks("/drop");
}

#[test]
fn an_ignore_file_beside_the_dockerfile_wins() {
    let project =
        Project::new("FROM scratch\nCOPY . /\n").file(".dockerignore", "a\n").file("a", "x").file("b", "x");
    project.outside("Dockerfile.dockerignore", "b\n");
    project.build().text("/a", "x").lacks("/b");
}

#[test]
fn hosts_are_added() {
    Project::new("FROM busybox\nRUN grep hello /etc/hosts >/hosts\n")
        .arg("--add-host=hello.invalid:10.1.2.3")
        .build()
        .text("/hosts", "10.1.2.3\thello.invalid\n");
}

#[test]
fn labels_are_added_and_win() {
    Project::new("FROM busybox\nLABEL a=file b=file\n")
        .arg("--label=a=flag")
        .arg("--label=c=flag")
        .build()
        .config("/config/Labels/a", json!("flag"))
        .config("/config/Labels/b", json!("file"))
        .config("/config/Labels/c", json!("flag"));
}

#[test]
fn shared_memory_and_limits() {
    if !has_buildx() {
        return;
    }
    Project::new(&format!(
        "FROM busybox\nRUN echo {}; df -k /dev/shm | tail -1 | awk '{{print $2}}' >/shm; ulimit -n >/files\n",
        nonce()
    ))
    .arg("--shm-size=32m")
    .arg("--ulimit=nofile=1234:1234")
    .build()
    .text("/shm", "32768\n")
    .text("/files", "1234\n");
}

#[test]
fn steps_run_in_the_control_group_that_was_named() {
    if !has_buildx() {
        return;
    }
    // What a step sees depends on the version of control groups; that the group was made does not.
    let parent = format!("multistage-test-{}", nonce());
    let groups = |more: &[&str]| {
        let found = Command::new("find")
            .args(["/sys/fs/cgroup", "-depth", "-type", "d", "-path"])
            .arg(format!("*/{parent}*"))
            .args(more)
            .output()
            .expect("find runs");
        String::from_utf8_lossy(&found.stdout).into_owned()
    };
    Project::new(&format!("FROM busybox\nRUN echo {parent}\n"))
        .arg(&format!("--cgroup-parent=/{parent}/below"))
        .build();
    let made = groups(&["-print"]);
    groups(&["-exec", "rmdir", "{}", "+"]);
    assert!(made.lines().any(|group| group.ends_with(&format!("/{parent}/below"))), "{made}");
    assert_eq!(groups(&["-print"]), "", "groups are left");
}

#[test]
fn a_foreign_platform_is_noted() {
    Project::new("FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n")
        .file("arm64", "x")
        .arg("--platform=linux/arm64")
        .build()
        .text("/arm64", "x")
        .config("/architecture", json!("arm64"));
}

#[test]
fn files_instead_of_an_image() {
    let project = Project::new(
        "FROM busybox AS build\nRUN mkdir /d && echo x >/d/f\nFROM scratch\nCOPY --from=build /d /d\n",
    );
    let (local, tar) = (project.outside("out/keep", ""), project.outside("out.tar", ""));
    let local = local.parent().expect("it has a folder");
    let project = project.arg(&format!("--output=type=local,dest={}", local.display()));
    project.ask();
    assert_eq!(fs::read_to_string(local.join("d/f")).expect("the file is there"), "x\n");
    let project = project.no_args().arg(&format!("--output=type=tar,dest={}", tar.display()));
    project.ask();
    let list = Command::new("tar").arg("-tf").arg(&tar).output().expect("tar runs");
    assert!(String::from_utf8_lossy(&list.stdout).lines().any(|line| line.trim_start_matches("./") == "d/f"));
}

#[test]
fn ssh_agents_are_passed_on() {
    let project = Project::new(
        "FROM busybox\nRUN --mount=type=ssh test -S $SSH_AUTH_SOCK && stat -c %a $SSH_AUTH_SOCK >/mode\nRUN test -z \"$SSH_AUTH_SOCK\"\n",
    );
    // Paths of sockets are short, and that of the project's folder may not be.
    let socket = std::env::temp_dir().join(format!("agent-{}", nonce()));
    let listener = UnixListener::bind(&socket).expect("a socket can be made");
    let built = project.arg(&format!("--ssh=default={}", socket.display())).build();
    drop(listener);
    fs::remove_file(socket).expect("it was made");
    built.text("/mode", "600\n");
}

#[test]
fn a_dockerfile_alone_comes_over_stdin() {
    let project = Project::new("FROM busybox\nRUN echo 1 >/file\n").dockerfile_inside();
    let dockerfile = fs::read(project.context().join("Dockerfile")).expect("it was written");
    project.build_from_stdin(&dockerfile).text("/file", "1\n");
}

#[test]
fn an_archive_comes_over_stdin() {
    // It comes only once, and the engine's own frontend has read it before ours is asked.
    let project = Project::new("FROM scratch\nCOPY dir /dir\n").file("dir/file", "x").dockerfile_inside();
    let tar =
        Command::new("tar").arg("-c").arg("-C").arg(project.context()).arg(".").output().expect("tar runs");
    project.build_from_stdin(&tar.stdout).text("/dir/file", "x");
}

#[test]
fn a_dockerfile_over_stdin_goes_with_a_context_from_elsewhere() {
    if !has_buildx() {
        return;
    }
    let project =
        Project::new("FROM scratch\nRUN no such file is read\n").file("dir/file", "x").dockerfile_inside();
    let git = server::git(&project.context());
    let dockerfile = Project::new("FROM scratch\nCOPY dir /dir\n").dockerfile_inside();
    let dockerfile = fs::read(dockerfile.context().join("Dockerfile")).expect("it was written");
    project.build_from(&["-f", "-", &format!("{}#main", git.url)], &dockerfile).text("/dir/file", "x");
}

#[test]
fn http_sources_are_fetched_and_checked() {
    let server = server::http(&[("/file.txt", b"from the net")]);
    let build = |sum: &str| {
        Project::new(&format!(
            "FROM scratch\nADD {sum} --chmod=644 http://{}/file.txt /dir/\n",
            server.address
        ))
    };
    build("").build().text("/dir/file.txt", "from the net").mode("/dir/file.txt", 0o644);
    let sum = "cb0dea4a5890c66f12c045b3bab553a9a24a81e61d81535fbf39ab23be2f6a60";
    build(&format!("--checksum=sha256:{sum}")).build().text("/dir/file.txt", "from the net");
    build(&format!("--checksum=sha256:{}", sum.replace('c', "d"))).fail().says("digest mismatch");
}

#[test]
fn an_http_context_may_be_an_archive() {
    let project = Project::new("FROM scratch\nCOPY dir /dir\n").file("dir/file", "x").dockerfile_inside();
    let tar =
        Command::new("tar").arg("-c").arg("-C").arg(project.context()).arg(".").output().expect("tar runs");
    let server = server::http(&[("/context.tar", &tar.stdout)]);
    let id_file = project.outside("id", "");
    project.client(&[
        "build",
        "--iidfile",
        id_file.to_str().expect("UTF-8"),
        &format!("http://{}/context.tar", server.address),
    ]);
    let id = fs::read_to_string(id_file).expect("the client wrote the id");
    assert!(id.starts_with("sha256:"), "{id:?}");
}

#[test]
fn git_repositories_are_contexts_and_sources() {
    let project = Project::new("FROM scratch\nCOPY dir /dir\n").file("dir/file", "x").dockerfile_inside();
    let git = server::git(&project.context());
    let id_file = project.outside("id", "");
    project.client(&["build", "--iidfile", id_file.to_str().expect("UTF-8"), &format!("{}#main", git.url)]);
    assert!(fs::read_to_string(id_file).expect("the client wrote the id").starts_with("sha256:"));
    if engine().version < 23 {
        return; // it cannot take a part of a repository
    }
    Project::new(&format!(
        "FROM scratch\nADD {0}#main:dir /sub\nADD --keep-git-dir {0}#main /all\n",
        git.url
    ))
    .build()
    .text("/sub/file", "x")
    .text("/all/dir/file", "x")
    .folder("/all/.git")
    .lacks("/sub/.git");
}

#[test]
fn check_prints_warnings_and_builds_nothing() {
    if !has_buildx() || engine().version < 28 {
        return;
    }
    let text = Project::new("FROM busybox AS Build\nRUN exit 1\n").arg("--check").fail().log;
    assert!(
        text.contains("StageNameCasing") && text.contains("ConsistentInstructionCasing").eq(&false),
        "{text}"
    );
    let text = Project::new("FROM busybox AS build\nRUN exit 1\n").arg("--check").ask();
    assert!(text.contains("Check complete, no warnings found."), "{text}");
}

#[test]
fn targets_and_outline_are_told() {
    if engine().version < 28 {
        return;
    }
    let dockerfile = "# what the first is\nFROM busybox AS first\n# VERSION is the version\nARG VERSION=1\nFROM first AS second\n";
    let text = Project::new(dockerfile).arg("--call=targets").ask();
    assert!(text.contains("first") && text.contains("second (default)"), "{text}");
    let text = Project::new(dockerfile).arg("--call=outline").ask();
    assert!(text.contains("VERSION") && text.contains('1'), "{text}");
}

#[test]
fn a_bake_file_with_four_targets() {
    if !has_buildx() {
        return;
    }
    let tag = nonce();
    let target = |name: &str, more: &str| {
        format!(r#""{name}": {{"target": "{name}", "tags": ["bake-{tag}:{name}"]{more}}}"#)
    };
    let bake = format!(
        r#"{{"group": {{"default": {{"targets": ["one", "two", "three", "four"]}}}}, "target": {{{}, {}, {}, {}}}}}"#,
        target("one", ""),
        target("two", r#", "args": {"TEXT": "given"}"#),
        target("three", r#", "contexts": {"one": "target:one"}"#),
        target("four", r#", "labels": {"a": "b"}"#)
    );
    let project = Project::new(
        "FROM busybox AS one\nRUN --network=none echo 1 >/one\nFROM busybox AS two\nARG TEXT\nRUN --network=none echo $TEXT >/two\n\
         FROM busybox AS three\nCOPY --from=one /one /three\nFROM busybox AS four\nCOPY --from=three /three /four\n",
    )
    .dockerfile_inside()
    .file("bake.json", &bake);
    project.client(&["buildx", "bake", "-f", "bake.json"]);
    let read = |name: &str, path: &str| {
        engine().run(["run", "--rm", "--network", "none", &format!("bake-{tag}:{name}"), "cat", path])
    };
    assert_eq!(read("two", "/two"), "given");
    assert_eq!(read("three", "/three"), "1");
    assert_eq!(read("four", "/four"), "1");
    for name in ["one", "two", "three", "four"] {
        engine().run(["rmi", &format!("bake-{tag}:{name}")]);
    }
}

#[test]
fn a_compose_build() {
    if !has_buildx() {
        return;
    }
    let tag = nonce();
    let project = Project::new("FROM busybox AS one\nARG TEXT\nRUN echo $TEXT >/file\nFROM busybox\nRUN exit 1\n")
        .dockerfile_inside()
        .file(
            "compose.yaml",
            &format!(
                "services:\n  app:\n    image: compose-{tag}\n    build:\n      context: .\n      target: one\n      network: host\n      args:\n        TEXT: composed\n"
            ),
        );
    project.client(&["compose", "--project-name", "p", "build"]);
    let image = format!("compose-{tag}");
    assert_eq!(engine().run(["run", "--rm", "--network", "none", &image, "cat", "/file"]), "composed");
    engine().run(["rmi", &image]);
}

#[test]
fn named_contexts_come_from_the_net() {
    if !has_buildx() {
        return;
    }
    // As in the reference, what comes by HTTP is one file of the name `context`, and no archive is unpacked.
    let project = Project::new(
        "FROM scratch\nCOPY --from=repository dir/file /git\nCOPY --from=download context /http\n",
    );
    project.outside("source/dir/file", "x");
    let folder = project.outside("source/other", "").parent().expect("it has a folder").to_owned();
    let (git, http) = (server::git(&folder), server::http(&[("/file.txt", b"from the net")]));
    project
        .arg(&format!("--build-context=repository={}#main", git.url))
        .arg(&format!("--build-context=download=http://{}/file.txt", http.address))
        .build()
        .text("/git", "x")
        .text("/http", "from the net");
}

#[test]
fn the_host_name_is_chosen() {
    Project::new(&format!("FROM busybox\nRUN echo {}; hostname >/name\n", nonce()))
        .arg("--network=none")
        .arg("--build-arg=BUILDKIT_SANDBOX_HOSTNAME=chosen")
        .build()
        .text("/name", "chosen\n");
}

#[test]
fn an_image_is_pulled_anew_on_request() {
    if engine().frontend.is_empty() {
        return;
    }
    let registry = engine().frontend.split('/').next().expect("a registry");
    let name = format!("{registry}/pulled:{}", nonce());
    let push = |text: &str| {
        let built = Project::new("FROM scratch\nCOPY a /a\n").file("a", text).builtin(true).build();
        engine().run(["tag", &built.id, &name]);
        engine().run(["push", "--quiet", &name]);
        built.id
    };
    let (first, second) = (push("first"), push("second"));
    engine().run(["tag", &first, &name]);
    let project = Project::new(&format!("FROM {name}\nENV A=1\n"));
    if !engine().has_containerd_store {
        // With containerd's store, what the registry has always counts.
        project.build().text("/a", "first");
    }
    project.arg("--pull").build().text("/a", "second");
    engine().run(["rmi", &name]);
    assert_ne!(first, second);
}

#[test]
fn another_frontend_is_asked_for_by_an_argument() {
    if engine().frontend.is_empty() {
        return;
    }
    // The engine's own frontend is given a file that names none, and hands over to ours.
    let project = Project::new("FROM scratch\nCOPY a /a\n").file("a", "x").builtin(true);
    let frontend = &engine().frontend;
    let built = project.arg(&format!("--build-arg=BUILDKIT_SYNTAX={frontend}")).build();
    built.text("/a", "x");
    if has_buildx() {
        built.printed(&format!("docker-image://{frontend}"));
    }
}

#[test]
fn the_answers_of_calls_are_json_too() {
    if engine().version < 28 {
        return;
    }
    let ask = |call: &str| {
        let project = Project::new("# one what it is\nFROM busybox AS one\nARG A=1\nFROM scratch AS Two\n");
        let text = project.arg(&format!("--call={call},format=json"));
        let text = if call == "check" { text.fail().log } else { text.ask() };
        let start = text.find('{').unwrap_or_else(|| panic!("no JSON: {text}"));
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<serde_json::Value>();
        values.next().expect("a value").unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let targets = ask("targets");
    assert_eq!(targets["targets"][0]["description"], "what it is", "{targets:#}");
    assert_eq!(targets["targets"][1]["default"], true, "{targets:#}");
    let outline = ask("outline");
    assert_eq!(outline["name"], "two", "{outline:#}");
    let checked = ask("check");
    assert_eq!(checked["warnings"][0]["ruleName"], "StageNameCasing", "{checked:#}");
}
