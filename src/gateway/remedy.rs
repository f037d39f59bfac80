//! What a capability is to the one who writes a Dockerfile, and since when BuildKit has it.
//!
//! In: a capability that an engine lacks, and where it is asked for. Out: a sentence to stand below the words that
//! BuildKit's client library has for it, which name neither.

use crate::llb::{Error, Reason, caps};
use crate::text::{SourceMap, Span};

/// Capabilities younger than BuildKit 0.8, the engine inside Docker 20.10, and the minor version that brought each.
/// No older engine can run this frontend's ops at all.
const YOUNG: &[(&str, &str, u32)] = &[
    (caps::DIFF_OP, "the difference of two file systems", 10),
    (caps::EXEC_META_CDI, "RUN --device", 20),
    (caps::EXEC_META_CGROUP_PARENT, "a parent control group", 10),
    (caps::EXEC_META_LINUX_RESOURCES, "a limit of memory or processor time", 31),
    (caps::EXEC_META_ULIMIT, "a ulimit", 10),
    (caps::EXEC_MOUNT_CONTENT_CACHE, "a mount whose content is not looked at for the cache", 13),
    (caps::EXEC_MOUNT_TMPFS_SIZE, "a tmpfs mount with a size", 10),
    (caps::EXEC_SECRET_ENV, "a secret in a variable (RUN --mount=type=secret,env=…)", 10),
    (caps::EXEC_VALID_EXIT_CODE, "a command that may fail", 17),
    (caps::FILE_COPY_PATTERNS, "a copy with --exclude or --parents", 9),
    (caps::FILE_COPY_SYMBOLIC_MODE, "a copy with a symbolic --chmod", 17),
    (caps::MERGE_OP, "joining layers", 10),
    (caps::PASSTHROUGH_OP, "a step that hands on its input", 31),
    (caps::SOURCE_GIT_CHECKSUM, "a checksum of a Git source", 22),
    (caps::SOURCE_GIT_FETCH_BY_COMMIT, "fetching a Git commit by its id", 30),
    (caps::SOURCE_GIT_MTIME, "times of files from a Git source", 29),
    (caps::SOURCE_GIT_SKIP_SUBMODULES, "a Git source without its submodules", 24),
    (caps::SOURCE_HTTP_AUTH, "a secret for an HTTP source", 21),
    (caps::SOURCE_HTTP_HEADER, "headers for an HTTP source", 21),
    (caps::SOURCE_HTTP_SIGNATURE_VERIFY, "a signature of an HTTP source", 28),
    (caps::SOURCE_IMAGE_CHECKSUM, "a checksum of an image", 25),
    (caps::SOURCE_IMAGE_LAYER_LIMIT, "a part of an image's layers", 11),
    (caps::SOURCE_LOCAL_METADATA_TRANSFER, "files of the build context without their content", 21),
    (caps::SOURCE_OCI_LAYOUT, "a named context that is an OCI layout", 11),
];

/// Says what the build asks for that the engine lacks, where, and which engine has it. For other errors, nothing.
pub(super) fn remedy(error: &Error, sources: &SourceMap) -> Option<String> {
    let Reason::Unsupported(lack) = &error.reason else { return None };
    let young = YOUNG.iter().find(|(cap, ..)| *cap == lack.cap);
    let what = young.map_or(lack.cap.as_str(), |(_, what, _)| what);
    let place = match error.span.filter(|span| *span != Span::NOWHERE) {
        Some(span) => format!(" ({}, line {})", sources.file_of(span).name(), sources.lines(span).0),
        None => String::new(),
    };
    Some(match young {
        // What is switched off would be so on a newer engine, too.
        Some((.., minor)) if !lack.is_disabled() => {
            format!("{what}{place} needs BuildKit 0.{minor} or newer")
        }
        _ => format!("{what}{place} is not to be had on this engine"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llb::caps::CapSet;

    #[test]
    fn feature_place_and_version_are_named() {
        check(
            caps::EXEC_MOUNT_TMPFS_SIZE,
            Some(7),
            "a tmpfs mount with a size (Dockerfile, line 2) needs BuildKit 0.10 or newer",
        );
        check(
            caps::SOURCE_OCI_LAYOUT,
            None,
            "a named context that is an OCI layout needs BuildKit 0.11 or newer",
        );
        check("of.the.future", Some(0), "of.the.future (Dockerfile, line 1) is not to be had on this engine");
    }

    #[test]
    fn other_errors_have_no_remedy() {
        let error = Error { reason: Reason::Cycle, span: None };
        assert_eq!(remedy(&error, &SourceMap::of("Dockerfile", "FROM x\n")), None);
    }

    #[track_caller]
    fn check(cap: &str, at: Option<u32>, expected: &str) {
        let sources = SourceMap::of("Dockerfile", "FROM x\nRUN a\n");
        let lacks = CapSet::default().check(cap).unwrap_err();
        let span = at.map(|at| Span::new(at, at + 1));
        let error = Error { reason: Reason::Unsupported(lacks), span };
        assert_eq!(remedy(&error, &sources).as_deref(), Some(expected));
    }
}
