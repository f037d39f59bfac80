//! The result of a run: refs, and what the engine must know about them.
//!
//! In: one built platform after the other, or answers to a subrequest. Out: the message of Return, in the format
//! that the engine knows.

use crate::image::{Config, Platform};
use crate::pb::gateway as gw;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const CONFIG: &str = "containerimage.config";
const BASE_CONFIG: &str = "containerimage.base.config";
const EPOCH: &str = "source.date.epoch";
const PLATFORMS: &str = "refs.platforms";

/// One platform, built.
#[derive(Clone, Debug)]
pub(super) struct Built {
    /// What it was built for.
    pub platform: Platform,
    /// The engine's handle; empty for an empty tree.
    pub reference: String,
    /// The config of the image.
    pub image: Config,
    /// The config of the image that the target stage starts from.
    pub base: Option<Config>,
    /// The time that replaces all times in the image, in seconds since 1970.
    pub epoch: Option<i64>,
    /// What was found out about the tree.
    pub attestations: Vec<gw::Attestation>,
}

impl Built {
    /// Returns the name that the engine knows the platform by.
    pub(super) fn id(&self) -> String {
        self.platform.normalized().to_string()
    }
}

/// Puts the platforms of a build together. `is_multi` asks for a list even of one.
pub(super) fn of_build(all: Vec<Built>, is_multi: bool) -> gw::Result {
    let mut metadata = BTreeMap::new();
    let mut attestations = BTreeMap::new();
    let mut refs = BTreeMap::new();
    let mut platforms = Vec::new();
    for built in all {
        let id = built.id();
        let mut put = |key: &str, value: Vec<u8>| {
            let key = if is_multi { format!("{key}/{id}") } else { key.to_owned() };
            metadata.insert(key, value);
        };
        put(CONFIG, built.image.to_json());
        if let Some(base) = &built.base {
            put(BASE_CONFIG, base.to_json());
        }
        if let Some(epoch) = built.epoch {
            put(EPOCH, epoch.to_string().into_bytes());
        }
        let platform = platform_json(&extended(&built.platform.normalized(), &built.image.platform()));
        platforms.push(json!({ "ID": id, "Platform": platform }));
        if !built.attestations.is_empty() {
            attestations.insert(id.clone(), gw::Attestations { attestation: built.attestations });
        }
        refs.insert(id, gw::Ref { id: built.reference, def: None });
    }
    metadata.insert(PLATFORMS.to_owned(), json!({ "Platforms": platforms }).to_string().into_bytes());
    let refs = if is_multi {
        gw::result::Result::Refs(gw::RefMap { refs })
    } else {
        gw::result::Result::Ref(refs.into_values().next().unwrap_or_default())
    };
    gw::Result { metadata, attestations, result: Some(refs) }
}

/// Returns a result that is metadata alone.
pub(super) fn of_metadata(metadata: BTreeMap<String, Vec<u8>>) -> gw::Result {
    let nothing = gw::result::Result::Ref(gw::Ref::default());
    gw::Result { metadata, result: Some(nothing), ..Default::default() }
}

/// Puts refs into the format that the engine knows: messages, or the plain ids of old.
pub(super) fn in_format(mut result: gw::Result, knows_messages: bool) -> gw::Result {
    use gw::result::Result::{Ref, RefDeprecated, Refs, RefsDeprecated};
    // The engine reads nothing but the id.
    let message = |id: String| gw::Ref { id, def: None };
    result.result = Some(match result.result {
        Some(Ref(one)) if !knows_messages => RefDeprecated(one.id),
        Some(Refs(map)) if !knows_messages => {
            let refs = map.refs.into_iter().map(|(key, one)| (key, one.id)).collect();
            RefsDeprecated(gw::RefMapDeprecated { refs })
        }
        Some(RefDeprecated(id)) if knows_messages => Ref(message(id)),
        Some(RefsDeprecated(map)) if knows_messages => {
            Refs(gw::RefMap { refs: map.refs.into_iter().map(|(key, id)| (key, message(id))).collect() })
        }
        Some(Ref(one)) => Ref(message(one.id)),
        Some(Refs(map)) => {
            Refs(gw::RefMap { refs: map.refs.into_iter().map(|(key, one)| (key, message(one.id))).collect() })
        }
        Some(old) => old,
        None if knows_messages => Ref(gw::Ref::default()),
        None => RefDeprecated(String::new()),
    });
    result
}

/// A Windows image says which build of Windows it is for; the platform asked for often does not.
fn extended(asked: &Platform, image: &Platform) -> Platform {
    let mut platform = asked.clone();
    if asked.os == "windows" && image.os == "windows" {
        if platform.os_version.is_empty() {
            platform.os_version.clone_from(&image.os_version);
        }
        if platform.os_features.is_empty() {
            platform.os_features.clone_from(&image.os_features);
        }
        return platform.normalized();
    }
    platform
}

fn platform_json(platform: &Platform) -> Value {
    let mut out = Map::new();
    out.insert("architecture".to_owned(), json!(platform.architecture));
    out.insert("os".to_owned(), json!(platform.os));
    for (key, value) in [("os.version", &platform.os_version), ("variant", &platform.variant)] {
        if !value.is_empty() {
            out.insert(key.to_owned(), json!(value));
        }
        if key == "os.version" && !platform.os_features.is_empty() {
            out.insert("os.features".to_owned(), json!(platform.os_features));
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw::result::Result::{Ref, RefDeprecated, Refs, RefsDeprecated};

    fn built(platform: &Platform, reference: &str) -> Built {
        Built {
            platform: platform.clone(),
            reference: reference.to_owned(),
            image: Config::empty(platform),
            base: None,
            epoch: Some(12),
            attestations: vec![gw::Attestation::default()],
        }
    }

    fn keys(result: &gw::Result) -> Vec<&str> {
        result.metadata.keys().map(String::as_str).collect()
    }

    #[test]
    fn one_platform_has_plain_keys_unless_it_is_asked_for_by_name() {
        let amd64 = Platform::new("linux", "amd64");
        let one = of_build(vec![built(&amd64, "r")], false);
        assert_eq!(keys(&one), [CONFIG, PLATFORMS, EPOCH]);
        assert_eq!(one.metadata[EPOCH], b"12");
        assert_eq!(
            String::from_utf8_lossy(&one.metadata[PLATFORMS]),
            r#"{"Platforms":[{"ID":"linux/amd64","Platform":{"architecture":"amd64","os":"linux"}}]}"#
        );
        assert_eq!(one.attestations.keys().collect::<Vec<_>>(), ["linux/amd64"]);
        assert!(matches!(&one.result, Some(Ref(one)) if one.id == "r"));

        let named = of_build(vec![built(&amd64, "r")], true);
        assert_eq!(
            keys(&named),
            [format!("{CONFIG}/linux/amd64"), PLATFORMS.into(), format!("{EPOCH}/linux/amd64")]
        );
        assert!(matches!(&named.result, Some(Refs(map)) if map.refs["linux/amd64"].id == "r"));
    }

    #[test]
    fn windows_takes_its_version_from_the_image() {
        let mut windows = built(&Platform::new("windows", "amd64"), "r");
        windows.image.os_version = "10.0.1".to_owned();
        let result = of_build(vec![windows], false);
        assert_eq!(
            String::from_utf8_lossy(&result.metadata[PLATFORMS]),
            r#"{"Platforms":[{"ID":"windows/amd64","Platform":{"architecture":"amd64","os":"windows","os.version":"10.0.1"}}]}"#
        );
    }

    #[test]
    fn refs_go_out_in_the_format_that_is_known() {
        #[track_caller]
        fn check(given: gw::result::Result, knows_messages: bool, expected: gw::result::Result) {
            let result = gw::Result { result: Some(given), ..Default::default() };
            assert_eq!(in_format(result, knows_messages).result, Some(expected));
        }
        let message = |id: &str| gw::Ref { id: id.to_owned(), def: None };
        let map = |id: &str| gw::RefMap { refs: BTreeMap::from([("p".to_owned(), message(id))]) };
        let old_map =
            |id: &str| gw::RefMapDeprecated { refs: BTreeMap::from([("p".to_owned(), id.to_owned())]) };
        check(Ref(message("a")), true, Ref(message("a")));
        check(Ref(message("a")), false, RefDeprecated("a".to_owned()));
        check(RefDeprecated("a".to_owned()), true, Ref(message("a")));
        check(Refs(map("a")), false, RefsDeprecated(old_map("a")));
        check(RefsDeprecated(old_map("a")), true, Refs(map("a")));
        check(RefsDeprecated(old_map("a")), false, RefsDeprecated(old_map("a")));
    }
}
