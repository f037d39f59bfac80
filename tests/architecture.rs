//! Holds the direction of imports among the rooms of `src/` (docs/architecture.md tells why it is this one).

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, from the ground up. A room imports only from rooms above it in this list.
const ORDER: &[&str] = &[
    "limits",
    "text",
    "pb",
    "suggest",
    "path",
    "ignore",
    "expand",
    "syntax",
    "instruction",
    "image",
    "remote",
    "options",
    "facts",
    "llb",
    "stage",
    "plan",
    "convert",
    "lint",
    "report",
    "explain",
    "draw",
    "pipeline",
    "api",
];

/// Rooms that must stay plain: what they may import is less than what stands above them.
const PLAIN: &[(&str, &[&str])] = &[
    ("image", &["limits", "text", "path"]),
    ("remote", &["text", "path"]),
    ("path", &["text"]),
    ("options", &["text", "image", "suggest", "remote"]),
    ("facts", &["text", "image"]),
    ("llb", &["text", "pb", "image", "path"]),
];

/// The edges see every pure room and not each other.
const EDGES: &[&str] = &["gateway", "cli"];

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for (room, file, text) in sources() {
        for used in used_rooms(&text) {
            if used != room && !allowed(&room, &used) {
                wrong.push(format!("{}: {room} uses {used}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the direction of the house:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_has_its_place() {
    for (room, file, _) in sources() {
        let known = ORDER.contains(&room.as_str()) || EDGES.contains(&room.as_str());
        assert!(known, "{}: room `{room}` has no place in the order", file.display());
    }
}

#[test]
fn only_the_gateway_is_async() {
    for (room, file, text) in sources() {
        if room == "gateway" {
            continue;
        }
        for word in [
            "async fn",
            "async move",
            ".await",
            "tokio::",
            "h2::",
            "futures_util::",
            "std::net",
            "SystemTime",
            "Instant::",
        ] {
            let found = code(&text).lines().any(|line| line.contains(word));
            assert!(
                !found || room == "cli" || room == "pb",
                "{}: `{word}` outside the edges",
                file.display()
            );
        }
    }
}

/// Files are the command line's; the frontend has its standard input and output. Nobody opens a connection or runs a program.
#[test]
fn nobody_reaches_out() {
    const FILES: [&str; 6] =
        ["std::fs::read", "std::fs::write", "fs::read", "fs::write", "File::open", "OpenOptions"];
    const OTHERS: [&str; 5] = ["std::net", "TcpStream", "UdpSocket", "process::Command", "Command::new"];
    for (room, file, text) in sources() {
        let code = code(&text);
        let is_found = |words: &[&str]| words.iter().any(|word| code.contains(word));
        assert!(room == "cli" || !is_found(&FILES), "{}: touches files", file.display());
        assert!(!is_found(&OTHERS), "{}: reaches out", file.display());
    }
}

/// A definition that leaves is proven to be canonical first, in all that runs with debug assertions: tests, fuzz targets,
/// the kit.
#[test]
fn what_is_marshaled_is_proven() {
    let mut count = 0;
    for (room, file, text) in sources() {
        let code: String = code(&text).split_whitespace().collect();
        let (marshaled, proven) =
            (code.matches("graph.marshal(").count(), code.matches("graph.prove(").count());
        assert!(room == "llb" || marshaled == proven, "{}: marshals without a proof", file.display());
        count += proven;
    }
    assert!(count >= 4, "{count} places");
}

fn allowed(room: &str, used: &str) -> bool {
    let place = |name: &str| ORDER.iter().position(|r| *r == name);
    if EDGES.contains(&room) {
        return !EDGES.contains(&used);
    }
    if let Some((_, list)) = PLAIN.iter().find(|(name, _)| *name == room) {
        return list.contains(&used);
    }
    match (place(room), place(used)) {
        (Some(user), Some(used)) => used < user,
        _ => false,
    }
}

/// Returns room, path and text of every source file but `lib.rs` and the binaries.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let inside = path.strip_prefix(root).expect("the file lies in src");
                let first = inside.components().next().expect("a path has a first part");
                let room = first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
                if room != "lib" && room != "bin" {
                    let text = fs::read_to_string(&path).expect("a source file is readable");
                    found.push((room, path, text));
                }
            }
        }
    }
    assert!(found.len() >= 3, "the source files were not found");
    found.sort();
    found
}

/// Returns the text without line comments and without what follows `#[cfg(test)]`.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or("");
    text.lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the rooms that are named after `crate::`, also in a group `crate::{a, b::c}`.
fn used_rooms(text: &str) -> Vec<String> {
    let code = code(text);
    let mut rooms = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            rooms.push(head(rest));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices() {
            let ends_entry = depth == 0 && (c == ',' || c == '}');
            if ends_entry {
                rooms.push(head(group[start..at].trim_start()));
                start = at + 1;
            }
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    rooms.retain(|room| !room.is_empty());
    rooms
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn the_reader_of_imports_sees_groups() {
    let text = "use crate::{text::{Span, Spanned}, llb};\nuse crate::image::Config; // crate::cli";
    assert_eq!(used_rooms(text), ["text", "llb", "image"]);
}

#[test]
fn a_wrong_direction_is_found() {
    assert!(allowed("convert", "stage") && allowed("gateway", "pipeline"));
    assert!(!allowed("stage", "convert") && !allowed("gateway", "cli") && !allowed("llb", "syntax"));
}
