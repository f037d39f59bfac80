//! The formats for machines: each is held against its published schema, or read as its readers read it.

use super::schema::close;
use super::{cases, folder, json, put, run, run_in};
use serde_json::{Value, json};
use std::path::Path;

/// Names that an address or a command has to escape.
const ODD: [&str; 3] = ["50%, a:b.Dockerfile", "ü #1.Dockerfile", "a b/Dockerfile"];

/// A folder with all cases, and with files of odd names.
fn all(name: &str) -> std::path::PathBuf {
    let folder = folder(name);
    for entry in std::fs::read_dir(cases()).expect("the cases are readable") {
        let path = entry.expect("the cases are readable").path();
        if path.extension().is_some_and(|it| it == "Dockerfile") {
            let name = path.file_name().expect("a file has a name");
            std::fs::copy(&path, folder.join(name)).expect("a file can be copied");
        }
    }
    let text =
        "FROM scratch AS Ä\r\nCOPY --frm=x y\t%z\nEXPOSE 80/TCP\nENV a b \\\n c\n# check=skip=no\nRUN é$x\n";
    put(&folder, &ODD.map(|name| (name, text)));
    put(&folder, &[("empty.Dockerfile", ""), ("clean.Dockerfile", "FROM scratch\nCOPY a b\n")]);
    folder
}

/// Returns what a schema finds wrong with a value; nothing if all is well.
fn wrong(schema: &Path, value: &Value, is_closed: bool) -> Option<String> {
    let text = std::fs::read_to_string(schema).expect("the schema is there");
    let mut rules: Value = serde_json::from_str(&text).expect("the schema is JSON");
    if is_closed {
        close(&mut rules);
    }
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.enable_format_assertions();
    compiler.enable_content_assertions();
    compiler.add_resource("schema.json", rules).expect("a name");
    let index = compiler.compile("schema.json", &mut schemas).expect("the schema is right");
    schemas.validate(value, index).err().map(|error| format!("{error:#}"))
}

fn in_repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn sarif_is_what_its_schema_asks_for() {
    let schema = in_repository("tests/schemas/sarif-2.1.0.json");
    let folder = all("sarif-schema");
    for args in [&["--all", "."][..], &["clean.Dockerfile"], &["--error", "all", "."]] {
        let log = json(&run_in(&folder, &[&["check", "--format", "sarif"], args].concat(), ""));
        assert_eq!(wrong(&schema, &log, false), None);
    }
    let log = json(&run(&["check", "--format", "sarif", "-"], "FROM a AS B\n"));
    assert_eq!(wrong(&schema, &log, false), None);
    // The schema does see mistakes.
    for (place, value) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/results/0/level", json!("bad")),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("a b")),
        ("/runs/0/tool/driver/rules/0/id", Value::Null),
    ] {
        let mut log = log.clone();
        *log.pointer_mut(place).expect("the place is there") = value;
        assert!(wrong(&schema, &log, false).is_some(), "{place}");
    }
}

/// What the schema cannot say: that indexes, places and fixes lead to what is there.
#[test]
fn sarif_points_at_what_is_there() {
    let folder = all("sarif-places");
    let log = json(&run_in(&folder, &["check", "--all", "--format", "sarif", "."], ""));
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert!(results.len() > 20);
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let places = [&result["locations"], &result["relatedLocations"]];
        for place in places.iter().flat_map(|list| list.as_array().into_iter().flatten()) {
            let place = &place["physicalLocation"];
            let text = read(&folder, place["artifactLocation"]["uri"].as_str().expect("an address"));
            region(&text, &place["region"]);
        }
        for fix in result["fixes"].as_array().into_iter().flatten() {
            let change = &fix["artifactChanges"][0];
            let text = read(&folder, change["artifactLocation"]["uri"].as_str().expect("an address"));
            for replacement in change["replacements"].as_array().expect("replacements") {
                region(&text, &replacement["deletedRegion"]);
            }
        }
    }
}

/// Reads the file of an address.
fn read(folder: &Path, uri: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = uri.bytes();
    while let Some(b) = rest.next() {
        bytes.push(match b {
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = std::str::from_utf8(&digits).expect("digits");
                u8::from_str_radix(digits, 16).expect("digits")
            }
            b => b,
        });
    }
    let name = String::from_utf8(bytes).expect("a name of UTF-8");
    std::fs::read_to_string(folder.join(&name)).expect("the address is that of a file")
}

/// Makes sure that a place lies in a text.
#[track_caller]
fn region(text: &str, region: &Value) {
    let number = |key: &str| region[key].as_u64().expect("a number") as usize;
    let lines: Vec<&str> = text.split('\n').collect();
    for (line, column) in
        [(number("startLine"), number("startColumn")), (number("endLine"), number("endColumn"))]
    {
        assert!(line <= lines.len() && column <= lines[line - 1].chars().count() + 1, "{region}");
    }
    let start = (number("startLine"), number("startColumn"));
    assert!(start <= (number("endLine"), number("endColumn")), "{region}");
}

#[test]
fn json_is_the_lint_result_of_buildkit() {
    let schema = in_repository("docs/check.schema.json");
    let folder = all("json-schema");
    for args in [&["--all", "."][..], &["clean.Dockerfile"], &["empty.Dockerfile"]] {
        let result = json(&run_in(&folder, &[&["check", "--format", "json"], args].concat(), ""));
        assert_eq!(wrong(&schema, &result, true), None, "{args:?}");
    }
    let ran = run(&["check", "--format", "json", "lint.Dockerfile", "typo.Dockerfile"], "");
    let result = json(&ran);
    assert_eq!(result["warnings"][0]["location"]["ranges"][0]["start"]["line"], 1);
    assert_eq!(result["sources"][0]["filename"], "lint.Dockerfile");
    assert_eq!(result["buildError"]["location"]["sourceIndex"], 1);
    let message = result["buildError"]["message"].as_str().expect("a message");
    assert!(message.starts_with("dockerfile parse error on line 2"), "{message}");
    let mut wrong_one = result.clone();
    wrong_one["warnings"][0]["location"]["ranges"][0]["start"]["line"] = json!(0);
    assert!(wrong(&schema, &wrong_one, true).is_some());
}

/// A workflow command.
struct Command {
    name: String,
    properties: Vec<(String, String)>,
    message: String,
}

/// Reads workflow commands as the runner of GitHub Actions does: `::name key=value,…::text`, in which `%25`, `%0D` and
/// `%0A` are escapes, and in values also `%3A` and `%2C`.
fn commands(text: &str) -> Vec<Command> {
    let data = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
    let property = |text: &str| data(&text.replace("%3A", ":").replace("%2C", ","));
    let command = |line: &str| {
        let (head, message) = line.strip_prefix("::").expect("a command").split_once("::").expect("its end");
        let (name, properties) = head.split_once(' ').expect("properties");
        let properties = properties.split(',').map(|pair| {
            let (key, value) = pair.split_once('=').expect("a value");
            (key.to_owned(), property(value))
        });
        Command { name: name.to_owned(), properties: properties.collect(), message: data(message) }
    };
    text.lines().map(command).collect()
}

#[test]
fn annotations_of_github() {
    let ran = run(&["check", "--format", "github", "stage.Dockerfile"], "");
    let expected = "::warning file=stage.Dockerfile,line=5,endLine=5,col=13,endColumn=20,title=misspelled-stage::no stage is called `biulder`";
    assert!(ran.out.starts_with(expected), "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 1);
}

/// They say the same as SARIF does.
#[test]
fn annotations_can_be_read_back() {
    let folder = all("annotations");
    let read = commands(&run_in(&folder, &["check", "--all", "--format", "github", "."], "").out);
    let log = json(&run_in(&folder, &["check", "--all", "--format", "sarif", "."], ""));
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert_eq!(read.len(), results.len());
    for (Command { name, properties, message }, result) in read.iter().zip(results) {
        let get = |key: &str| properties.iter().find(|(it, _)| it == key).map(|(_, value)| value.as_str());
        assert_eq!(name.as_str(), result["level"]);
        assert_eq!(get("title"), result["ruleId"].as_str());
        let place = &result["locations"][0]["physicalLocation"];
        let region = |key: &str| place["region"][key].to_string();
        assert_eq!(get("line"), Some(region("startLine").as_str()));
        assert_eq!(get("endLine"), Some(region("endLine").as_str()));
        if let Some(column) = get("col") {
            assert_eq!((column, get("endColumn")), (&*region("startColumn"), Some(&*region("endColumn"))));
        }
        let first = |text: &str| text.lines().next().map(str::to_owned);
        assert_eq!(first(message), first(result["message"]["text"].as_str().expect("a text")));
    }
    let of_file =
        |command: &Command| command.properties.iter().find(|(key, _)| key == "file").map(|it| it.1.clone());
    let files: Vec<String> = read.iter().filter_map(of_file).collect();
    for name in ODD {
        assert!(files.iter().any(|file| file == name), "{name}");
    }
}
