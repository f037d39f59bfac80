//! Schemas, taken more strictly than they are written.

use serde_json::Value;

/// Lets no field pass that a schema does not name.
pub fn close(rules: &mut Value) {
    if rules.get("properties").is_some_and(Value::is_object) {
        rules["additionalProperties"] = Value::Bool(false);
    }
    match rules {
        Value::Object(fields) => fields.values_mut().for_each(close),
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
