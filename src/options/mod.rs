//! What one build asks for: plain data, filled by both edges.
//!
//! In: the options of a frontend, by name, and the platforms of the workers. Out: [`Options`], or the reference's
//! error about the first option that is wrong. The text of `BUILDKIT_DOCKERFILE_CHECK` is kept as it is; the room
//! `lint` reads it. Contexts are named here, not opened.

mod attestation;
mod attribute;
mod context;

pub use attestation::Sbom;
pub use attribute::{CacheImport, HostAddress, LinuxResources, NetworkMode, ResolveMode, Ulimit};
pub use context::{MainContext, NamedContext};

use crate::image::Platform;
use crate::text::parse_bool;
use std::collections::BTreeMap;
use std::fmt;

/// What one build asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// All options by name, as they go to another frontend.
    pub(crate) all: BTreeMap<String, String>,
    /// The platform this program runs on.
    pub(crate) host: Platform,
    /// Where steps run; never empty. The first one is the build platform.
    pub(crate) build_platforms: Vec<Platform>,
    /// What to build for. Empty: for the build platform.
    pub(crate) target_platforms: Vec<Platform>,
    /// Whether the result names its platforms, though it may be one only.
    pub(crate) is_multi_platform: bool,
    /// The stage to build. Empty: the last.
    pub(crate) target: String,
    /// Values for `ARG`.
    pub(crate) build_args: BTreeMap<String, String>,
    /// Labels for the image.
    pub(crate) labels: BTreeMap<String, String>,
    /// Which stages must not come from the cache.
    pub(crate) no_cache: NoCache,
    /// Which images to look up where.
    pub(crate) image_resolve_mode: ResolveMode,
    /// Lines for `/etc/hosts`.
    pub(crate) extra_hosts: Vec<HostAddress>,
    /// The network of steps that do not say.
    pub(crate) network: NetworkMode,
    /// The host name of steps.
    pub(crate) hostname: String,
    /// The size of `/dev/shm`, in bytes. 0: the engine's.
    pub(crate) shm_size: i64,
    /// Limits of processes.
    pub(crate) ulimits: Vec<Ulimit>,
    /// Limits of steps.
    pub(crate) resources: Option<LinuxResources>,
    /// The control group that steps live in.
    pub(crate) cgroup_parent: String,
    /// A name that sets the cache mounts of this build apart.
    pub(crate) cache_id_namespace: String,
    /// Caches to read from.
    pub(crate) cache_imports: Vec<CacheImport>,
    /// The scanner that lists what is in the image.
    pub(crate) sbom: Option<Sbom>,
    /// The text of `BUILDKIT_DOCKERFILE_CHECK`, if given.
    pub(crate) check: Option<String>,
    /// The main context and the Dockerfile.
    pub(crate) context: MainContext,
    /// The named contexts, by name or `name::platform`.
    pub(crate) named_contexts: BTreeMap<String, String>,
    /// What tells apart folders of one name, by name of the context.
    pub(crate) shared_keys: BTreeMap<String, String>,
    /// JSON about frontend inputs, by their name.
    pub(crate) input_metadata: BTreeMap<String, String>,
    /// The sessions of local folders that are not in the main one, by name of the folder.
    pub(crate) local_session_ids: BTreeMap<String, String>,
    /// The session of the caller; the edge knows it from elsewhere.
    pub(crate) session_id: String,
    /// The subrequest, if this is one.
    pub(crate) request_id: Option<String>,
    /// The frontend to forward to, from `BUILDKIT_SYNTAX`, if given.
    pub(crate) syntax: Option<String>,
    /// The command line this frontend was found by; it has been forwarded to if there is one.
    pub(crate) cmdline: Option<String>,
    /// What the caller needs a frontend to do, and this one does not.
    pub(crate) missing_capability: Option<MissingCapability>,
}

/// Which stages must not come from the cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NoCache {
    /// None.
    #[default]
    None,
    /// All.
    All,
    /// Those of these names.
    Stages(Vec<String>),
}

/// Something that a frontend must be able to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingCapability {
    /// Its name.
    pub name: String,
    /// Whether forwarding to another frontend is still allowed.
    pub may_forward: bool,
}

impl fmt::Display for MissingCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unsupported frontend capability {}", self.name)
    }
}

/// An option that is wrong. The words are the reference's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionsError(String);

impl OptionsError {
    fn new(message: impl Into<String>) -> OptionsError {
        OptionsError(message.into())
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OptionsError {}

/// What this frontend can do, of what a caller may ask.
const CAPABILITIES: &[&str] = &[
    "moby.buildkit.frontend.inputs",
    "moby.buildkit.frontend.subrequests",
    "moby.buildkit.frontend.contexts",
    "moby.buildkit.frontend.gitquerystring",
];

impl Options {
    /// Returns the options of a build that asks for nothing in particular.
    pub fn new() -> Options {
        let host = Platform::host();
        Options { build_platforms: vec![host.normalized()], host, ..Options::default() }
    }

    /// Reads options by the names that BuildKit gives them: `target`, `platform`, `build-arg:NAME`, `label:NAME`,
    /// `context:NAME`, `no-cache`, `filename` and so on. Steps run on the platform of this program.
    ///
    /// # Errors
    /// The first option that is wrong.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Options, OptionsError> {
        let map = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Options::from_map(&map, &[], &Platform::host())
    }

    /// Reads the options of a frontend.
    ///
    /// `workers` holds the platforms of each worker; without any, steps run on `host`.
    ///
    /// # Errors
    /// The first option that is wrong, in the reference's order.
    pub fn from_map(
        map: &BTreeMap<String, String>,
        workers: &[Vec<Platform>],
        host: &Platform,
    ) -> Result<Options, OptionsError> {
        let get = |name: &str| map.get(name).map_or("", String::as_str);
        let given = |name: &str| map.get(name).cloned();
        let mut all = map.clone();
        refuse_removed(map)?;

        let first_worker = workers.first().and_then(|platforms| platforms.first());
        let build_platform = first_worker.cloned().unwrap_or_else(|| host.normalized());
        let target_platforms = attribute::platforms(get("platform"), host)?;
        let image_resolve_mode = attribute::resolve_mode(get("image-resolve-mode"))?;
        let extra_hosts = attribute::extra_hosts(get("add-hosts"))?;
        let shm_size = attribute::shm_size(get("shm-size"))?;
        let ulimits = attribute::ulimits(get("ulimit"))?;
        let resources = attribute::resources(get)?;
        let network = attribute::network_mode(get("force-network-mode"))?;
        let no_cache = match map.get("no-cache").map(String::as_str) {
            None => NoCache::None,
            Some("") => NoCache::All,
            Some(stages) => NoCache::Stages(stages.split(',').map(str::to_owned).collect()),
        };

        // These two build arguments win over the option, also in what another frontend is told.
        for (name, argument) in [
            ("multi-platform", "build-arg:BUILDKIT_MULTI_PLATFORM"),
            ("hostname", "build-arg:BUILDKIT_SANDBOX_HOSTNAME"),
        ] {
            if let Some(value) = given(argument).filter(|value| !value.is_empty()) {
                all.insert(name.to_owned(), value);
            }
        }
        let is_multi_platform = multi_platform(all.get("multi-platform"), target_platforms.len())?;

        let cache_imports = attribute::cache_imports(get("cache-imports"), get("cache-from"))?;
        let sbom = attestation::sbom(map)?;

        Ok(Options {
            host: host.clone(),
            build_platforms: vec![build_platform],
            target_platforms,
            is_multi_platform,
            target: get("target").to_owned(),
            build_args: with_prefix(map, "build-arg:"),
            labels: with_prefix(map, "label:"),
            no_cache,
            image_resolve_mode,
            extra_hosts,
            network,
            hostname: all.get("hostname").cloned().unwrap_or_default(),
            shm_size,
            ulimits,
            resources,
            cgroup_parent: get("cgroup-parent").to_owned(),
            cache_id_namespace: get("build-arg:BUILDKIT_CACHE_MOUNT_NS").to_owned(),
            cache_imports,
            sbom,
            check: given("build-arg:BUILDKIT_DOCKERFILE_CHECK"),
            context: MainContext::from_map(map),
            named_contexts: with_prefix(map, "context:"),
            shared_keys: with_prefix(map, "sharedkey:localdir:"),
            input_metadata: with_prefix(map, "input-metadata:"),
            local_session_ids: with_prefix(map, "local-sessionid:"),
            session_id: String::new(),
            request_id: given("requestid"),
            syntax: given("build-arg:BUILDKIT_SYNTAX"),
            cmdline: given("cmdline"),
            missing_capability: missing_capability(get("frontend.caps")),
            all,
        })
    }

    /// Tells whether a stage of this name must not come from the cache.
    pub fn is_no_cache(&self, stage: &str) -> bool {
        match &self.no_cache {
            NoCache::None => false,
            NoCache::All => true,
            NoCache::Stages(names) => names.iter().any(|name| name.to_lowercase() == stage.to_lowercase()),
        }
    }

    /// Returns the session that a local folder is in.
    pub fn session_of_local(&self, name: &str) -> &str {
        self.local_session_ids.get(name).unwrap_or(&self.session_id)
    }

    /// Returns the options for another frontend, an image that was named by `cmdline`.
    pub fn forwarded(&self, source: &str, cmdline: &str) -> BTreeMap<String, String> {
        let mut all = self.all.clone();
        all.insert("cmdline".to_owned(), cmdline.to_owned());
        all.insert("source".to_owned(), source.to_owned());
        all
    }
}

/// Refuses what BuildKit no longer does.
fn refuse_removed(map: &BTreeMap<String, String>) -> Result<(), OptionsError> {
    if map.get("override-copy-image").is_some_and(|value| !value.is_empty()) {
        return Err(OptionsError::new("support for \"override-copy-image\" was removed in BuildKit 0.11"));
    }
    if map.get("build-arg:BUILDKIT_DISABLE_FILEOP").and_then(|value| parse_bool(value)) == Some(true) {
        return Err(OptionsError::new(
            "support for \"BUILDKIT_DISABLE_FILEOP\" build-arg was removed in BuildKit 0.11",
        ));
    }
    Ok(())
}

fn multi_platform(value: Option<&String>, platforms: usize) -> Result<bool, OptionsError> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(platforms > 1) };
    match parse_bool(value) {
        None => Err(OptionsError(format!("invalid boolean value for multi-platform: {value}"))),
        Some(false) if platforms > 1 => {
            Err(OptionsError::new("conflicting config: returning multiple target platforms is not allowed"))
        }
        Some(value) => Ok(value),
    }
}

/// Returns the last capability that is missing, or the first one without `+forward`.
fn missing_capability(wanted: &str) -> Option<MissingCapability> {
    let mut missing = None;
    for wanted in wanted.split(',').filter(|_| !wanted.is_empty()) {
        let name = wanted.split('+').next().unwrap_or_default();
        if !CAPABILITIES.contains(&name) {
            let may_forward = wanted.contains("+forward");
            missing = Some(MissingCapability { name: name.to_owned(), may_forward });
            if !may_forward {
                break;
            }
        }
    }
    missing
}

/// Returns the options whose name begins with `prefix`, without it.
fn with_prefix(map: &BTreeMap<String, String>, prefix: &str) -> BTreeMap<String, String> {
    let named = map.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
    named.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn host() -> Platform {
        Platform::new("linux", "amd64")
    }

    /// Reads options from pairs of name and value.
    pub(crate) fn read(pairs: &[(&str, &str)]) -> Result<Options, OptionsError> {
        let map = pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Options::from_map(&map, &[], &host())
    }

    #[track_caller]
    fn check_error(pairs: &[(&str, &str)], want: &str) {
        assert_eq!(read(pairs).unwrap_err().to_string(), want);
    }

    #[test]
    fn nothing() {
        let options = read(&[]).unwrap();
        assert_eq!(options.build_platforms, [host()]);
        assert_eq!(options, Options { host: host(), build_platforms: vec![host()], ..Options::default() });
    }

    #[test]
    fn platforms() {
        let options = read(&[("platform", "linux/x86_64,linux/aarch64/v8,arm64")]).unwrap();
        let names: Vec<String> = options.target_platforms.iter().map(Platform::to_string).collect();
        assert_eq!(
            (names, options.is_multi_platform),
            (vec!["linux/amd64".into(), "linux/arm64".into(), "linux/arm64".into()], true)
        );
        let workers = [vec![Platform::new("linux", "arm64")]];
        let options = Options::from_map(&BTreeMap::new(), &workers, &host()).unwrap();
        assert_eq!(options.build_platforms, [Platform::new("linux", "arm64")]);
        check_error(
            &[("platform", "linux/amd64/v1/too/long")],
            "failed to parse target platform linux/amd64/v1/too/long: \"too/long\" is an invalid component of \
             \"linux/amd64/v1/too/long\": platform specifier component must match \"^[A-Za-z0-9_.-]+$\": invalid argument",
        );
        check_error(
            &[("platform", "bogus")],
            "failed to parse target platform bogus: \"bogus\": unknown operating system or architecture: invalid argument",
        );
    }

    #[test]
    fn multi_platform_by_name() {
        let is_multi = |pairs: &[(&str, &str)]| read(pairs).unwrap().is_multi_platform;
        assert!(is_multi(&[("multi-platform", "1")]));
        assert!(is_multi(&[("multi-platform", "0"), ("build-arg:BUILDKIT_MULTI_PLATFORM", "true")]));
        assert!(!is_multi(&[("multi-platform", "f"), ("platform", "linux/arm64")]));
        check_error(&[("multi-platform", "maybe")], "invalid boolean value for multi-platform: maybe");
        check_error(
            &[("multi-platform", "false"), ("platform", "linux/amd64,linux/arm64")],
            "conflicting config: returning multiple target platforms is not allowed",
        );
    }

    #[test]
    fn plain_values() {
        let options = read(&[
            ("target", "app"),
            ("build-arg:A", "1"),
            ("build-arg:BUILDKIT_SANDBOX_HOSTNAME", "box"),
            ("hostname", "other"),
            ("label:x:y", "z"),
            ("context:base", "docker-image://alpine"),
            ("local-sessionid:context", "s"),
            ("build-arg:BUILDKIT_SYNTAX", "me/mine args"),
        ])
        .unwrap();
        assert_eq!((options.target.as_str(), options.hostname.as_str()), ("app", "box"));
        assert_eq!(options.build_args["A"], "1");
        assert_eq!(options.labels["x:y"], "z");
        assert_eq!(options.local_session_ids["context"], "s");
        let forwarded = options.forwarded("me/mine", "me/mine args");
        assert_eq!((forwarded["cmdline"].as_str(), forwarded["hostname"].as_str()), ("me/mine args", "box"));
    }

    #[test]
    fn no_cache() {
        assert!(!read(&[]).unwrap().is_no_cache("a"));
        assert!(read(&[("no-cache", "")]).unwrap().is_no_cache("a"));
        let options = read(&[("no-cache", "a,B")]).unwrap();
        assert!(options.is_no_cache("A") && options.is_no_cache("b") && !options.is_no_cache("c"));
    }

    #[test]
    fn capabilities() {
        let missing = |caps| read(&[("frontend.caps", caps)]).unwrap().missing_capability;
        let cap = |name: &str, may_forward| Some(MissingCapability { name: name.to_owned(), may_forward });
        assert_eq!(missing("moby.buildkit.frontend.inputs+forward,moby.buildkit.frontend.contexts"), None);
        assert_eq!(missing("x+forward,y+forward"), cap("y", true));
        assert_eq!(missing("x+forward,y,z"), cap("y", false));
        assert_eq!(cap("y", true).unwrap().to_string(), "unsupported frontend capability y");
    }

    #[test]
    fn removed() {
        check_error(
            &[("override-copy-image", "x")],
            "support for \"override-copy-image\" was removed in BuildKit 0.11",
        );
        check_error(
            &[("build-arg:BUILDKIT_DISABLE_FILEOP", "1")],
            "support for \"BUILDKIT_DISABLE_FILEOP\" build-arg was removed in BuildKit 0.11",
        );
        assert!(read(&[("build-arg:BUILDKIT_DISABLE_FILEOP", "maybe")]).is_ok());
    }
}
