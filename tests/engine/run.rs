//! RUN: shells, mounts, secrets, users and networks.

use serde_json::json;

use crate::harness::{Project, engine, nonce};

#[test]
fn shell_and_exec_form() {
    Project::new(
        "FROM busybox\nENV A=1\nRUN echo \"$A\" >/shell\nRUN [\"touch\", \"/$A\"]\nSHELL [\"/bin/sh\", \"-ec\"]\nRUN false || echo $0 >/other\n",
    )
    .build()
    .text("/shell", "1\n")
    .text("/$A", "")
    .text("/other", "/bin/sh\n")
    .config("/config/Shell", json!(["/bin/sh", "-ec"]));
}

#[test]
fn heredocs_are_scripts() {
    Project::new(
        "FROM busybox\nRUN <<EOT\nset -e\necho one >/one\necho two >/two\nEOT\n\
         RUN <<EOT sh -c 'cat >/piped'\npiped\nEOT\nRUN <<EOT\n#!/bin/sh -u\necho $0 | grep -c dev >/shebang || true\nEOT\n",
    )
    .build()
    .text("/one", "one\n")
    .text("/two", "two\n")
    .text("/piped", "piped\n");
}

#[test]
fn continued_lines_with_comments_between() {
    Project::new("FROM busybox\nRUN echo a \\\n  # a comment\n\n  b \\\n  c >/file\n")
        .build()
        .text("/file", "a b c\n");
}

#[test]
fn the_escape_character_can_be_changed() {
    // The harness puts the syntax line first; directives stand together.
    Project::new("# escape=`\nFROM busybox\nRUN echo a `\n  'b\\d' >/file\n")
        .build()
        .text("/file", "a b\\d\n");
}

#[test]
fn bind_mounts_show_the_context_and_stages() {
    Project::new(
        "FROM busybox AS one\nRUN echo from-one >/one\n\
         FROM busybox\nRUN --mount=type=bind,target=/ctx cp /ctx/a /a\n\
         RUN --mount=from=one,source=/one,target=/mnt cp /mnt /one\n\
         RUN --mount=target=/ctx,rw touch /ctx/new && cp /ctx/new /new\n",
    )
    .file("a", "x")
    .build()
    .text("/a", "x")
    .text("/one", "from-one\n")
    .text("/new", "")
    .lacks("/ctx/a");
}

#[test]
fn tmpfs_mounts_vanish() {
    Project::new("FROM busybox\nRUN --mount=type=tmpfs,target=/t grep ' /t tmpfs ' /proc/mounts >/seen && touch /t/file\n")
        .build()
        .lacks("/t/file")
        .mode("/seen", 0o644);
}

#[test]
fn secrets_leave_no_trace() {
    let secret = format!("hidden-{}", nonce());
    let project = Project::new(
        "FROM busybox\nRUN --mount=type=secret,id=key sha256sum </run/secrets/key >/sum\n\
         RUN --mount=type=secret,id=key,target=/k,mode=0440,uid=7,gid=8 stat -c '%a %u %g' /k >/stat\n\
         RUN --mount=type=secret,id=none,target=/none test ! -e /none\n",
    );
    project.outside("key", &secret);
    let built = project.arg("--secret=id=key,src={}/key").build();
    built.text("/stat", "440 7 8\n").mode("/sum", 0o644).never_says(&secret).lacks("/run/secrets/key");
}

#[test]
fn a_secret_may_be_a_variable() {
    if engine().version < 26 {
        return; // the engine learnt it in BuildKit 0.13
    }
    let secret = format!("hidden-{}", nonce());
    let project = Project::new(
        "FROM busybox\nRUN --mount=type=secret,id=key,env=KEY test ${#KEY} -gt 10 && ! test -e /run/secrets/key\n",
    );
    project.outside("key", &secret);
    project.arg("--secret=id=key,src={}/key").build().never_says(&secret);
}

#[test]
fn a_required_secret_must_be_given() {
    Project::new("FROM busybox\nRUN --mount=type=secret,id=key,required cat /run/secrets/key\n")
        .fail()
        .says("secret key")
        .says("not found")
        .points_at("RUN --mount=type=secret,id=key,required cat /run/secrets/key");
}

#[test]
fn the_user_runs_commands_and_is_noted() {
    Project::new("FROM busybox\nRUN echo 'me:x:1234:5678::/:/bin/sh' >>/etc/passwd && chmod 777 /tmp\nUSER me\nRUN id -u >/tmp/id; id -g >>/tmp/id\nUSER 9:10\nRUN id -u >/tmp/id2; id -g >>/tmp/id2\n")
        .build()
        .text("/tmp/id", "1234\n5678\n")
        .text("/tmp/id2", "9\n10\n")
        .owner("/tmp/id", (1234, 5678))
        .config("/config/User", json!("9:10"));
}

#[test]
fn no_network_means_loopback_alone() {
    Project::new("FROM busybox\nRUN --network=none ls /sys/class/net >/none\n").build().text("/none", "lo\n");
}

#[test]
fn arguments_reach_commands_but_not_the_image() {
    let built = Project::new("FROM busybox\nARG A=default\nARG B\nENV B=env\nRUN echo $A $B >/file\n")
        .arg("--build-arg=A=given")
        .arg("--build-arg=B=arg")
        .build();
    built.text("/file", "given env\n").variable("B", "env");
    let variables = &built.image().config["config"]["Env"];
    assert!(!variables.to_string().contains("\"A="), "{variables}");
}

#[test]
fn proxies_reach_commands_but_no_cache_key_and_no_image() {
    let dockerfile = format!("FROM busybox\nRUN echo {}; test -n \"$HTTP_PROXY\" && touch /seen\n", nonce());
    let (project, first) =
        Project::new(&dockerfile).arg("--build-arg=HTTP_PROXY=http://proxy.invalid:1").build_and_keep();
    first.text("/seen", "").never_says("proxy.invalid");
    project
        .arg("--build-arg=HTTP_PROXY=http://other.invalid:2")
        .build()
        .ran_only(&[])
        .never_says("other.invalid");
}

#[test]
fn removed_files_are_gone() {
    Project::new("FROM busybox\nCOPY dir /dir\nRUN rm -r /dir/sub && echo new >/dir/file\n")
        .file("dir/file", "old")
        .file("dir/sub/a", "x")
        .build()
        .text("/dir/file", "new\n")
        .lacks("/dir/sub");
}

#[test]
fn platform_arguments_are_there_for_the_asking() {
    let built = Project::new("FROM --platform=$BUILDPLATFORM busybox\nARG TARGETOS TARGETARCH BUILDPLATFORM\nRUN echo $TARGETOS $TARGETARCH $BUILDPLATFORM >/file\n").build();
    let architecture = built.image().config["architecture"].as_str().expect("a text").to_owned();
    built.text("/file", &format!("linux {architecture} linux/{architecture}\n"));
}
