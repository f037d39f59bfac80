//! The value of `RUN --device`.

use crate::suggest::{self, Case};
use crate::text::{Span, Spanned, Text, csv_fields, lower, parse_bool};

/// A device that a step asks for. Takes no variables.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// A CDI name: `vendor/class=name`, or a class.
    pub name: String,
    /// Whether the step fails without it.
    pub required: bool,
    /// The whole flag.
    pub span: Span,
}

/// Reads a `--device`.
///
/// # Errors
/// With the reference's words.
pub(super) fn parse(flag: &Spanned<Text>) -> Result<Device, String> {
    let fields = csv_fields(&flag.value).map_err(|err| format!("failed to parse csv devices: {err}"))?;
    let mut device = Device { name: String::new(), required: false, span: flag.span };
    for field in fields {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (lower(key), Some(value)),
            None => (lower(&field), None),
        };
        match (key.as_ref(), value) {
            ("required", None) => device.required = true,
            ("required", Some(value)) => {
                device.required =
                    parse_bool(value).ok_or_else(|| format!("invalid value for {key}: {value}"))?;
            }
            ("name", Some(_)) if !device.name.is_empty() => {
                return Err(format!("device name already set to {}", device.name));
            }
            ("name", Some(value)) => device.name = value.to_owned(),
            _ if device.name.is_empty() => device.name = field,
            (_, None) => return Err(format!("invalid field '{field}' must be a key=value pair")),
            (key, Some(_)) => {
                let message = format!("unexpected key '{key}' in '{field}'");
                return Err(suggest::hint(message, key, ["name", "required"], Case::Matters));
            }
        }
    }
    // The reference hands it on; an engine knows no such device.
    if device.name.is_empty() {
        return Err(format!("device has no name: {}", flag.value));
    }
    Ok(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, bool), &str>) {
        let found = parse(&Spanned::new(text.into(), Span::default()));
        assert_eq!(
            found.as_ref().map(|d| (d.name.as_str(), d.required)).map_err(String::as_str),
            expected,
            "{text}"
        );
    }

    #[test]
    fn devices() {
        check("a/b=c", Ok(("a/b=c", false)));
        check("a/b", Ok(("a/b", false)));
        check("Name=a/b,required", Ok(("a/b", true)));
        check("a/b=c,required=0", Ok(("a/b=c", false)));
        check("required", Err("device has no name: required"));
        check("a,b", Err("invalid field 'b' must be a key=value pair"));
        check("a,nam=b", Err("unexpected key 'nam' in 'nam=b' (did you mean name?)"));
        check("a,name=b", Err("device name already set to a"));
        check("a,required=x", Err("invalid value for required: x"));
        check("", Err("failed to parse csv devices: EOF"));
    }
}
