//! The folders in `examples/`: they build, their images are small, and their servers answer.

use std::net::TcpListener;

use crate::harness::{Built, Project, engine, http_get};

/// Runs a server's image until it has answered once.
#[track_caller]
fn greeting(built: &Built) -> String {
    let port = TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let address = format!("ADDRESS=127.0.0.1:{port}");
    let container = engine().run(["run", "-d", "--network", "host", "-e", &address, &built.id]);
    let answer = std::panic::catch_unwind(|| http_get(port));
    engine().run(["rm", "-f", &container]);
    answer.expect("the server answers")
}

fn size(image: &str) -> u64 {
    engine().run(["image", "inspect", "--format", "{{.Size}}", image]).parse().expect("a number")
}

#[test]
fn go_server_in_two_stages_leaves_the_compiler_behind() {
    let two_stages = Project::of_folder("examples/go-hello").build();
    let one_stage = Project::of_folder("examples/go-single-stage").build();
    assert_eq!(greeting(&two_stages), "Hello from Go, built in one stage and run in another\n");
    assert_eq!(greeting(&one_stage), "Hello from Go, built and run in the same stage\n");
    assert!(size(&two_stages.id) * 10 < size(&one_stage.id));
    two_stages.mode("/usr/local/bin/hello", 0o755).lacks("/src").lacks("/usr/local/go");
    let stages = two_stages.stages();
    assert!(!stages.contains("unused"), "{stages:?}");
    assert!(stages.contains("builder") && stages.contains("runtime"), "{stages:?}");
}

#[test]
fn java_server_runs_without_the_jdk() {
    let built = Project::of_folder("examples/java-hello").build();
    assert_eq!(greeting(&built), "Hello from Java, built with a JDK and run with a JRE\n");
    assert!(size(&built.id) < size("eclipse-temurin:21-jdk"));
    built.lacks("/src").lacks("/classes").lacks("/usr/bin/javac");
    assert!(!built.stages().contains("unused"));
}
