//! Seeds for the fuzz targets: the kit's cases, the Dockerfiles among our tests and examples, and every text that one of
//! our tests holds.
//!
//! With `SEEDS` in the environment they are written into the folders that it names, one for each target; otherwise there
//! is nothing to do. `MULTISTAGE_KIT` names the folder of the kit.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Texts shorter or longer than this teach a fuzzer nothing.
const LENGTHS: std::ops::Range<usize> = 2..20_000;

struct Seeds {
    folder: PathBuf,
    counts: BTreeMap<&'static str, usize>,
}

impl Seeds {
    fn add(&mut self, target: &'static str, data: &[u8]) {
        if !LENGTHS.contains(&data.len()) {
            return;
        }
        let count = self.counts.entry(target).or_default();
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder).expect("it can be made");
        fs::write(folder.join(format!("seed-{count}")), data).expect("it can be written");
        *count += 1;
    }

    /// Adds a Dockerfile with what belongs to it.
    fn build(&mut self, case: &Case) {
        self.add("parse", &case.dockerfile);
        let mut options = case.options.clone();
        let mut convert = options.clone().into_bytes();
        for part in
            [&case.dockerfile[..], &case.ignore].into_iter().chain(case.answers.iter().map(Vec::as_slice))
        {
            if !convert.is_empty() && !convert.ends_with(b"\n") {
                convert.push(b'\n');
            }
            convert.extend(b"%%\n");
            convert.extend(part);
        }
        self.add("convert", &convert);

        // Ping, Inputs and Solve are answered as usual; then comes the Dockerfile.
        options.push('\n');
        let mut played = options.into_bytes();
        played.extend([0; 9]);
        played.extend(content(&case.dockerfile));
        if !case.ignore.is_empty() {
            played.extend(content(&case.ignore));
        }
        self.add("gateway", &played);
        if !case.ignore.is_empty() {
            let paths = b"\n%%\na\na/b.c\nsrc/main.go\n.git/config\nnode_modules/x/y.js\n";
            self.add("dockerignore", &[&case.ignore[..], paths].concat());
        }
    }

    /// Adds a text of which nobody knows what it is.
    fn text(&mut self, text: &str) {
        if text.contains("FROM ") {
            self.build(&Case { dockerfile: text.as_bytes().to_vec(), ..Case::default() });
        } else {
            self.add("parse", text.as_bytes());
        }
        if text.contains(['$', '\'', '"']) {
            self.add("expand", format!("A=value\nB=\nPATH=/bin\n%%\n{text}").as_bytes());
        }
        if text.len() < 200 {
            self.add("names", text.as_bytes());
            self.add("dockerignore", format!("{text}\n%%\na\na/b\nb/a.txt").as_bytes());
        }
    }
}

/// A record that answers with the content of a file.
fn content(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut record = vec![7];
    record.extend(length.to_le_bytes());
    record.extend(&data[..length.into()]);
    record
}

#[derive(Default)]
struct Case {
    /// One a line.
    options: String,
    dockerfile: Vec<u8>,
    ignore: Vec<u8>,
    answers: Vec<Vec<u8>>,
}

fn read(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

fn json(path: &Path) -> Value {
    read(path).and_then(|data| serde_json::from_slice(&data).ok()).unwrap_or_default()
}

/// Reads a case of the kit.
fn kit_case(folder: &Path, engines: &Path) -> Option<Case> {
    let said = json(&folder.join("case.json"));
    let mut case = Case::default();
    for (name, value) in said["opts"].as_object().into_iter().flatten() {
        writeln!(case.options, "{name}={}", value.as_str()?.replace('\n', " ")).unwrap();
    }
    if let Some(engine) = said["engine"].as_str() {
        let caps = json(&engines.join(format!("{engine}.json")))["llb_caps"].clone();
        let caps: Vec<_> = caps.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        writeln!(case.options, "only={}", caps.join(",")).unwrap();
    }
    let name = said["opts"]["filename"].as_str().unwrap_or("Dockerfile");
    case.dockerfile = read(&folder.join(name))?;
    let ignores =
        [format!("{name}.dockerignore"), ".dockerignore".to_owned(), "context/.dockerignore".to_owned()];
    case.ignore = ignores.iter().find_map(|name| read(&folder.join(name))).unwrap_or_default();
    for (_, image) in said["images"].as_object().into_iter().flatten() {
        case.answers.push(image["image"].to_string().into_bytes());
    }
    Some(case)
}

/// Returns all files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Returns the texts between quotes in a source file, escapes read.
fn texts(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        if c == '\'' {
            // A character, or a lifetime: neither is a text.
            let rest = chars.as_str();
            let skipped = if rest.starts_with('\\') { 3 } else { 2 };
            if rest.chars().nth(skipped - 1) == Some('\'') {
                chars.nth(skipped - 1);
            }
        }
        if c != '"' {
            continue;
        }
        let mut text = String::new();
        while let Some(c) = chars.next().filter(|c| *c != '"') {
            match (c, if c == '\\' { chars.next() } else { None }) {
                (_, Some('n')) => text.push('\n'),
                (_, Some('t')) => text.push('\t'),
                (_, Some('r')) => text.push('\r'),
                (_, Some('0')) => text.push('\0'),
                (_, Some('\n')) => chars = chars.as_str().trim_start().chars(),
                (_, Some(other)) => text.push(other),
                (plain, None) => text.push(plain),
            }
        }
        found.push(text);
    }
    found
}

#[test]
fn seeds() {
    let Some(folder) = std::env::var_os("SEEDS") else { return };
    let mut seeds = Seeds { folder: folder.into(), counts: BTreeMap::new() };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in ["tests", "examples", "src"].iter().flat_map(|name| files(&root.join(name))) {
        let Some(text) = read(&path).and_then(|data| String::from_utf8(data).ok()) else { continue };
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("rs") => texts(&text).iter().for_each(|text| seeds.text(text)),
            Some("Dockerfile") => seeds.text(&text),
            _ if path.ends_with("Dockerfile") => seeds.text(&text),
            _ => {}
        }
    }
    match std::env::var_os("MULTISTAGE_KIT").map(PathBuf::from).filter(|kit| kit.join("cases").is_dir()) {
        None => println!("no kit, so no seeds of it"),
        Some(kit) => {
            for path in files(&kit.join("cases")).iter().filter(|path| path.ends_with("Dockerfile")) {
                let folder = path.parent().expect("it lies in one");
                if let Some(case) = kit_case(folder, &kit.join("engines")) {
                    seeds.build(&case);
                }
            }
        }
    }
    println!("{:?}", seeds.counts);
    assert_eq!(seeds.counts.len(), 6);
}
