//! Capabilities: the features an engine states in its answer to Ping.
//!
//! Capabilities of the protocol decide how the gateway speaks. Those of LLB are passed to the core, which
//! rewrites what it can.

use crate::llb::caps::{self, CapSet};
use crate::pb::caps::ApiCap;

pub(super) const RETURN: &str = "return";
pub(super) const RETURN_MAP: &str = "returnmap";
pub(super) const REF_ARRAY: &str = "proto.refarray";
pub(super) const INPUTS: &str = "frontend.inputs";
pub(super) const EVALUATE_IN_SOLVE: &str = "gateway.solve.evaluate";
pub(super) const SOURCE_META: &str = "source.metaresolver";
pub(super) const STAT_FILE: &str = "statfile";
pub(super) const WARNINGS: &str = "gateway.warnings";

/// What engines could do before they said so: those that answer Ping with empty lists.
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

/// Reads the list for the protocol. `product` is what the engine is part of, for messages.
pub(super) fn of_protocol(listed: &[ApiCap], product: &str) -> CapSet {
    if listed.is_empty() {
        CapSet::of(PROTOCOL_BEFORE_CAPS.iter().copied())
    } else {
        CapSet::new(listed, product)
    }
}

/// Reads the list for LLB.
pub(super) fn of_llb(listed: &[ApiCap], product: &str) -> CapSet {
    if listed.is_empty() { CapSet::of(LLB_BEFORE_CAPS.iter().copied()) } else { CapSet::new(listed, product) }
}

/// Insists on what no Dockerfile can do without.
///
/// # Errors
/// With the message for users, if the engine is too old.
pub(super) fn require_file_ops(llb: &CapSet, product: &str) -> Result<(), String> {
    let Err(missing) = llb.check(caps::FILE_BASE) else { return Ok(()) };
    // The only capability that never left its trial.
    let missing = missing.to_string().replacen("experimental", "prerelease", 1);
    let since = match product {
        "docker" => " (added in Docker v19.03), please",
        "buildkit" => " (added in BuildKit v0.5.0), please",
        _ => ", please",
    };
    Err(format!("needs BuildKit 0.5 or later: {}", missing.replacen(", please", since, 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_without_file_ops_is_too_old() {
        let caps =
            CapSet::new(&[ApiCap { id: "x".to_owned(), enabled: true, ..Default::default() }], "docker");
        assert_eq!(
            require_file_ops(&caps, "docker").unwrap_err(),
            "needs BuildKit 0.5 or later: requested prerelease feature file.base  is not supported by build server \
             (added in Docker v19.03), please update docker"
        );
        assert_eq!(require_file_ops(&CapSet::of([caps::FILE_BASE]), ""), Ok(()));
    }

    #[test]
    fn engines_without_a_list_have_the_oldest_features() {
        let caps = of_protocol(&[], "");
        assert!(caps.has("readfile") && !caps.has(RETURN));
        assert!(of_llb(&[], "").has("exec.meta.base"));
    }
}
