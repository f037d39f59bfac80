//! Golden pictures: each folder of `cases` is a Dockerfile and what is drawn of it.
//!
//! SVG and HTML are looked at by people, and by the browser test; both are left in the temporary folder of the target.

#![cfg(feature = "cli")]

use multistage::image::{Config, Platform};
use multistage::internal::draw::{dot, html, json, mermaid, of_ops, of_stages, svg, text};
use multistage::internal::explain::{ChangedPath, Fate, Ops, Reason, changed, diff, overview};
use multistage::internal::options::Options;
use multistage::internal::pipeline::{Build, Built, Scope, Source};
use multistage::internal::plan::{Answer, AskError, Entry, Question, Step};
use multistage::internal::text::SourceMap;
use multistage::llb::{MarshalOptions, SourceText};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

struct Case {
    built: Built,
    ops: Ops,
    sources: SourceMap,
}

fn answer(question: &Question, file: &[u8]) -> Answer {
    match question {
        Question::Inputs => Answer::Inputs(BTreeMap::new()),
        Question::ImageConfig(question) => {
            let mut config = Config::empty(&Platform::new("linux", "amd64"));
            config.rootfs.diff_ids = Some(vec![format!("sha256:{}", "0".repeat(64))]);
            let (reference, digest) = (question.reference.clone(), String::new());
            Answer::ImageConfig { reference, digest, config: config.to_json() }
        }
        Question::Files(question) => {
            let missing = AskError { code: 5, message: "no such file".to_owned(), ..AskError::default() };
            let read =
                |path: &str| if path == "Dockerfile" { Ok(file.to_vec()) } else { Err(missing.clone()) };
            Answer::Files(question.files.iter().map(|file| read(&file.path)).collect())
        }
        Question::SourceMeta(_) => panic!("no case asks for sources"),
    }
}

fn build(file: &[u8], given: &[(&str, &str)]) -> Case {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let host = Platform::new("linux", "amd64");
    let options =
        Arc::new(Options::from_map(&given, &[vec![host.clone()]], &host).expect("the options are fine"));
    let mut entry = Entry::new(Arc::clone(&options));
    let project = loop {
        match entry.step().expect("the Dockerfile is found") {
            Step::Done(project) => break project,
            Step::Ask(questions) => questions.into_iter().for_each(|question| {
                let answer = answer(&question, file);
                entry.tell(question, answer);
            }),
        }
    };
    let sources = project.sources.clone();
    let source = Source::read(project, options).expect("the Dockerfile can be read");
    let mut build = Build::new(&source, None, Scope::Target, false);
    let built = loop {
        match build.step() {
            Step::Done(outcome) => break outcome.built.expect("the build is fine"),
            Step::Ask(questions) => questions.into_iter().for_each(|question| {
                let answer = answer(&question, file);
                build.tell(question, answer);
            }),
        }
    };
    let options = MarshalOptions {
        source: Some(SourceText { map: &sources, language: "Dockerfile", definition: None }),
        ..MarshalOptions::new(&host)
    };
    let definition =
        built.converted.graph.marshal(built.converted.root, &options).expect("the graph is fine");
    definition.verify().expect("the definition is canonical");
    Case { built, ops: Ops::of(&definition), sources }
}

#[test]
fn pictures() {
    insta::glob!("cases/*/Dockerfile", |path| {
        let name = path.parent().and_then(Path::file_name).expect("a case is a folder").to_string_lossy();
        let file = std::fs::read(path).expect("the case can be read");
        let Case { built, ops, sources } = build(&file, &[]);
        let stages = of_stages(&built.plan, &ops, &sources);
        let of_ops = of_ops(&ops, &sources);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(path.parent().expect("a case is a folder"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.remove_input_file();
        settings.set_snapshot_suffix("");
        settings.bind(|| {
            insta::assert_snapshot!("text", text(&stages, None));
            insta::assert_snapshot!("ops", text(&of_ops, None));
            insta::assert_snapshot!("dot", dot(&stages));
            insta::assert_snapshot!("mermaid", mermaid(&stages));
            insta::assert_snapshot!("json", serde_json::to_string_pretty(&json(&stages)).unwrap());
            graphviz(&dot(&stages));
            graphviz(&dot(&of_ops));
            insta::assert_snapshot!("overview", format!("{:#?}", overview(&built.plan, &ops, &sources)));
        });
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        for (kind, picture) in [("stages", &stages), ("ops", &of_ops)] {
            let (svg, html) = (svg(picture), html(picture));
            assert!(!svg.contains("NaN") && !html.contains("{{"));
            std::fs::write(folder.join(format!("{name}-{kind}.svg")), svg).unwrap();
            std::fs::write(folder.join(format!("{name}-{kind}.html")), html).unwrap();
        }
    });
}

#[test]
fn stages_alike_stand_side_by_side_in_a_frame() {
    let drawn = |count: usize| {
        let mut file = "FROM alpine AS base\n".to_owned();
        (0..count).for_each(|at| file += &format!("FROM base AS s{at}\nRUN make {at}\n"));
        file += "FROM base\n";
        (0..count).for_each(|at| file += &format!("COPY --from=s{at} /out/{at} /{at}\n"));
        let Case { built, ops, sources } = build(file.as_bytes(), &[]);
        svg(&of_stages(&built.plan, &ops, &sources))
    };
    let crowd = drawn(12);
    assert_eq!(crowd.matches("class=\"frame\"").count(), 1);
    assert!(crowd.contains("12 stages side by side"), "{crowd}");
    assert!(!crowd.contains("NaN"));
    for at in 0..12 {
        assert!(crowd.contains(&format!("/out/{at} → /{at} ▸")), "{crowd}");
    }
    assert!(!drawn(3).contains("class=\"frame\""));
}

/// Names and paths that mean something to the languages of pictures.
const ODD: &str = r#"
FROM a AS end
LABEL "x&y"="<b>\"quoted\"</b>" z='日本語' j='\' k="{|}"
RUN echo "<script>alert(1)</script> & | ` # ; \\ %% }}" 'subgraph -->|"x"| [(' {{DATA}}
FROM end AS class
COPY --from=end ["/a file", "/ünï\\n\\cödé", "/\"dest\" dir/"]
FROM class AS graph
RUN --mount=from=class,target=/style y
FROM graph AS subgraph.click-0
COPY --from=class [";a|b#quot;", "--> /"]
FROM subgraph.click-0 AS node
COPY --from=end . "\N\G\L"
"#;

#[test]
fn odd_names() {
    let Case { built, ops, sources } = build(ODD.as_bytes(), &[]);
    let stages = of_stages(&built.plan, &ops, &sources);
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "odd" }, {
        insta::assert_snapshot!("dot", dot(&stages));
        insta::assert_snapshot!("mermaid", mermaid(&stages));
        insta::assert_snapshot!("text", text(&stages, None));
    });
    graphviz(&dot(&stages));
    graphviz(&dot(&of_ops(&ops, &sources)));
    let page = html(&stages);
    assert_eq!(page.matches("<script").count(), 2, "the page's own");
}

/// Lets Graphviz read a graph. Where it is not installed nothing is checked, and that is said.
#[track_caller]
fn graphviz(graph: &str) {
    let mut child = Command::new("dot");
    child.arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match child.spawn() {
        Ok(child) => child,
        Err(_) => {
            let _ = writeln!(io::stderr(), "skipped: there is no Graphviz to read what is drawn for it");
            return;
        }
    };
    child.stdin.take().expect("stdin is a pipe").write_all(graph.as_bytes()).expect("it reads all");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    // What it says of fonts is about the machine.
    let said: Vec<&str> = said.lines().filter(|line| line.contains("rror")).collect();
    assert!(output.status.success() && said.is_empty(), "{said:?}\n{graph}");
    let picture = String::from_utf8_lossy(&output.stdout);
    let boxes = graph
        .lines()
        .filter(|line| line.starts_with("  n") && line.contains("[label") && !line.contains(" -> "));
    assert_eq!(picture.matches("class=\"node\"").count(), boxes.count(), "{graph}");
}

#[test]
fn a_tree_fits_a_narrow_terminal() {
    let file = "FROM alpine AS a-stage-with-a-long-name\nFROM alpine\nCOPY --from=a-stage-with-a-long-name /one /two\n";
    let Case { built, ops, sources } = build(file.as_bytes(), &[]);
    let picture = of_stages(&built.plan, &ops, &sources);
    let (wide, narrow) = (text(&picture, None), text(&picture, Some(24)));
    assert_eq!(wide.lines().count(), narrow.lines().count());
    assert!(wide.lines().any(|line| line.chars().count() > 24));
    assert!(narrow.lines().all(|line| line.chars().count() <= 24), "{narrow}");
    assert!(narrow.contains("└─ copies (/one → /two)…"), "{narrow}");
}

/// Checks which instructions run again if a file changes: by line, `+` runs again, `?` may, `-` stays cached.
#[track_caller]
fn check_changed(dockerfile: &str, file: &str, expected: &str) {
    let case = build(dockerfile.as_bytes(), &[]);
    let fates = changed(&case.ops, &[ChangedPath::file("context", file)]);
    let marks = fates.iter().zip(&case.ops.list).filter_map(|((fate, _), op)| {
        let mark = match fate {
            Fate::Cached => '-',
            Fate::MayRerun => '?',
            Fate::Reruns => '+',
        };
        op.lines.map(|(line, _)| (line, format!("{line}{mark}")))
    });
    let mut marks: Vec<(u32, String)> = marks.collect();
    marks.sort();
    let marks: Vec<String> = marks.into_iter().map(|(_, mark)| mark).collect();
    assert_eq!(marks.join(" "), expected);
}

#[test]
fn changed_files() {
    let two = "FROM a AS b\nCOPY go.mod /\nRUN x\nCOPY src /src\nRUN y\nFROM c\nCOPY --from=b /o /o\nRUN z";
    check_changed(two, "go.mod", "1- 2+ 3+ 4+ 5+ 6- 7? 8?");
    check_changed(two, "src/main.go", "1- 2- 3- 4+ 5+ 6- 7? 8?");
    check_changed(two, "README.md", "1- 2- 3- 4- 5- 6- 7- 8-");
    // A layer of its own does not stand on the stage.
    check_changed("FROM a\nCOPY x /\nCOPY --link y /\n", "x", "1- 2+ 3+ 3-");
    check_changed("FROM a\nCOPY *.go /\nRUN x", "a.go", "1- 2+ 3+");
    check_changed("FROM a\nCOPY *.go /\nRUN x", "a.md", "1- 2- 3-");
    check_changed("FROM a\nRUN --mount=target=/m,source=lib x", "lib/a", "1- 2+");
    check_changed("FROM a\nRUN --mount=target=/m,source=lib x", "bin/a", "1- 2-");
    // What a mount sees of a stage is known by its content.
    check_changed(
        "FROM a AS b\nCOPY x /\nFROM c\nRUN --mount=from=b,target=/m y\nRUN z",
        "x",
        "1- 2+ 3- 4? 5?",
    );
    check_changed("FROM a\nCOPY --exclude=*.md . /\nRUN x", "a.md", "1- 2- 3-");
}

/// Checks what begins a chain of changes: the line, the reason, and how many steps stand on it.
#[track_caller]
fn check_diff(a: (&str, &[(&str, &str)]), b: (&str, &[(&str, &str)]), expected: &[&str]) {
    let (a, b) = (build(a.0.as_bytes(), a.1), build(b.0.as_bytes(), b.1));
    let diff = diff(&a.ops, &b.ops);
    let first = diff.changes.iter().filter(|change| change.is_first);
    let first = first.map(|change| {
        let why = match &change.reason {
            Reason::Added => "new".to_owned(),
            Reason::Moved(words) => format!("moved {}", words.join("; ")),
            Reason::Edited(words) => words.join("; "),
            Reason::Follows(_) => "follows".to_owned(),
        };
        let line = b.ops.list[change.op].lines.map_or(0, |(line, _)| line);
        format!("{line}: {why}, then {}", change.follower_count)
    });
    let mut found: Vec<String> = first.collect();
    found.extend(diff.removed.iter().map(|&at| format!("gone: {}", a.ops.list[at].name)));
    assert_eq!(found, expected);
}

#[test]
fn differences() {
    let file = "FROM a\nARG V=1\nRUN x\nRUN y\nCOPY f /";
    check_diff((file, &[]), (file, &[]), &[]);
    check_diff((file, &[]), (file, &[("build-arg:V", "2")]), &["3: $V: 1 → 2, then 2"]);
    let edited = file.replace("RUN y", "RUN z");
    check_diff((file, &[]), (&edited, &[]), &["4: command: /bin/sh -c y → /bin/sh -c z, then 1"]);
    let shorter = file.replace("RUN x\n", "");
    check_diff(
        (file, &[]),
        (&shorter, &[]),
        &[
            "3: moved on [1/3] FROM docker.io/library/a:latest, no longer on [2/4] RUN x, then 1",
            "gone: [2/4] RUN x",
        ],
    );
    let longer = file.replace("RUN x", "RUN w\nRUN x");
    check_diff((file, &[]), (&longer, &[]), &["3: new, then 3"]);
    check_diff(("FROM a:1\nRUN x", &[]), ("FROM a:2\nRUN x", &[]), &["1: source: …/a:1 → …/a:2, then 1"]);
}
