//! Protobuf, written straight from what it tells of.
//!
//! prost writes a message from a struct that owns all its texts: for an op those are some fifty copies, each with memory
//! of its own, made to be thrown away. Here the bytes go to one buffer that serves many ops: a graph takes two fifths of
//! the time.
//!
//! As everywhere in proto3, a field that holds nothing is left out, but for elements of lists, messages, and
//! [`entry`](Wire::entry).

use super::Digest;
use prost::bytes::Bytes;

/// Bytes to be.
#[derive(Default)]
pub(super) struct Wire(Vec<u8>);

/// How a value is written.
const VARINT: u32 = 0;
const LEN: u32 = 2;

impl Wire {
    /// Returns room for bytes.
    pub fn with_capacity(bytes: usize) -> Wire {
        Wire(Vec::with_capacity(bytes))
    }

    /// Returns what was written.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns how much was written, in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets what was written after the first `len` bytes, and keeps the memory.
    pub fn cut(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Adds fields that were written elsewhere.
    pub fn append(&mut self, fields: &[u8]) {
        self.0.extend_from_slice(fields);
    }

    /// Returns all that was written.
    pub fn into_bytes(self) -> Bytes {
        // No more memory than it takes, as it is kept.
        self.0.into_boxed_slice().into()
    }

    /// Adds a number. Protobuf writes negative ones of any width like those of 64 bits.
    pub fn number(&mut self, field: u32, value: impl Into<i64>) {
        let value = value.into();
        if value != 0 {
            self.tag(field, VARINT);
            self.varint(value as u64);
        }
    }

    /// Adds a yes or no.
    pub fn flag(&mut self, field: u32, value: bool) {
        self.number(field, value);
    }

    /// Adds one of several choices.
    pub fn choice(&mut self, field: u32, value: impl Into<i32>) {
        self.number(field, value.into());
    }

    /// Adds a number that is there even if it is 0: one of a `oneof`.
    pub fn chosen(&mut self, field: u32, value: u32) {
        self.tag(field, VARINT);
        self.varint(value.into());
    }

    /// Adds a text.
    pub fn text(&mut self, field: u32, value: &str) {
        self.data(field, value.as_bytes());
    }

    /// Adds bytes.
    pub fn data(&mut self, field: u32, value: &[u8]) {
        if !value.is_empty() {
            self.element(field, &[value]);
        }
    }

    /// Adds the digest of an op, as a text.
    pub fn digest(&mut self, field: u32, digest: &Digest) {
        self.data(field, &digest.text());
    }

    /// Adds a list of texts.
    pub fn texts(&mut self, field: u32, values: &[String]) {
        for value in values {
            self.element(field, &[value.as_bytes()]);
        }
    }

    /// Adds an element of a list of texts, put together from parts.
    pub fn element(&mut self, field: u32, parts: &[&[u8]]) {
        self.tag(field, LEN);
        self.varint(parts.iter().map(|part| part.len() as u64).sum());
        parts.iter().for_each(|part| self.0.extend_from_slice(part));
    }

    /// Adds a list of numbers.
    pub fn numbers(&mut self, field: u32, values: impl ExactSizeIterator<Item = i64>) {
        if values.len() > 0 {
            self.message(field, |wire| values.for_each(|value| wire.varint(value as u64)));
        }
    }

    /// Adds an entry of a map between texts. Go writes both, whatever they are.
    pub fn entry(&mut self, field: u32, key: &str, value: &str) {
        self.message(field, |wire| {
            wire.element(1, &[key.as_bytes()]);
            wire.element(2, &[value.as_bytes()]);
        });
    }

    /// Adds a message, whose fields `write` adds.
    pub fn message<T>(&mut self, field: u32, write: impl FnOnce(&mut Wire) -> T) -> T {
        self.tag(field, LEN);
        // Most messages have less than 128 bytes, whose count takes one byte: others move to make room for theirs.
        let start = self.0.len();
        self.0.push(0);
        let result = write(self);
        let end = self.0.len();
        let len = end - start - 1;
        let width = (len | 1).ilog2() as usize / 7 + 1;
        if width > 1 {
            self.0.resize(end + width - 1, 0);
            self.0.copy_within(start + 1..end, start + width);
        }
        for (at, byte) in self.0[start..start + width].iter_mut().enumerate() {
            let more = if at + 1 < width { 0x80 } else { 0 };
            *byte = (len >> (7 * at)) as u8 & 0x7f | more;
        }
        result
    }

    fn tag(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::ops;
    use prost::Message;

    fn written(write: impl FnOnce(&mut Wire)) -> Vec<u8> {
        let mut wire = Wire::default();
        write(&mut wire);
        wire.bytes().to_vec()
    }

    /// prost is the judge of how long a length is.
    #[test]
    fn messages_of_any_length() {
        for len in [0, 1, 125, 126, 127, 128, 16_380, 16_381, 16_382, 2_097_140, 2_097_150, 2_097_160] {
            let id = "a".repeat(len);
            let group = ops::ProgressGroup { id: id.clone(), ..Default::default() };
            let said = ops::OpMetadata { progress_group: Some(group), ..Default::default() };
            let ours = written(|wire| wire.message(6, |wire| wire.text(1, &id)));
            assert!(ours == said.encode_to_vec(), "{len}");
        }
    }

    #[test]
    fn numbers_are_as_prost_writes_them() {
        for value in [1, 127, 128, 300, -1, i64::MAX, i64::MIN] {
            let limits = ops::LinuxResources { memory: value, ..Default::default() };
            assert_eq!(written(|wire| wire.number(1, value)), limits.encode_to_vec(), "{value}");
        }
    }

    #[test]
    fn what_holds_nothing_is_left_out_but_where_it_is_an_element() {
        let nothing = written(|wire| {
            wire.number(1, 0);
            wire.flag(2, false);
            wire.choice(3, 0);
            wire.text(4, "");
            wire.data(5, &[]);
            wire.texts(6, &[]);
            wire.numbers(7, [].into_iter());
        });
        assert!(nothing.is_empty(), "{nothing:?}");
        let elements = written(|wire| {
            wire.chosen(1, 0);
            wire.texts(2, &[String::new()]);
            wire.numbers(3, [0].into_iter());
            wire.entry(4, "", "");
            wire.message(5, |_| ());
        });
        assert_eq!(elements, [0x08, 0, 0x12, 0, 0x1a, 1, 0, 0x22, 4, 0x0a, 0, 0x12, 0, 0x2a, 0]);
        let something = written(|wire| {
            wire.flag(2, true);
            wire.choice(3, 2);
            wire.chosen(1, 300);
        });
        assert_eq!(something, [0x10, 1, 0x18, 2, 0x08, 0xac, 0x02]);
    }
}
