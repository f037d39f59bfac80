//! Bad input fails before anything runs, and the error points at its place in the Dockerfile.

use crate::harness::{Project, engine};

/// The build fails, points at `line` and says `text`.
#[track_caller]
fn check(dockerfile: &str, line: &str, text: &str) {
    Project::new(dockerfile).file("f", "x").fail().says(text).points_at(line);
}

#[test]
fn a_flag_that_does_not_exist() {
    check("FROM busybox\nCOPY --form=x f /\n", "COPY --form=x f /", "unknown flag: --form");
}

#[test]
fn an_instruction_that_does_not_exist() {
    check("FROM busybox\nRNU true\n", "RNU true", "unknown instruction: RNU");
}

#[test]
fn a_stage_that_does_not_exist() {
    // As in the reference, a bad index has no place.
    Project::new("FROM busybox\nRUN true\nCOPY --from=5 /f /\n").fail().says("invalid stage index 5");
}

#[test]
fn a_base_that_is_empty() {
    check(
        "FROM busybox\nFROM ${NOTHING}\nRUN true\n",
        "FROM ${NOTHING}",
        "base name (${NOTHING}) should not be blank",
    );
}

#[test]
fn two_stages_that_need_each_other() {
    let failed =
        Project::new("FROM busybox AS a\nCOPY --from=b /f /\nFROM busybox AS b\nCOPY --from=a /f /\n").fail();
    failed.says("circular dependency");
}

#[test]
fn a_command_that_fails() {
    check(
        "FROM busybox\nRUN echo before\nRUN echo $((40 + 2)); exit 7\n",
        "RUN echo $((40 + 2)); exit 7",
        "exit code: 7",
    );
}

#[test]
fn a_file_that_is_not_there() {
    check("FROM busybox\nCOPY f /\nCOPY missing /\n", "COPY missing /", "missing");
}

#[test]
fn a_target_that_does_not_exist() {
    Project::new("FROM busybox AS one\n")
        .arg("--target=two")
        .fail()
        .says("target stage \"two\" could not be found");
}

#[test]
fn a_dockerfile_without_stages() {
    Project::new("# nothing\n").fail().says("file with no instructions");
}

#[test]
fn what_the_engine_is_too_old_for() {
    if engine().version >= 28 || engine().frontend.is_empty() {
        return;
    }
    // The line of the syntax directive, which the harness puts above, counts.
    Project::new("FROM busybox\nRUN --device=vendor.example/class=one,required true\n")
        .fail()
        .says("RUN --device (Dockerfile, line 3) needs BuildKit 0.20 or newer");
    if engine().version >= 23 {
        return;
    }
    Project::new("FROM busybox\nRUN --mount=type=tmpfs,target=/t,size=1m true\n")
        .fail()
        .says("a tmpfs mount with a size (Dockerfile, line 3) needs BuildKit 0.10 or newer");
}

#[test]
fn what_the_engine_would_skip_is_refused_where_warnings_are_errors() {
    if engine().version >= 28 || engine().frontend.is_empty() {
        return;
    }
    let check = |copy: &str, words: &str| {
        Project::new(&format!("# check=error=true\nFROM scratch\n{copy} a /\n"))
            .file("a", "x")
            .fail()
            .says(words);
    };
    check(
        "COPY --chmod=u+x",
        "a copy with a symbolic --chmod (Dockerfile, line 4) needs BuildKit 0.17 or newer",
    );
    if engine().version >= 23 {
        return;
    }
    check(
        "COPY --exclude=b",
        "a copy with --exclude or --parents (Dockerfile, line 4) needs BuildKit 0.9 or newer",
    );
}
