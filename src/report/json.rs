//! Messages of the wire as JSON: the way Go's `encoding/json` writes its structs. What is empty is left out.
//!
//! Clients read these: source files and places in answers to subrequests, and in the details of errors.

use crate::pb::ops;
use prost::bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// An object whose empty fields are left out.
#[derive(Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    /// Adds a field, if it is set.
    pub(super) fn put(mut self, key: &str, is_set: bool, value: impl Into<Value>) -> Object {
        if is_set {
            self.0.insert(key.to_owned(), value.into());
        }
        self
    }

    pub(super) fn text(self, key: &str, value: &str) -> Object {
        self.put(key, !value.is_empty(), value)
    }

    pub(super) fn flag(self, key: &str, value: bool) -> Object {
        self.put(key, value, value)
    }

    pub(super) fn number(self, key: &str, value: i64) -> Object {
        self.put(key, value != 0, value)
    }

    /// Adds bytes as base64.
    pub(super) fn bytes(self, key: &str, value: &[u8]) -> Object {
        if value.is_empty() { self } else { self.put(key, true, base64(value)) }
    }

    /// Adds a message, if there is one; it may be empty.
    pub(super) fn message<T>(self, key: &str, value: Option<&T>, write: impl Fn(&T) -> Value) -> Object {
        match value {
            Some(value) => self.put(key, true, write(value)),
            None => self,
        }
    }

    /// Adds a list, if it holds anything.
    pub(super) fn list<'a, T: 'a, V: Into<Value>>(
        self,
        key: &str,
        values: impl IntoIterator<Item = &'a T>,
        write: impl Fn(&'a T) -> V,
    ) -> Object {
        let values: Vec<Value> = values.into_iter().map(|value| write(value).into()).collect();
        self.put(key, !values.is_empty(), values)
    }

    /// Adds a map, if it holds anything.
    pub(super) fn map<'a, T: 'a, V: Into<Value>>(
        self,
        key: &str,
        entries: impl IntoIterator<Item = (&'a String, &'a T)>,
        write: impl Fn(&'a T) -> V,
    ) -> Object {
        let entries = entries.into_iter().map(|(name, value)| (name.clone(), write(value).into()));
        let entries: Map<String, Value> = entries.collect();
        self.put(key, !entries.is_empty(), entries)
    }

    /// Adds a map from digests to messages that are still written out, if it holds anything.
    pub(super) fn messages<'a, T: prost::Message + Default>(
        self,
        key: &str,
        entries: impl IntoIterator<Item = (&'a String, &'a Bytes)>,
        write: impl Fn(&T) -> Value,
    ) -> Object {
        let read = |bytes: &Bytes| T::decode(&**bytes).unwrap_or_default();
        let entries: BTreeMap<&String, Value> =
            entries.into_iter().map(|(name, bytes)| (name, write(&read(bytes)))).collect();
        self.map(key, entries.iter().map(|(name, value)| (*name, value)), Clone::clone)
    }

    /// Adds a map from text to text, if it holds anything.
    pub(super) fn texts(self, key: &str, entries: &[ops::StringEntry]) -> Object {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let mut entries: Vec<_> =
            entries.iter().map(|entry| (text(&entry.key), text(&entry.value))).collect();
        entries.sort();
        let entries: Map<String, Value> = entries.into_iter().map(|(k, v)| (k, v.into())).collect();
        self.put(key, !entries.is_empty(), entries)
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// Returns a file.
pub fn source_info(info: &ops::SourceInfo) -> Value {
    Object::default()
        .text("filename", &info.filename)
        .bytes("data", &info.data)
        .message("definition", info.definition.as_ref(), definition)
        .text("language", &info.language)
        .done()
}

/// Returns a place in a file.
pub fn location(location: &ops::Location) -> Value {
    Object::default()
        .number("sourceIndex", location.source_index.into())
        .list("ranges", &location.ranges, range)
        .done()
}

/// Returns a range of lines.
pub fn range(range: &ops::Range) -> Value {
    let position = |at: &ops::Position| {
        Object::default().number("line", at.line.into()).number("character", at.character.into()).done()
    };
    Object::default()
        .message("start", range.start.as_ref(), position)
        .message("end", range.end.as_ref(), position)
        .done()
}

/// Returns the places of an op.
pub(super) fn locations(all: &ops::Locations) -> Value {
    Object::default().list("locations", &all.locations, location).done()
}

/// Returns what is said about an op.
pub(super) fn metadata(metadata: &ops::OpMetadata) -> Value {
    let group = |group: &ops::ProgressGroup| {
        Object::default().text("id", &group.id).text("name", &group.name).flag("weak", group.weak).done()
    };
    Object::default()
        .flag("ignore_cache", metadata.ignore_cache)
        .texts("description", &metadata.description)
        .message("export_cache", metadata.export_cache.as_ref(), |cache| {
            Object::default().flag("Value", cache.value).done()
        })
        .map("caps", &metadata.caps, |is_needed| *is_needed)
        .message("progress_group", metadata.progress_group.as_ref(), group)
        .message("linux_resources", metadata.linux_resources.as_ref(), |limits| {
            Object::default()
                .number("memory", limits.memory)
                .number("memorySwap", limits.memory_swap)
                .put("cpuShares", limits.cpu_shares != 0, limits.cpu_shares)
                .put("cpuPeriod", limits.cpu_period != 0, limits.cpu_period)
                .number("cpuQuota", limits.cpu_quota)
                .text("cpusetCpus", &limits.cpuset_cpus)
                .text("cpusetMems", &limits.cpuset_mems)
                .done()
        })
        .done()
}

fn definition(definition: &ops::Definition) -> Value {
    Object::default()
        .list("def", &definition.def, |op| base64(op))
        .messages("metadata", definition.metadata.iter().map(|e| (&e.digest, &e.metadata)), metadata)
        .message("Source", definition.source.as_ref(), source)
        .done()
}

// A file may say how it was read, and that how its own files were read, and so on. Only what this program reads itself
// is written, and that ends after one turn; what a stranger's definition says of its files is left out.
fn source(source: &ops::Source) -> Value {
    Object::default()
        .messages("locations", source.locations.iter().map(|e| (&e.digest, &e.locations)), locations)
        .list("infos", &source.infos, |info| {
            json!({ "filename": info.filename, "data": base64(&info.data), "language": info.language })
        })
        .done()
}

/// Encodes bytes as base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            out.push(if digit <= group.len() { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(base64(text.as_bytes()), expected);
        }
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foobar", "Zm9vYmFy");
        assert_eq!(base64(&[0xff, 0xfe, 0xfd, 0xfc]), "//79/A==");
    }

    #[test]
    fn empty_fields_are_left_out() {
        let position = |line| Some(ops::Position { line, character: 0 });
        let one = ops::Location {
            source_index: 0,
            ranges: vec![ops::Range { start: position(3), end: position(0) }],
        };
        assert_eq!(location(&one).to_string(), r#"{"ranges":[{"start":{"line":3},"end":{}}]}"#);
        assert_eq!(location(&ops::Location::default()).to_string(), "{}");
        let info = ops::SourceInfo { filename: "F".into(), data: b"x".to_vec(), ..Default::default() };
        assert_eq!(source_info(&info).to_string(), r#"{"filename":"F","data":"eA=="}"#);
    }

    #[test]
    fn metadata_is_sorted_by_name() {
        let entry = |key: &str| ops::StringEntry { key: Some(key.into()), value: Some("v".into()) };
        let op = ops::OpMetadata {
            description: vec![entry("b"), entry("a")],
            progress_group: Some(ops::ProgressGroup { id: "1".into(), ..Default::default() }),
            linux_resources: Some(ops::LinuxResources { cpu_period: 5, memory: -1, ..Default::default() }),
            ..Default::default()
        };
        assert_eq!(
            metadata(&op).to_string(),
            r#"{"description":{"a":"v","b":"v"},"progress_group":{"id":"1"},"linux_resources":{"memory":-1,"cpuPeriod":5}}"#
        );
    }
}
