//! The config of an image as Docker writes it: the OCI fields and Docker's own.
//!
//! Bytes matter here: the engine keeps what it is given, so the order of fields, what is left out when empty, and
//! the escapes are those of the reference. Fields that nobody knows are dropped when a config is read, also as there.

use super::decode::{self, Fields};
use super::{Platform, Timestamp};
use crate::path;
use crate::text::to_json;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::collections::{BTreeMap, BTreeSet};

pub use super::decode::ConfigError;

/// The config of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Config {
    /// When the image was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Who made it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// The processor.
    pub architecture: String,
    /// The operating system.
    pub os: String,
    /// The version of the operating system.
    #[serde(rename = "os.version", skip_serializing_if = "String::is_empty")]
    pub os_version: String,
    /// What the operating system must be able to do.
    #[serde(rename = "os.features", skip_serializing_if = "Vec::is_empty")]
    pub os_features: Vec<String>,
    /// The kind of processor.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// The layers.
    pub rootfs: RootFs,
    /// How each layer came about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
    /// How a container of the image runs.
    pub config: ContainerConfig,
}

/// The layers of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RootFs {
    /// `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The digest of each unpacked layer, the lowest first. Nothing is written as `null`.
    pub diff_ids: Option<Vec<String>>,
}

/// One step of an image's making.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct History {
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// By which instruction.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// By whom.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// What else there is to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Whether the step added no layer.
    #[serde(skip_serializing_if = "is_false")]
    pub empty_layer: bool,
}

/// How a container of the image runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerConfig {
    /// The user, or `user:group`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Ports to publish, such as `80/tcp`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", serialize_with = "as_empty_objects")]
    pub exposed_ports: BTreeSet<String>,
    /// The environment, as `NAME=value`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// What is run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// The default arguments, or what is run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// Folders that live outside the container.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", serialize_with = "as_empty_objects")]
    pub volumes: BTreeSet<String>,
    /// Where it is run.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// What else the maker says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The signal that ends it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Whether the command line is escaped already; for Windows.
    #[serde(skip_serializing_if = "is_false")]
    pub args_escaped: bool,
    /// How to see whether it is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// Instructions for a build that starts from this image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on_build: Vec<String>,
    /// The shell of instructions in shell form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shell: Vec<String>,
}

/// How to see whether a container is well. Times are in nanoseconds; 0 means the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `NONE`, or `CMD` and its words, or `CMD-SHELL` and a command line. Empty: as in the base image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// From one check to the next.
    #[serde(skip_serializing_if = "is_zero")]
    pub interval: i64,
    /// For one check.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeout: i64,
    /// Until failures count.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_period: i64,
    /// From one check to the next before failures count.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_interval: i64,
    /// How many failures in a row make it unwell.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: i64,
}

impl Config {
    /// Returns the config of an image without content, as `FROM scratch` has it.
    pub fn empty(platform: &Platform) -> Config {
        let mut config =
            Config { rootfs: RootFs { kind: "layers".to_owned(), ..RootFs::default() }, ..Config::default() };
        config.set_platform(platform);
        config.config.working_dir = "/".to_owned();
        // Windows finds its own PATH.
        if platform.os != "windows" {
            config.config.env = vec![format!("PATH={}", path::default_path_env(&platform.os))];
        }
        config
    }

    /// Returns the config that stands for an image of which nothing is known: some layer, and the usual search path.
    pub fn plain(platform: &Platform) -> Config {
        let mut config = Config::empty(platform);
        config.rootfs.diff_ids = Some(vec![format!("sha256:{}", "0".repeat(64))]);
        config
    }

    /// Returns the platform the image is for.
    pub fn platform(&self) -> Platform {
        Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone(),
            os_version: self.os_version.clone(),
            os_features: self.os_features.clone(),
        }
    }

    /// Says which platform the image is for.
    pub fn set_platform(&mut self, platform: &Platform) {
        self.os = platform.os.clone();
        self.architecture = platform.architecture.clone();
        self.variant = platform.variant.clone();
        self.os_version = platform.os_version.clone();
        self.os_features = platform.os_features.clone();
    }

    /// Reads the JSON of a config.
    ///
    /// # Errors
    /// If it is no JSON, or a field has a value of another kind.
    pub fn from_json(json: &[u8]) -> Result<Config, ConfigError> {
        decode::parse(json)
    }

    /// Returns how many pieces of text the config holds, and the bytes of all of them.
    pub(crate) fn weight(&self) -> (usize, usize) {
        let Config { config, history, rootfs, .. } = self;
        let lists = [&config.env, &config.entrypoint, &config.cmd, &config.on_build, &config.shell];
        let listed = lists.into_iter().flatten().chain(rootfs.diff_ids.iter().flatten());
        let names = config.exposed_ports.iter().chain(&config.volumes);
        let labels = config.labels.iter().flat_map(|(key, value)| [key, value]);
        let steps = history.iter().flat_map(|step| [&step.created_by, &step.author, &step.comment]);
        let texts = listed.chain(names).chain(labels).chain(steps);
        texts.fold((1, 0), |(pieces, bytes), text| (pieces + 1, bytes + text.len()))
    }

    /// Returns the JSON of the config.
    pub fn to_json(&self) -> Vec<u8> {
        to_json(self)
    }
}

impl Fields for Config {
    fn set(&mut self, name: &str, value: &decode::Value) -> Result<(), ConfigError> {
        match name {
            "created" => decode::time(&mut self.created, value),
            "author" => decode::string(&mut self.author, value),
            "architecture" => decode::string(&mut self.architecture, value),
            "os" => decode::string(&mut self.os, value),
            "os.version" => decode::string(&mut self.os_version, value),
            "os.features" => decode::strings(&mut self.os_features, value),
            "variant" => decode::string(&mut self.variant, value),
            "rootfs" => decode::fields(&mut self.rootfs, value),
            "history" => decode::list(&mut self.history, value),
            "config" => decode::fields(&mut self.config, value),
            _ => Ok(()),
        }
    }
}

impl Fields for RootFs {
    fn set(&mut self, name: &str, value: &decode::Value) -> Result<(), ConfigError> {
        match name {
            "type" => decode::string(&mut self.kind, value),
            "diff_ids" if value.is_null() => {
                self.diff_ids = None;
                Ok(())
            }
            "diff_ids" => decode::strings(self.diff_ids.get_or_insert_default(), value),
            _ => Ok(()),
        }
    }
}

impl Fields for History {
    fn set(&mut self, name: &str, value: &decode::Value) -> Result<(), ConfigError> {
        match name {
            "created" => decode::time(&mut self.created, value),
            "created_by" => decode::string(&mut self.created_by, value),
            "author" => decode::string(&mut self.author, value),
            "comment" => decode::string(&mut self.comment, value),
            "empty_layer" => decode::boolean(&mut self.empty_layer, value),
            _ => Ok(()),
        }
    }
}

impl Fields for ContainerConfig {
    fn set(&mut self, name: &str, value: &decode::Value) -> Result<(), ConfigError> {
        match name {
            "user" => decode::string(&mut self.user, value),
            "exposedports" => decode::keys(&mut self.exposed_ports, value),
            "env" => decode::strings(&mut self.env, value),
            "entrypoint" => decode::strings(&mut self.entrypoint, value),
            "cmd" => decode::strings(&mut self.cmd, value),
            "volumes" => decode::keys(&mut self.volumes, value),
            "workingdir" => decode::string(&mut self.working_dir, value),
            "labels" => decode::map(&mut self.labels, value),
            "stopsignal" => decode::string(&mut self.stop_signal, value),
            "argsescaped" => decode::boolean(&mut self.args_escaped, value),
            "healthcheck" if value.is_null() => {
                self.healthcheck = None;
                Ok(())
            }
            "healthcheck" => decode::fields(self.healthcheck.get_or_insert_default(), value),
            "onbuild" => decode::strings(&mut self.on_build, value),
            "shell" => decode::strings(&mut self.shell, value),
            _ => Ok(()),
        }
    }
}

impl Fields for Healthcheck {
    fn set(&mut self, name: &str, value: &decode::Value) -> Result<(), ConfigError> {
        match name {
            "test" => decode::strings(&mut self.test, value),
            "interval" => decode::integer(&mut self.interval, value),
            "timeout" => decode::integer(&mut self.timeout, value),
            "startperiod" => decode::integer(&mut self.start_period, value),
            "startinterval" => decode::integer(&mut self.start_interval, value),
            "retries" => decode::integer(&mut self.retries, value),
            _ => Ok(()),
        }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// Writes a set as an object whose values are empty objects.
fn as_empty_objects<S: Serializer>(keys: &BTreeSet<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(keys.len()))?;
    for key in keys {
        map.serialize_entry(key, &BTreeMap::<(), ()>::new())?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, want: &str) {
        let config = Config::from_json(json.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(config.to_json()).unwrap(), want);
    }

    #[test]
    fn order_and_what_is_left_out() {
        check(
            r#"{"config":{"Shell":["s"],"OnBuild":["RUN x"],"Healthcheck":{"Retries":3,"Test":["NONE"]},
                "ArgsEscaped":true,"StopSignal":"9","Labels":{"b":"<&>","a":""},"WorkingDir":"/w",
                "Volumes":{"/v":{}},"Cmd":["c"],"Entrypoint":["e"],"Env":["A=1"],"ExposedPorts":{"80/tcp":{}},
                "User":"u","MacAddress":"dropped"},
               "history":[{"empty_layer":true,"comment":"c","author":"a","created_by":"b","created":"2024-05-22T18:18:12.50Z"}],
               "rootfs":{"diff_ids":["sha256:1"],"type":"layers"},"variant":"v8","os.features":["f"],"os.version":"1",
               "os":"linux","architecture":"arm64","author":"me","created":"2024-05-22T18:18:12Z","container":"dropped"}"#,
            concat!(
                r#"{"created":"2024-05-22T18:18:12Z","author":"me","architecture":"arm64","os":"linux","os.version":"1","#,
                r#""os.features":["f"],"variant":"v8","rootfs":{"type":"layers","diff_ids":["sha256:1"]},"#,
                r#""history":[{"created":"2024-05-22T18:18:12.5Z","created_by":"b","author":"a","comment":"c","empty_layer":true}],"#,
                r#""config":{"User":"u","ExposedPorts":{"80/tcp":{}},"Env":["A=1"],"Entrypoint":["e"],"Cmd":["c"],"#,
                r#""Volumes":{"/v":{}},"WorkingDir":"/w","Labels":{"a":"","b":"\u003c\u0026\u003e"},"StopSignal":"9","#,
                r#""ArgsEscaped":true,"Healthcheck":{"Test":["NONE"],"Retries":3},"OnBuild":["RUN x"],"Shell":["s"]}}"#,
            ),
        );
    }

    #[test]
    fn nulls_and_other_spellings() {
        check("{}", r#"{"architecture":"","os":"","rootfs":{"type":"","diff_ids":null},"config":{}}"#);
        check("null", r#"{"architecture":"","os":"","rootfs":{"type":"","diff_ids":null},"config":{}}"#);
        check(
            r#"{"OS":"linux","Config":{"ENV":["A=1",null],"cmd":null,"Labels":null,"Healthcheck":{}},"rootfs":{"diff_ids":[]},"history":null}"#,
            concat!(
                r#"{"architecture":"","os":"linux","rootfs":{"type":"","diff_ids":[]},"#,
                r#""config":{"Env":["A=1",""],"Healthcheck":{}}}"#
            ),
        );
    }

    #[test]
    fn values_of_another_kind() {
        for json in ["", "[]", "1", r#"{"os":1}"#, r#"{"config":{"Env":"A"}}"#, r#"{"created":"yesterday"}"#]
        {
            assert!(Config::from_json(json.as_bytes()).is_err(), "{json}");
        }
        for json in [r#"{"config":{"Healthcheck":{"Retries":1.5}}}"#, r#"{"config":{"Volumes":{"/v":1}}}"#] {
            assert!(Config::from_json(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn empty() {
        let config = Config::empty(&Platform::new("linux", "amd64"));
        assert_eq!(
            String::from_utf8(config.to_json()).unwrap(),
            concat!(
                r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":null},"config":"#,
                r#"{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"WorkingDir":"/"}}"#
            )
        );
        assert!(Config::empty(&Platform::new("windows", "amd64")).config.env.is_empty());
    }
}
