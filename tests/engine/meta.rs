//! The image's config and history: what the instructions that touch no file leave behind.

use serde_json::json;

use crate::harness::{Project, engine};

#[test]
fn commands_and_entrypoints() {
    let built = Project::new("FROM busybox\nENTRYPOINT [\"echo\", \"-n\"]\nCMD [\"a\", \"b\"]\n").build();
    built.config("/config/Entrypoint", json!(["echo", "-n"])).config("/config/Cmd", json!(["a", "b"]));
    assert_eq!(built.run(&[]), "a b");
    assert_eq!(built.run(&["c"]), "c");
}

#[test]
fn a_command_in_shell_form_runs_in_the_shell() {
    let built = Project::new("FROM busybox\nENV A=1\nCMD echo $A\n").build();
    built.config("/config/Cmd", json!(["/bin/sh", "-c", "echo $A"]));
    assert_eq!(built.run(&[]), "1\n");
}

#[test]
fn an_entrypoint_forgets_the_command_of_the_base() {
    Project::new("FROM busybox\nENTRYPOINT [\"true\"]\n").build().config("/config/Cmd", json!(null));
}

#[test]
fn variables_expand_from_left_to_right() {
    Project::new("FROM busybox\nENV A=1 B=${A:-x}\nENV A=2 B=$A C=${A:+set}\nENV D \"spaced  out\"\n")
        .build()
        .variable("A", "2")
        .variable("B", "1")
        .variable("C", "set")
        .variable("D", "spaced  out");
}

#[test]
fn labels_ports_volumes_and_signals() {
    Project::new(
        "FROM busybox\nLABEL a=1 b=\"two words\"\nLABEL a=3\nEXPOSE 80 443/tcp 53/udp 8000-8002\nVOLUME /data /more\nSTOPSIGNAL SIGINT\n",
    )
    .build()
    .config("/config/Labels/a", json!("3"))
    .config("/config/Labels/b", json!("two words"))
    .config(
        "/config/ExposedPorts",
        json!({"443/tcp": {}, "53/udp": {}, "80/tcp": {}, "8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {}}),
    )
    .config("/config/Volumes", json!({"/data": {}, "/more": {}}))
    .config("/config/StopSignal", json!("SIGINT"));
}

#[test]
fn health_checks() {
    Project::new("FROM busybox\nHEALTHCHECK --interval=1m30s --timeout=2s --start-period=3s --retries=4 CMD wget -q localhost\n")
        .build()
        .config(
            "/config/Healthcheck",
            json!({"Test": ["CMD-SHELL", "wget -q localhost"], "Interval": 90_000_000_000_u64, "Timeout": 2_000_000_000_u64,
                   "StartPeriod": 3_000_000_000_u64, "Retries": 4}),
        );
    Project::new("FROM busybox\nHEALTHCHECK NONE\n")
        .build()
        .config("/config/Healthcheck", json!({"Test": ["NONE"]}));
}

#[test]
fn a_workdir_is_made() {
    Project::new("FROM busybox\nENV DIR=deep\nWORKDIR /a/$DIR\nWORKDIR b\nRUN pwd >file\n")
        .build()
        .folder("/a/deep/b")
        .text("/a/deep/b/file", "/a/deep/b\n")
        .config("/config/WorkingDir", json!("/a/deep/b"));
}

#[test]
fn history_says_what_was_written() {
    let built = Project::new("FROM busybox\nARG A=1\nENV B=2\nRUN echo $A >/a\nCOPY f /f\nCMD [\"sh\"]\n")
        .file("f", "x")
        .build();
    let history = built.image().config["history"].as_array().expect("a list").clone();
    let by: Vec<_> = history.iter().map(|entry| entry["created_by"].as_str().unwrap_or_default()).collect();
    assert_eq!(
        by[by.len() - 5..],
        [
            "ARG A=1",
            "ENV B=2",
            "RUN |1 A=1 /bin/sh -c echo $A >/a # buildkit",
            "COPY f /f # buildkit",
            "CMD [\"sh\"]"
        ]
    );
    let empty: Vec<_> = history.iter().map(|entry| entry["empty_layer"] == true).collect();
    assert_eq!(empty[empty.len() - 5..], [true, true, false, false, true]);
}

#[test]
fn with_a_date_of_its_own_the_image_is_reproducible() {
    if engine().version < 26 {
        return; // the engine learnt it in BuildKit 0.11
    }
    let project = || {
        Project::new("FROM busybox\nARG SOURCE_DATE_EPOCH\nRUN echo $SOURCE_DATE_EPOCH >/date\n")
            .arg("--build-arg=SOURCE_DATE_EPOCH=1600000000")
            .arg("--provenance=false") // with containerd's store it would be part of the image, and says when and how
    };
    let built = project().build();
    built.text("/date", "1600000000\n").config("/created", json!("2020-09-13T12:26:40Z"));
    assert_eq!(built.id, project().arg("--no-cache-filter=none").build().id);
}

/// The engine's own frontend and ours make the same image of the same Dockerfile, byte for byte.
#[track_caller]
fn same_image(dockerfile: &str) {
    if engine().version < 28 {
        return; // their frontends write fewer fields
    }
    let project = Project::new(dockerfile)
        .file("f", "x")
        .file("dir/g", "y")
        .arg("--build-arg=SOURCE_DATE_EPOCH=1600000000")
        .arg("--provenance=false");
    let (project, ours) = project.build_and_keep();
    let theirs = project.builtin(true).build();
    assert_eq!(ours.image().config, theirs.image().config);
    assert_eq!(ours.id, theirs.id);
}

#[test]
fn same_image_as_built_in_of_copies() {
    same_image("FROM busybox\nCOPY f /f\nCOPY --chown=1:2 --chmod=600 dir /dir\nADD f /added\n");
}

#[test]
fn same_image_as_built_in_of_linked_copies() {
    same_image("FROM busybox\nCOPY --link f /f\nCOPY --link --from=busybox /etc/passwd /p\n");
}

#[test]
fn same_image_as_built_in_of_commands() {
    same_image("FROM busybox\nARG A=1\nENV B=2\nRUN echo $A $B >/f\nRUN [\"touch\", \"/g\"]\n");
}

#[test]
fn same_image_as_built_in_of_heredocs() {
    same_image("FROM busybox\nRUN <<EOT\necho a\necho b\nEOT\nCOPY <<a <<b /\n1\na\n2\nb\n");
}

#[test]
fn same_image_as_built_in_of_metadata() {
    same_image(
        "FROM busybox\nLABEL a=<b> c='d & e'\nENV F=\"g \\\"h\\\"\"\nEXPOSE 80 53/udp\nVOLUME [\"/v\"]\nUSER 1:2\nWORKDIR /w\n\
         STOPSIGNAL 9\nSHELL [\"/bin/sh\", \"-c\"]\nENTRYPOINT [\"a\"]\nCMD b c\n\
         MAINTAINER someone\nONBUILD RUN true\n",
    );
}

#[test]
fn same_image_as_built_in_of_stages() {
    same_image("FROM busybox AS a\nRUN echo 1 >/1\nFROM a AS b\nENV X=1\nFROM scratch\nCOPY --from=b /1 /\n");
}

#[test]
fn same_image_as_built_in_of_triggers() {
    same_image("FROM busybox AS a\nONBUILD ENV X=1\nONBUILD COPY f /f\nFROM a\nRUN cat /f\n");
}

#[test]
fn same_image_as_built_in_of_mounts() {
    same_image(
        "FROM busybox\nRUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/t --mount=target=/ctx cat /ctx/f >/f\n",
    );
}

#[test]
fn same_image_as_built_in_of_scratch() {
    same_image("FROM scratch\nCOPY f /\n");
}

#[test]
fn same_image_as_built_in_of_nothing() {
    same_image("FROM busybox\n");
}
