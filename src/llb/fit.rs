//! A definition that is too large for a message is sent with less said about its ops.
//!
//! The engine takes messages of up to 16 MiB. What is said about ops is left out until the rest fits. The ops
//! themselves stay as they are, and with them all digests, the cache and the result. A definition that fits is not
//! touched.
//!
//! What is left out, and when, is the list [`STEPS`]: first what nobody will miss.

use super::CUSTOM_NAME;
use crate::pb::ops;
use prost::Message;

/// The longest name of a step that is sent in full once space is short, in bytes. Terminals show less.
const NAME_BYTES: usize = 120;

/// What to leave out, in turn, until the rest fits.
const STEPS: &[fn(&mut ops::Definition)] = &[
    // What ops need was checked before they are sent; the engine would only check it once more.
    |definition| of_each(definition, |metadata| metadata.caps.clear()),
    // Instructions in full, which are also the names of steps.
    |definition| {
        of_each(definition, |metadata| metadata.description.retain(|entry| entry.key() == CUSTOM_NAME));
    },
    |definition| {
        of_each(definition, |metadata| {
            for name in metadata.description.iter_mut().filter_map(|entry| entry.value.as_mut()) {
                let short = (0..=NAME_BYTES.min(name.len())).rev().find(|at| name.is_char_boundary(*at));
                name.truncate(short.unwrap_or_default());
            }
        });
    },
    // Places in the Dockerfile: a step that fails is then shown by name alone.
    |definition| definition.source = None,
    // Names: steps are then shown as the engine describes them.
    |definition| {
        of_each(definition, |metadata| metadata.description.clear());
        definition.metadata.retain(|entry| !entry.metadata.is_empty());
    },
];

/// Changes what is said about each op.
fn of_each(definition: &mut ops::Definition, change: impl Fn(&mut ops::OpMetadata)) {
    for entry in &mut definition.metadata {
        // What cannot be read is the engine's to complain about.
        if let Ok(mut metadata) = ops::OpMetadata::decode(&*entry.metadata) {
            change(&mut metadata);
            entry.metadata = metadata.encode_to_vec().into();
        }
    }
}

/// Leaves out no more than it takes to get a definition below a size in bytes. Tells whether that was enough.
pub fn fit(definition: &mut ops::Definition, limit_bytes: usize) -> bool {
    let mut steps = STEPS.iter();
    while definition.encoded_len() > limit_bytes {
        let Some(leave_out) = steps.next() else { return false };
        leave_out(definition);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn said(digest: &str, metadata: &ops::OpMetadata) -> ops::OpMetadataEntry {
        ops::OpMetadataEntry { digest: digest.to_owned(), metadata: metadata.encode_to_vec().into() }
    }

    fn definition() -> ops::Definition {
        let entry =
            |key: &str, value: String| ops::StringEntry { key: Some(key.to_owned()), value: Some(value) };
        let metadata = ops::OpMetadata {
            ignore_cache: true,
            description: vec![entry("command", "c".repeat(1_000)), entry(CUSTOM_NAME, "ä".repeat(2_000))],
            caps: BTreeMap::from([("exec".repeat(250), true)]),
            ..ops::OpMetadata::default()
        };
        let named = ops::OpMetadata { ignore_cache: false, ..metadata.clone() };
        let info = ops::SourceInfo { data: vec![b'x'; 1_000], ..ops::SourceInfo::default() };
        ops::Definition {
            def: vec![vec![0; 1_000].into()],
            metadata: vec![said("cached", &named), said("uncached", &metadata)],
            source: Some(ops::Source { infos: vec![info], ..ops::Source::default() }),
        }
    }

    #[track_caller]
    fn check(limit_bytes: usize, fits: bool, left: [bool; 5]) {
        let mut short = definition();
        assert_eq!(fit(&mut short, limit_bytes), fits);
        assert_eq!(short.def, definition().def, "ops stay as they are");
        let uncached = short.metadata.iter().find(|entry| entry.digest == "uncached").expect("it is kept");
        let metadata = ops::OpMetadata::decode(&*uncached.metadata).expect("it can be read");
        assert!(metadata.ignore_cache, "what changes the build stays as it is");
        let name = metadata.description.iter().find(|entry| entry.key() == CUSTOM_NAME);
        let name = name.map(|entry| entry.value().len());
        let has = [
            !metadata.caps.is_empty(),
            metadata.description.iter().any(|entry| entry.key() == "command"),
            name == Some(4_000),
            short.source.is_some(),
            name.is_some(),
        ];
        assert_eq!(has, left);
    }

    #[test]
    fn leaves_out_no_more_than_it_must() {
        check(definition().encoded_len(), true, [true; 5]);
        check(definition().encoded_len() - 1, true, [false, true, true, true, true]);
        check(11_500, true, [false, false, true, true, true]);
        check(9_000, true, [false, false, false, true, true]);
        check(1_500, true, [false, false, false, false, true]);
        check(1_100, true, [false; 5]);
        check(1_000, false, [false; 5]);
    }

    #[test]
    fn drops_ops_of_which_nothing_is_said() {
        let mut short = definition();
        fit(&mut short, 1_100);
        assert_eq!(short.metadata.iter().map(|entry| &entry.digest).collect::<Vec<_>>(), ["uncached"]);
    }
}
