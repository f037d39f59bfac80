//! Capabilities: the features an engine states in its answer to Ping.
//!
//! Capabilities of the protocol decide how the gateway speaks. Those of LLB are passed to the core, which
//! rewrites what it can; what is left over is refused here, before it is sent.

use crate::pb;
use std::collections::BTreeMap;

pub(super) const RETURN: &str = "return";
pub(super) const RETURN_MAP: &str = "returnmap";
pub(super) const REF_ARRAY: &str = "proto.refarray";
pub(super) const INPUTS: &str = "frontend.inputs";
pub(super) const EVALUATE_IN_SOLVE: &str = "gateway.solve.evaluate";
pub(super) const SOURCE_META: &str = "source.metaresolver";
pub(super) const STAT_FILE: &str = "statfile";
pub(super) const WARNINGS: &str = "gateway.warnings";
pub(super) const FILE_OPS: &str = "file.base";

/// What engines could do before they said so: those that answer Ping with an empty list.
const PROTOCOL_BEFORE_CAPS: &[&str] = &["solve.base", "solve.inlinereturn", "resolveimage", "readfile"];
const LLB_BEFORE_CAPS: &[&str] = &[
    "source.image",
    "source.local",
    "source.local.unique",
    "source.local.sessionid",
    "source.local.includepatterns",
    "source.local.followpaths",
    "source.local.excludepatterns",
    "source.local.sharedkeyhint",
    "source.git",
    "source.git.keepgitdir",
    "source.git.fullurl",
    "source.http",
    "source.http.checksum",
    "source.http.perm",
    "soruce.http.uidgid",
    "source.buildop.llbfilename",
    "exec.meta.base",
    "exec.meta.proxyenv",
    "exec.mount.bind",
    "exec.mount.cache",
    "exec.mount.cache.sharing",
    "exec.mount.selector",
    "exec.mount.tmpfs",
    "exec.mount.secret",
    "constraints",
    "platform",
    "meta.ignorecache",
    "meta.description",
    "meta.exportcache",
];

/// The names that messages give in brackets. All others have none.
const NAMES: &[(&str, &str)] = &[(RETURN_MAP, "return reference map"), (INPUTS, "frontend inputs")];

/// One of the two lists of an engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Caps {
    states: BTreeMap<String, pb::caps::ApiCap>,
    product: String,
}

impl Caps {
    /// Reads the list for the protocol. `product` is what the engine is part of, for messages.
    pub(super) fn of_protocol(listed: Vec<pb::caps::ApiCap>, product: &str) -> Caps {
        Caps::new(listed, PROTOCOL_BEFORE_CAPS, product)
    }

    /// Reads the list for LLB.
    pub(super) fn of_llb(listed: Vec<pb::caps::ApiCap>, product: &str) -> Caps {
        Caps::new(listed, LLB_BEFORE_CAPS, product)
    }

    fn new(listed: Vec<pb::caps::ApiCap>, before: &[&str], product: &str) -> Caps {
        let enabled =
            |id: &&str| pb::caps::ApiCap { id: (*id).to_owned(), enabled: true, ..Default::default() };
        let listed = if listed.is_empty() { before.iter().map(enabled).collect() } else { listed };
        let states = listed.into_iter().map(|cap| (cap.id.clone(), cap)).collect();
        Caps { states, product: product.to_owned() }
    }

    /// Tells whether the engine can do it.
    pub(super) fn has(&self, id: &str) -> bool {
        self.states.get(id).is_some_and(|cap| cap.enabled)
    }

    /// Returns all that the engine can do.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.states.values().filter(|cap| cap.enabled).map(|cap| cap.id.as_str())
    }

    /// Insists on a capability.
    ///
    /// # Errors
    /// With the message for users, if the engine lacks it.
    pub(super) fn require(&self, id: &str) -> Result<(), String> {
        let state = self.states.get(id);
        if state.is_some_and(|cap| cap.enabled) {
            return Ok(());
        }
        let maturity = if id == FILE_OPS { "prerelease" } else { "experimental" };
        let name = NAMES.iter().find(|(named, _)| *named == id);
        let name = name.map(|(_, name)| format!("({name})")).unwrap_or_default();
        let mut message = format!("requested {maturity} feature {id} {name}");
        match state {
            None => {
                message.push_str(" is not supported by build server");
                let since = match self.product.as_str() {
                    "docker" if id == FILE_OPS => Some("Docker v19.03"),
                    "buildkit" if id == FILE_OPS => Some("BuildKit v0.5.0"),
                    _ => None,
                };
                if let Some(since) = since {
                    message.push_str(&format!(" (added in {since})"));
                }
                message.push_str(&format!(", please update {}", self.product));
            }
            Some(cap) => {
                message.push_str(" has been disabled on the build server");
                if !cap.disabled_reason_msg.is_empty() {
                    message.push_str(": ");
                    message.push_str(&cap.disabled_reason_msg);
                }
            }
        }
        Err(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cap(id: &str, enabled: bool, why: &str) -> pb::caps::ApiCap {
        pb::caps::ApiCap {
            id: id.to_owned(),
            enabled,
            disabled_reason_msg: why.to_owned(),
            ..Default::default()
        }
    }

    #[test]
    fn what_is_missing_is_said_in_the_known_words() {
        #[track_caller]
        fn check(id: &str, expected: &str) {
            let listed = vec![cap("source.git", true, ""), cap("mergeop", false, "snapshotter too old")];
            assert_eq!(Caps::of_llb(listed, "docker").require(id).unwrap_err(), expected);
        }
        check(
            "source.git.checksum",
            "requested experimental feature source.git.checksum  is not supported by build server, please update docker",
        );
        check(
            "file.base",
            "requested prerelease feature file.base  is not supported by build server (added in Docker v19.03), \
             please update docker",
        );
        check(
            "returnmap",
            "requested experimental feature returnmap (return reference map) is not supported by build server, \
             please update docker",
        );
        check(
            "mergeop",
            "requested experimental feature mergeop  has been disabled on the build server: snapshotter too old",
        );
    }

    #[test]
    fn engines_without_a_list_have_the_oldest_features() {
        let caps = Caps::of_protocol(Vec::new(), "");
        assert!(caps.has("readfile") && !caps.has(RETURN));
        assert!(Caps::of_llb(Vec::new(), "").has("exec.meta.base"));
    }
}
