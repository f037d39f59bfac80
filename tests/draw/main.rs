//! Golden pictures: each folder of `cases` is a Dockerfile and what is drawn of it.
//!
//! SVG and HTML are looked at by people, and by the browser test; both are left in the temporary folder of the target.

#![cfg(feature = "cli")]

use multistage::draw::{dot, html, json, mermaid, of_ops, of_stages, svg, text};
use multistage::explain::{Ops, overview};
use multistage::image::{Config, Platform};
use multistage::llb::{MarshalOptions, SourceText};
use multistage::options::Options;
use multistage::pipeline::{Build, Built, Scope, Source};
use multistage::plan::{Answer, AskError, Entry, Question, Step};
use multistage::text::SourceMap;
use std::collections::BTreeMap;
use std::path::Path;
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
            let missing = AskError { code: 5, message: "no such file".to_owned(), details: Vec::new() };
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
            insta::assert_snapshot!("text", text(&stages));
            insta::assert_snapshot!("ops", text(&of_ops));
            insta::assert_snapshot!("dot", dot(&stages));
            insta::assert_snapshot!("mermaid", mermaid(&stages));
            insta::assert_snapshot!("json", serde_json::to_string_pretty(&json(&stages)).unwrap());
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
