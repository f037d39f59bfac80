//! Reads JSON the way Go fills a struct: names match in any case, `null` changes nothing or empties, what has no
//! field is dropped, and a value of another kind is an error.

use super::Timestamp;
use crate::limits::CONFIG_BYTES;
use crate::text::{check_json, quote};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub(super) use serde_json::Value;

/// Why a text is no image config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// A struct that is filled field by field.
pub(super) trait Fields: Default {
    /// Takes the value of a field. `name` is in lower case.
    fn set(&mut self, name: &str, value: &Value) -> Result<(), ConfigError>;
}

/// Reads a whole text. Bytes that are no UTF-8 become U+FFFD.
pub(super) fn parse<T: Fields>(json: &[u8]) -> Result<T, ConfigError> {
    if json.len() > CONFIG_BYTES {
        return Err(ConfigError(format!("the config is larger than {} MiB", CONFIG_BYTES >> 20)));
    }
    let json = String::from_utf8_lossy(json);
    let value: Value = serde_json::from_str(&json)
        .map_err(|err| ConfigError(check_json(&json).err().unwrap_or_else(|| err.to_string())))?;
    let mut out = T::default();
    fields(&mut out, &value)?;
    Ok(out)
}

pub(super) fn fields<T: Fields>(out: &mut T, value: &Value) -> Result<(), ConfigError> {
    match value {
        Value::Null => Ok(()),
        Value::Object(entries) => {
            entries.iter().try_for_each(|(name, value)| out.set(&name.to_ascii_lowercase(), value))
        }
        other => wrong(other, "an object"),
    }
}

pub(super) fn list<T: Fields>(out: &mut Vec<T>, value: &Value) -> Result<(), ConfigError> {
    out.clear();
    match value {
        Value::Null => Ok(()),
        Value::Array(values) => values.iter().try_for_each(|value| {
            let mut item = T::default();
            fields(&mut item, value)?;
            out.push(item);
            Ok(())
        }),
        other => wrong(other, "a list"),
    }
}

pub(super) fn string(out: &mut String, value: &Value) -> Result<(), ConfigError> {
    match value {
        Value::Null => Ok(()),
        Value::String(text) => {
            out.clone_from(text);
            Ok(())
        }
        other => wrong(other, "a string"),
    }
}

pub(super) fn strings(out: &mut Vec<String>, value: &Value) -> Result<(), ConfigError> {
    out.clear();
    match value {
        Value::Null => Ok(()),
        Value::Array(values) => values.iter().try_for_each(|value| {
            out.push(String::new());
            string(out.last_mut().expect("pushed just now"), value)
        }),
        other => wrong(other, "a list of strings"),
    }
}

/// Reads the keys of an object whose values are empty objects.
pub(super) fn keys(out: &mut BTreeSet<String>, value: &Value) -> Result<(), ConfigError> {
    match value {
        Value::Null => {
            out.clear();
            Ok(())
        }
        Value::Object(entries) => entries.iter().try_for_each(|(name, value)| {
            if !(value.is_null() || value.is_object()) {
                return wrong(value, "an object");
            }
            out.insert(name.clone());
            Ok(())
        }),
        other => wrong(other, "an object"),
    }
}

pub(super) fn map(out: &mut BTreeMap<String, String>, value: &Value) -> Result<(), ConfigError> {
    match value {
        Value::Null => {
            out.clear();
            Ok(())
        }
        Value::Object(entries) => entries.iter().try_for_each(|(name, value)| {
            let slot = out.entry(name.clone()).or_default();
            slot.clear();
            string(slot, value)
        }),
        other => wrong(other, "an object"),
    }
}

pub(super) fn boolean(out: &mut bool, value: &Value) -> Result<(), ConfigError> {
    match value {
        Value::Null => Ok(()),
        Value::Bool(value) => {
            *out = *value;
            Ok(())
        }
        other => wrong(other, "true or false"),
    }
}

pub(super) fn integer(out: &mut i64, value: &Value) -> Result<(), ConfigError> {
    match value {
        Value::Null => Ok(()),
        Value::Number(number) => match number.as_i64() {
            Some(number) => {
                *out = number;
                Ok(())
            }
            None => wrong(value, "an integer"),
        },
        other => wrong(other, "an integer"),
    }
}

pub(super) fn time(out: &mut Option<Timestamp>, value: &Value) -> Result<(), ConfigError> {
    match value {
        Value::Null => {
            *out = None;
            Ok(())
        }
        Value::String(text) => {
            *out = Some(Timestamp::parse(text).map_err(|err| ConfigError(err.to_string()))?);
            Ok(())
        }
        other => wrong(other, "a time"),
    }
}

fn wrong<T>(value: &Value, wanted: &str) -> Result<T, ConfigError> {
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quote(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    Err(ConfigError(format!("image config holds {found} where {wanted} belongs")))
}
