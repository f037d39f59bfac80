//! The environment of the process, by which the engine tells what is asked.
//!
//! In: variables in any order. Out: plain data. What the options mean is known to the core (`crate::options`).

use crate::image::Platform;
use serde_json::Value;
use std::collections::BTreeMap;

const OPTION_PREFIX: &str = "BUILDKIT_FRONTEND_OPT_";

/// What the engine put into the environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Environment {
    /// Options of the frontend: `target`, `build-arg:NAME`, `context:NAME` and so on.
    pub options: BTreeMap<String, String>,
    /// The session of the client.
    pub session_id: String,
    /// What the engine is part of, for messages that ask to update it.
    pub product: String,
    /// The platforms of the engine's first worker, its own first.
    pub platforms: Vec<Platform>,
}

impl Environment {
    /// Reads the environment of this process.
    pub(super) fn of_process() -> Environment {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Environment::read(std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))))
    }

    /// Reads the variables. Of two options with one name the later variable counts.
    pub(super) fn read(variables: impl IntoIterator<Item = (String, String)>) -> Environment {
        let mut environment = Environment::default();
        for (name, value) in variables {
            match name.as_str() {
                "BUILDKIT_SESSION_ID" => environment.session_id = value,
                "BUILDKIT_EXPORTEDPRODUCT" => environment.product = value,
                "BUILDKIT_WORKERS" => environment.platforms = platforms(&value),
                _ if name.starts_with(OPTION_PREFIX) => {
                    let (key, value) = value.split_once('=').unwrap_or((&value, ""));
                    environment.options.insert(key.to_owned(), value.to_owned());
                }
                _ => {}
            }
        }
        environment
    }
}

/// Reads the platforms of the first worker. What cannot be read is as good as not there.
fn platforms(workers: &str) -> Vec<Platform> {
    let Ok(workers) = serde_json::from_str::<Value>(workers) else {
        return Vec::new();
    };
    let listed = field(&workers[0], "platforms").and_then(Value::as_array);
    listed.into_iter().flatten().map(platform).collect()
}

fn platform(value: &Value) -> Platform {
    let text = |key: &str| field(value, key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let features = field(value, "os.features").and_then(Value::as_array);
    Platform {
        os: text("os"),
        architecture: text("architecture"),
        variant: text("variant"),
        os_version: text("os.version"),
        os_features: features.into_iter().flatten().filter_map(|f| f.as_str().map(str::to_owned)).collect(),
    }
}

/// Old engines wrote the names of Go fields (`Platforms`), new ones write `platforms`.
fn field<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    object.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Environment {
        Environment::read(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn options_come_in_any_order_and_may_hold_equals_signs() {
        let read = read(&[
            ("BUILDKIT_FRONTEND_OPT_1", "build-arg:A=b=c"),
            ("PATH", "/bin"),
            ("BUILDKIT_SESSION_ID", "s"),
            ("BUILDKIT_FRONTEND_OPT_0", "no-cache="),
            ("BUILDKIT_FRONTEND_OPT_17", "alone"),
            ("BUILDKIT_EXPORTEDPRODUCT", "docker"),
        ]);
        let options: Vec<_> = read.options.iter().map(|(k, v)| format!("{k}:{v}")).collect();
        assert_eq!(options, ["alone:", "build-arg:A:b=c", "no-cache:"]);
        assert_eq!((read.session_id.as_str(), read.product.as_str()), ("s", "docker"));
    }

    #[test]
    fn workers_are_read_in_both_spellings() {
        #[track_caller]
        fn check(json: &str, expected: &[&str]) {
            let found = read(&[("BUILDKIT_WORKERS", json)]).platforms;
            let found: Vec<_> =
                found.iter().map(|p| format!("{}/{}/{}", p.os, p.architecture, p.variant)).collect();
            assert_eq!(found, expected);
        }
        check(
            r#"[{"ID":"w","Labels":{},"Platforms":[{"architecture":"arm","os":"linux","variant":"v7"}]}]"#,
            &["linux/arm/v7"],
        );
        check(
            r#"[{"id":"w","platforms":[{"architecture":"amd64","os":"linux"},{"architecture":"386","os":"linux"}]}]"#,
            &["linux/amd64/", "linux/386/"],
        );
        check("[]", &[]);
        check("null", &[]);
        check("no json", &[]);
    }
}
