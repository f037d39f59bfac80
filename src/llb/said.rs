//! What is said about an op, as bytes.
//!
//! The numbers of fields are those of `proto/ops.proto`.

use super::op::Op;
use super::wire::Wire;
use super::{CUSTOM_NAME, Vertex, caps};
use crate::pb::ops;
use crate::text::defused;
use prost::Message;
use std::collections::BTreeSet;

/// Writes what is said about the op of a vertex.
pub(super) fn encode_said(wire: &mut Wire, Vertex { op, meta }: &Vertex) {
    wire.flag(1, meta.ignore_cache);
    for (key, text) in meta.description.iter() {
        wire.entry(2, key, &if key == CUSTOM_NAME { defused(text) } else { text.into() });
    }
    if let Some(value) = meta.export_cache {
        wire.message(4, |wire| wire.flag(1, value));
    }
    match op {
        Op::Raw(raw) => encode_needs(wire, raw.caps.iter().map(String::as_str).collect()),
        _ => encode_needs(wire, caps::required(op, meta)),
    }
    if let Some(group) = &meta.progress_group {
        wire.message(6, |wire| {
            wire.text(1, &group.id);
            wire.text(2, &defused(&group.name));
            wire.flag(3, group.is_weak);
        });
    }
    if let Some(limits) = &meta.linux_resources {
        wire.message(7, |wire| {
            wire.number(1, limits.memory_bytes);
            wire.number(2, limits.memory_swap_bytes);
            wire.number(3, limits.cpu_shares as i64);
            wire.number(4, limits.cpu_period_us as i64);
            wire.number(5, limits.cpu_quota_us);
            wire.text(6, &limits.cpuset_cpus);
            wire.text(7, &limits.cpuset_mems);
        });
    }
}

/// Adds the names of what an engine must be able to do. They are a map, so they come in order.
pub(super) fn encode_needs(wire: &mut Wire, names: BTreeSet<&str>) {
    for name in names {
        wire.message(5, |wire| {
            wire.text(1, name);
            wire.flag(2, true);
        });
    }
}

/// Joins what is said about an op in two places. Where both say something, the later word holds.
pub(super) fn merge_said(first: &[u8], later: &[u8]) -> Vec<u8> {
    let read = |said| ops::OpMetadata::decode(said).expect("it was written by the same code");
    let (mut all, more) = (read(first), read(later));
    all.ignore_cache |= more.ignore_cache;
    if all.description.is_empty() {
        all.description = more.description;
    } else {
        for entry in more.description {
            match all.description.binary_search_by(|known| known.key.cmp(&entry.key)) {
                Ok(at) => all.description[at] = entry,
                Err(at) => all.description.insert(at, entry),
            }
        }
    }
    all.caps.extend(more.caps);
    all.export_cache = more.export_cache.or(all.export_cache);
    all.progress_group = more.progress_group.or_else(|| all.progress_group.take());
    all.linux_resources = more.linux_resources.or_else(|| all.linux_resources.take());
    all.encode_to_vec()
}
