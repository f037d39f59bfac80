//! Where images are kept on this machine: OCI layouts and archives of `docker save`.

use super::Image;
use crate::cli::answer::read_limited;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The size of a block of a tar archive.
const BLOCK: usize = 512;
/// What is larger is a layer and not read.
const LARGEST_BYTES: u64 = 4 << 20;
/// An index may list other indexes, but not without end.
const DEEPEST: usize = 4;

const CUT: &str = "the archive ends too early";
/// How compressed files begin, and what unpacks them.
const COMPRESSED: [(&[u8], &str); 4] = [
    (&[0x1f, 0x8b], "gunzip"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "unzstd"),
    (b"BZh", "bunzip2"),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "unxz"),
];

/// A folder or an archive with images in it.
pub(super) enum Store {
    Folder(PathBuf),
    /// The small files of an archive, by path.
    Archive(BTreeMap<String, Vec<u8>>),
}

impl Store {
    /// Opens a store; nothing if the path is that of another file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn open(path: &Path) -> Result<Option<Store>, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        if path.is_dir() {
            return Ok(Some(Store::Folder(path.to_owned())));
        }
        let mut file = File::open(path).map_err(failed)?;
        let mut head = Vec::new();
        file.by_ref().take(BLOCK as u64).read_to_end(&mut head).map_err(failed)?;
        let compressed = COMPRESSED.iter().find(|(magic, _)| head.starts_with(magic));
        if let Some((_, program)) = compressed {
            return Err(format!("{}: it is compressed: unpack it first, with `{program}`", path.display()));
        }
        if head.get(257..262) != Some(b"ustar") {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        archive(&mut file).map(|files| Some(Store::Archive(files))).map_err(failed)
    }

    /// Returns all images, each under all its names; one without a name has an empty one.
    ///
    /// # Errors
    /// If something that is listed is not there.
    pub(super) fn images(&self) -> Result<Vec<(String, Image)>, String> {
        let mut out = Vec::new();
        if let Some(index) = self.json("index.json")? {
            let is_saved = self.bytes("manifest.json").is_some();
            for entry in list(&index, "manifests") {
                let name = ["io.containerd.image.name", "org.opencontainers.image.ref.name"]
                    .iter()
                    .find_map(|key| entry["annotations"][key].as_str())
                    .unwrap_or_default();
                let digest = entry["digest"].as_str().unwrap_or_default();
                let mut open = vec![(digest.to_owned(), 0)];
                while let Some((blob, depth)) = open.pop() {
                    let manifest = self.blob(&blob)?;
                    if let Some(config) = manifest["config"]["digest"].as_str() {
                        let config = self.bytes(&blob_path(config)).ok_or_else(|| missing(config))?;
                        // What is no image, such as an attestation, has a config of another kind.
                        let kind = manifest["config"]["mediaType"].as_str().unwrap_or_default();
                        if kind.contains("image") {
                            // Docker keeps layers unpacked, so the manifest that it saves is not the one it pulled:
                            // its digest is that of nothing in a registry.
                            let digest = if is_saved && is_unpacked(&manifest) { "" } else { digest };
                            out.push((name.to_owned(), Image { digest: digest.to_owned(), config }));
                        }
                    }
                    for entry in list(&manifest, "manifests").iter().filter(|_| depth < DEEPEST) {
                        let is_platform = entry["platform"]["os"].as_str() != Some("unknown");
                        if let Some(digest) = entry["digest"].as_str().filter(|_| is_platform) {
                            open.push((digest.to_owned(), depth + 1));
                        }
                    }
                }
            }
            return Ok(out);
        }
        let manifest = self.json("manifest.json")?;
        let manifest =
            manifest.ok_or("no index.json and no manifest.json is in it: this is no store of images")?;
        for entry in manifest.as_array().map(Vec::as_slice).unwrap_or_default() {
            let path = entry["Config"].as_str().unwrap_or_default();
            let config = self.bytes(path).ok_or_else(|| missing(path))?;
            let image = Image { digest: String::new(), config };
            let names = list(entry, "RepoTags");
            if names.is_empty() {
                out.push((String::new(), image.clone()));
            }
            out.extend(names.iter().filter_map(Value::as_str).map(|name| (name.to_owned(), image.clone())));
        }
        Ok(out)
    }

    fn blob(&self, digest: &str) -> Result<Value, String> {
        self.json(&blob_path(digest))?.ok_or_else(|| missing(digest))
    }

    fn json(&self, path: &str) -> Result<Option<Value>, String> {
        let Some(bytes) = self.bytes(path) else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| format!("{path}: {error}"))
    }

    fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        match self {
            // A path in a store is not to lead out of it.
            Store::Folder(_) if path.split('/').any(|part| part == "..") => None,
            Store::Folder(folder) => read_limited(&folder.join(path.trim_start_matches('/'))).ok(),
            Store::Archive(files) => files.get(path).cloned(),
        }
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Tells whether no layer of a manifest is compressed.
fn is_unpacked(manifest: &Value) -> bool {
    list(manifest, "layers")
        .iter()
        .all(|layer| layer["mediaType"].as_str().is_some_and(|kind| kind.ends_with(".tar")))
}

fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

fn missing(what: &str) -> String {
    format!("{what} is listed, but not there")
}

/// Reads the small files of a tar archive.
fn archive(file: &mut File) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut long_name = None;
    loop {
        let mut header = Vec::new();
        file.by_ref().take(BLOCK as u64).read_to_end(&mut header)?;
        if header.iter().all(|&b| b == 0) {
            return Ok(files);
        }
        if header.len() < BLOCK {
            return Err(std::io::Error::other(CUT));
        }
        let size = octal(&header[124..136]);
        let padded = size.div_ceil(BLOCK as u64) * BLOCK as u64;
        if size > LARGEST_BYTES {
            file.seek(SeekFrom::Current(i64::try_from(padded).map_err(std::io::Error::other)?))?;
            long_name = None;
            continue;
        }
        let mut data = Vec::new();
        file.by_ref().take(padded).read_to_end(&mut data)?;
        if (data.len() as u64) < size {
            return Err(std::io::Error::other(CUT));
        }
        data.truncate(size as usize);
        let kind = header[156];
        match kind {
            b'L' => long_name = Some(text(&data)),
            b'x' => long_name = extended_path(&data).or(long_name),
            b'0' | 0 => {
                let name = long_name.take().unwrap_or_else(|| {
                    let (name, prefix) = (text(&header[..100]), text(&header[345..500]));
                    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
                });
                files.insert(name.trim_start_matches("./").to_owned(), data);
            }
            _ => long_name = None,
        }
    }
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

fn octal(field: &[u8]) -> u64 {
    let digits = field.iter().filter(|b| (b'0'..=b'7').contains(b)).take(20);
    digits.fold(0, |number, b| number.wrapping_mul(8).wrapping_add(u64::from(b - b'0')))
}

/// Returns the path of an extended header: lines of `length key=value`.
fn extended_path(data: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(data);
    text.lines().find_map(|line| Some(line.split_once(' ')?.1.strip_prefix("path=")?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: &[(&str, &str)] = &[
        ("index.json", r#"{"manifests": [{"digest": "sha256:1"}]}"#),
        ("blobs/sha256/2", r#"{"os": "linux"}"#),
    ];

    #[test]
    fn only_a_digest_that_a_registry_may_know_is_taken() {
        check(LAYOUT, "layer.v1.tar+gzip", "sha256:1");
        check(LAYOUT, "layer.v1.tar", "sha256:1");
        let saved = [LAYOUT, &[("manifest.json", "[]")]].concat();
        check(&saved, "layer.v1.tar+gzip", "sha256:1"); // as containerd's store saves it
        check(&saved, "layer.v1.tar", "");
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], layer: &str, expected: &str) {
        let manifest = format!(
            r#"{{"config": {{"digest": "sha256:2", "mediaType": "image.config.v1+json"}}, "layers": [{{"mediaType": "{layer}"}}]}}"#
        );
        let manifest = [("blobs/sha256/1", manifest.as_str())];
        let files = files.iter().chain(&manifest);
        let store = Store::Archive(files.map(|&(path, text)| (path.to_owned(), text.into())).collect());
        let images = store.images().expect("the layout is whole");
        assert_eq!(images.iter().map(|(_, image)| image.digest.as_str()).collect::<Vec<_>>(), [expected]);
    }
}
