//! What the tests of all these mistakes have in common.

use super::super::fix;
use super::all;
use crate::instruction::parse_file;
use crate::syntax;
use crate::text::SourceMap;

/// Tells of each mistake its code and the text that is underlined, and makes sure that its fix removes it.
#[track_caller]
pub(super) fn check(text: &str, expected: &[&str]) {
    let found = |text: &str| {
        let sources = SourceMap::of("Dockerfile", text);
        let file = &sources.files()[0];
        let found = all(file, &parse_file(syntax::parse(file)));
        let told: Vec<String> =
            found.iter().map(|(it, _)| format!("{}: {}", it.code, file.slice(it.span))).collect();
        let edits = fix::merge(found.iter().filter_map(|(_, fix)| fix.as_ref()));
        (told, fix::apply(file, &edits), found.iter().all(|(_, fix)| fix.is_some()))
    };
    let (told, mended, is_mendable) = found(text);
    assert_eq!(told, expected);
    if is_mendable && !told.is_empty() {
        assert_eq!(found(&mended).0, [""; 0], "{mended}");
    }
}
