//! What is asked about the result: which attestations, by which scanner.

use super::OptionsError;
use crate::image::Reference;
use crate::text::{csv_fields, quote};
use std::collections::BTreeMap;

/// The scanner that lists what is in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sbom {
    /// Its image.
    pub generator: String,
    /// What it is told.
    pub parameters: BTreeMap<String, String>,
}

const DEFAULT_GENERATOR: &str = "docker/buildkit-syft-scanner:stable-1";

/// Reads `attest:*` and `build-arg:BUILDKIT_ATTEST_*`. Only the scanner is the frontend's business.
pub(super) fn sbom(map: &BTreeMap<String, String>) -> Result<Option<Sbom>, OptionsError> {
    let mut attestations = BTreeMap::new();
    for prefix in ["attest:", "build-arg:BUILDKIT_ATTEST_"] {
        for (name, value) in super::with_prefix(map, prefix) {
            attestations.insert(name.to_lowercase(), value);
        }
    }
    let mut parsed = BTreeMap::new();
    for (kind, value) in attestations {
        let attributes =
            attributes(&value).map_err(|err| OptionsError(format!("failed to parse {kind}: {err}")))?;
        parsed.insert(kind, attributes);
    }
    if let Some(kind) = parsed.keys().find(|kind| !matches!(kind.as_str(), "sbom" | "provenance")) {
        return Err(OptionsError(format!("unknown attestation type {}", quote(kind))));
    }
    let Some(mut parameters) = parsed.remove("sbom") else { return Ok(None) };
    let generator = parameters.remove("generator").unwrap_or_else(|| DEFAULT_GENERATOR.to_owned());
    let reference = Reference::parse_normalized(&generator)
        .map_err(|err| OptionsError(format!("failed to parse sbom scanner {generator}: {err}")))?;
    Ok(Some(Sbom { generator: reference.tag_name_only().to_string(), parameters }))
}

/// Reads `name=value,…`; a name alone has an empty value.
fn attributes(text: &str) -> Result<BTreeMap<String, String>, String> {
    if text.is_empty() {
        return Ok(BTreeMap::new());
    }
    let fields = csv_fields(text).map_err(|err| err.to_string())?;
    let pairs = fields.iter().map(|field| field.split_once('=').unwrap_or((field, "")));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn scanners() {
        let sbom = |pairs| read(pairs).unwrap().sbom.map(|sbom| (sbom.generator, sbom.parameters.len()));
        let default = "docker.io/docker/buildkit-syft-scanner:stable-1";
        assert_eq!(sbom(&[]), None);
        assert_eq!(sbom(&[("attest:provenance", "mode=max")]), None);
        assert_eq!(sbom(&[("attest:sbom", "")]), Some((default.to_owned(), 0)));
        assert_eq!(sbom(&[("build-arg:BUILDKIT_ATTEST_SBOM", "a=1,b")]), Some((default.to_owned(), 2)));
        assert_eq!(
            sbom(&[("attest:sbom", "generator=scan/it,x=y")]),
            Some(("docker.io/scan/it:latest".to_owned(), 1))
        );
    }

    #[test]
    fn errors() {
        let error = |pairs| read(pairs).unwrap_err().to_string();
        assert_eq!(error(&[("attest:Magic", "")]), "unknown attestation type \"magic\"");
        assert_eq!(
            error(&[("attest:sbom", "generator=")]),
            "failed to parse sbom scanner : invalid reference format"
        );
        assert_eq!(
            error(&[("attest:provenance", "a\"")]),
            "failed to parse provenance: parse error on line 1, column 2: bare \" in non-quoted-field"
        );
    }
}
