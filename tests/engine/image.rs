//! An image as `docker save` writes it, read without any help: the config, and the files that its layers add up to.
//!
//! In: the bytes of the archive. Out: an [`Image`]. Only what images hold is read: files, folders, links, and the pax
//! and GNU headers that carry long names.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

pub struct Image {
    pub config: Value,
    /// What a container would find, by path without the leading slash.
    pub files: BTreeMap<String, Entry>,
    /// The paths that each layer holds, whiteouts included, the base first.
    pub layers: Vec<Vec<String>>,
    /// The config and the layers, as bytes.
    parts: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    pub kind: Kind,
    pub mode: u32,
    pub user: u64,
    pub group: u64,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    File(Vec<u8>),
    Folder,
    Link(String),
    /// Another name of a file of the same layer.
    HardLink(String),
    Other,
}

impl Image {
    /// # Panics
    ///
    /// When the archive is not what `docker save` writes.
    pub fn from_saved(saved: &[u8]) -> Self {
        let archive: BTreeMap<_, _> = Tar::new(saved).collect();
        let file = |name: &str| {
            let mut name = name.to_owned();
            loop {
                match &archive.get(&name).unwrap_or_else(|| panic!("the archive has no {name}")).kind {
                    Kind::File(bytes) => return bytes,
                    // Engines before 25 write a layer that occurs twice as a link to the first.
                    Kind::Link(target) => name = target.trim_start_matches("../").to_owned(),
                    other => panic!("{name} is {other:?}"),
                }
            }
        };
        let manifest: Value = serde_json::from_slice(file("manifest.json")).expect("the manifest is JSON");
        let manifest = &manifest[0];
        let config = file(manifest["Config"].as_str().expect("a name"));
        let mut parts = vec![config.clone()];
        let config = serde_json::from_slice(config).expect("the config is JSON");
        let mut files = BTreeMap::new();
        let mut layers = Vec::new();
        for layer in manifest["Layers"].as_array().expect("a list") {
            let mut paths = Vec::new();
            let bytes = plain(file(layer.as_str().expect("a name")));
            for (path, entry) in Tar::new(&bytes) {
                paths.push(path.clone());
                apply(&mut files, path, entry);
            }
            layers.push(paths);
            parts.push(bytes.into_owned());
        }
        Self { config, files, layers, parts }
    }

    /// Whether a text occurs anywhere in the image.
    pub fn holds(&self, needle: &[u8]) -> bool {
        self.parts.iter().any(|part| part.windows(needle.len()).any(|window| window == needle))
    }
}

/// Undoes the compression of a layer. Docker's own store saves layers as they are, containerd's as they were pushed.
fn plain(layer: &[u8]) -> Cow<'_, [u8]> {
    if !layer.starts_with(&[0x1f, 0x8b]) {
        return Cow::Borrowed(layer);
    }
    let mut gzip = Command::new("gzip")
        .arg("-dc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip runs");
    let mut stdin = gzip.stdin.take().expect("a pipe");
    // Reading and writing at once, as the pipes hold less than a layer.
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(layer));
        gzip.wait_with_output().expect("gzip ends")
    });
    assert!(output.status.success(), "the layer is no gzip file");
    Cow::Owned(output.stdout)
}

/// Lays one entry of a layer over what the layers below hold.
fn apply(files: &mut BTreeMap<String, Entry>, path: String, entry: Entry) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let join = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let remove_below = |files: &mut BTreeMap<String, Entry>, folder: &str| {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        files.retain(|path, _| !path.starts_with(&prefix));
    };
    if name == ".wh..wh..opq" {
        remove_below(files, folder);
    } else if let Some(removed) = name.strip_prefix(".wh.") {
        let removed = join(removed);
        files.remove(&removed);
        remove_below(files, &removed);
    } else {
        let entry = match &entry.kind {
            Kind::HardLink(target) => files.get(target).cloned().unwrap_or(entry),
            _ => entry,
        };
        if entry.kind != Kind::Folder {
            remove_below(files, &path);
        }
        files.insert(path, entry);
    }
}

/// The entries of a tar archive, with their paths.
struct Tar<'a> {
    rest: &'a [u8],
}

impl<'a> Tar<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Takes the next header and the data that follows it.
    fn block(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (header, rest) = self.rest.split_at_checked(512)?;
        if header.iter().all(|&byte| byte == 0) {
            return None;
        }
        let size = number(&header[124..136]) as usize;
        let data = &rest[..size];
        self.rest = &rest[size.next_multiple_of(512).min(rest.len())..];
        Some((header, data))
    }
}

impl Iterator for Tar<'_> {
    type Item = (String, Entry);

    fn next(&mut self) -> Option<Self::Item> {
        let mut long: BTreeMap<String, String> = BTreeMap::new();
        loop {
            let (header, data) = self.block()?;
            match header[156] {
                b'x' => long.extend(pax(data)),
                b'g' => {}
                b'L' => drop(long.insert("path".to_owned(), text(data))),
                b'K' => drop(long.insert("linkpath".to_owned(), text(data))),
                kind => {
                    let prefix =
                        if &header[257..263] == b"ustar\0" { text(&header[345..500]) } else { String::new() };
                    let short = if prefix.is_empty() {
                        text(&header[..100])
                    } else {
                        format!("{prefix}/{}", text(&header[..100]))
                    };
                    let path = long.remove("path").unwrap_or(short);
                    let target = long.remove("linkpath").unwrap_or_else(|| text(&header[157..257]));
                    let long_number = |key: &str| long.get(key).and_then(|value| value.parse::<u64>().ok());
                    let entry = Entry {
                        kind: match kind {
                            b'0' | 0 => Kind::File(data.to_vec()),
                            b'5' => Kind::Folder,
                            b'2' => Kind::Link(target),
                            b'1' => Kind::HardLink(clean(&target)),
                            _ => Kind::Other,
                        },
                        mode: number(&header[100..108]) as u32 & 0o7777,
                        user: long_number("uid").unwrap_or_else(|| number(&header[108..116])),
                        group: long_number("gid").unwrap_or_else(|| number(&header[116..124])),
                    };
                    return Some((clean(&path), entry));
                }
            }
        }
    }
}

fn clean(path: &str) -> String {
    path.trim_start_matches("./").trim_matches('/').to_owned()
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// Reads a number: octal digits, or, if the first bit is set, bytes.
fn number(field: &[u8]) -> u64 {
    if field[0] & 0x80 != 0 {
        return field[field.len() - 8..].iter().fold(0, |value, &byte| value << 8 | u64::from(byte));
    }
    u64::from_str_radix(text(field).trim(), 8).unwrap_or(0)
}

/// Reads pax records: `27 path=some/long/name\n`, the length counting itself.
fn pax(mut data: &[u8]) -> Vec<(String, String)> {
    let mut records = Vec::new();
    while let Some(space) = data.iter().position(|&byte| byte == b' ') {
        let Ok(length) = text(&data[..space]).parse::<usize>() else { break };
        let Some(record) = data.get(space + 1..length.saturating_sub(1)) else { break };
        if let Some((key, value)) = String::from_utf8_lossy(record).split_once('=') {
            records.push((key.to_owned(), value.to_owned()));
        }
        data = &data[length..];
    }
    records
}
