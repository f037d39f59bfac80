//! The graph of a build as JSON.

use super::{Metadata, Request, json, protojson};
use crate::llb::{Definition, Digest};
use crate::pb::ops;
use prost::Message;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Answers `frontend.convertllb` by the definition of the target.
///
/// # Errors
/// If an op is no op, which only a definition that came from outside can bring about.
pub fn convert_llb(definition: &Definition) -> Result<Metadata, prost::DecodeError> {
    let mut all = Vec::with_capacity(definition.ops.len());
    for bytes in &definition.ops {
        let op = ops::Op::decode(&**bytes)?;
        all.push((Digest::of(bytes).to_string(), protojson::op(&op)));
    }
    // By digest, as maps are written.
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    let metadata: BTreeMap<_, _> =
        definition.said().iter().map(|(digest, said)| (digest.to_string(), json::metadata(said))).collect();
    let answer = json!({
        "def": all.into_iter().collect::<Map<String, Value>>(),
        "metadata": metadata.into_iter().collect::<Map<String, Value>>(),
        "source": definition.to_pb().source.as_ref().map_or_else(|| json!({}), protojson::source),
    });
    Ok(Request::ConvertLlb.answer(&answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_are_listed_by_digest() {
        let source = ops::SourceOp { identifier: "docker-image://a".into(), attrs: Vec::new() };
        let op = ops::Op { op: Some(ops::op::Op::Source(source)), ..Default::default() };
        let bytes = op.encode_to_vec();
        let digest = Digest::of(&bytes);
        let said = ops::OpMetadata { ignore_cache: true, ..Default::default() };
        let metadata = vec![(digest, said.encode_to_vec().into())];
        let definition = Definition { ops: vec![bytes.into()], metadata, source: None };
        let metadata = convert_llb(&definition).unwrap();
        let json: Value = serde_json::from_slice(&metadata["result.json"]).unwrap();
        assert_eq!(
            json.to_string(),
            format!(
                r#"{{"def":{{"{digest}":{{"source":{{"identifier":"docker-image://a"}}}}}},"metadata":{{"{digest}":{{"ignore_cache":true}}}},"source":{{}}}}"#
            )
        );
        assert_eq!(metadata["version"], b"0.1.0");
        assert!(convert_llb(&Definition { ops: vec![vec![0xff].into()], ..Definition::default() }).is_err());
    }
}
