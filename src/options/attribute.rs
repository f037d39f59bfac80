//! Options that are one value with a form of its own.

use super::OptionsError;
use crate::image::Platform;
use crate::text::{check_json, csv_fields, parse_int, parse_uint, quote};
use core::net::IpAddr;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Where an image is looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ResolveMode {
    /// As the engine likes.
    #[default]
    Default,
    /// In the registry.
    ForcePull,
    /// Among the engine's images first.
    PreferLocal,
}

impl ResolveMode {
    /// Returns the name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            ResolveMode::Default => "default",
            ResolveMode::ForcePull => "pull",
            ResolveMode::PreferLocal => "local",
        }
    }
}

/// The network of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NetworkMode {
    /// One of its own.
    #[default]
    Sandbox,
    /// The engine's.
    Host,
    /// None.
    None,
}

/// A line of `/etc/hosts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAddress {
    /// The name, in lower case.
    pub host: String,
    /// The address in its shortest form.
    pub ip: String,
}

/// A limit of processes. -1 is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ulimit {
    /// What is limited, such as `nofile`.
    pub name: String,
    /// The limit.
    pub soft: i64,
    /// How far a process may raise it.
    pub hard: i64,
}

/// Limits of a step. 0 and empty are unset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinuxResources {
    /// Bytes of memory.
    pub memory: i64,
    /// Bytes of memory and swap; -1 is no limit.
    pub memory_swap: i64,
    /// The weight among others.
    pub cpu_shares: u64,
    /// Microseconds that the quota is for.
    pub cpu_period: u64,
    /// Microseconds of processor time in a period.
    pub cpu_quota: i64,
    /// Processors to use, such as `0-3,5`.
    pub cpuset_cpus: String,
    /// Memory nodes to use.
    pub cpuset_mems: String,
}

/// A cache to read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheImport {
    /// Its kind, such as `registry`.
    pub kind: String,
    /// How to reach it.
    pub attrs: BTreeMap<String, String>,
}

pub(super) fn platforms(text: &str, host: &Platform) -> Result<Vec<Platform>, OptionsError> {
    let parts = text.split(',').filter(|_| !text.is_empty());
    parts
        .map(|part| match Platform::parse(part, host) {
            Ok(platform) => Ok(platform.normalized()),
            Err(err) => Err(OptionsError(format!("failed to parse target platform {part}: {err}"))),
        })
        .collect()
}

pub(super) fn resolve_mode(text: &str) -> Result<ResolveMode, OptionsError> {
    match text {
        "" | "default" => Ok(ResolveMode::Default),
        "pull" => Ok(ResolveMode::ForcePull),
        "local" => Ok(ResolveMode::PreferLocal),
        _ => Err(OptionsError(format!("invalid image-resolve-mode: {text}"))),
    }
}

pub(super) fn network_mode(text: &str) -> Result<NetworkMode, OptionsError> {
    match text {
        "" | "sandbox" => Ok(NetworkMode::Sandbox),
        "host" => Ok(NetworkMode::Host),
        "none" => Ok(NetworkMode::None),
        _ => Err(OptionsError(format!("invalid netmode {text}"))),
    }
}

pub(super) fn extra_hosts(text: &str) -> Result<Vec<HostAddress>, OptionsError> {
    let fail = |message: String| OptionsError(format!("failed to parse additional hosts: {message}"));
    let mut hosts = Vec::new();
    for field in fields(text).map_err(fail)? {
        let lower = field.to_lowercase();
        let Some((host, ip)) = lower.split_once('=') else {
            return Err(fail(format!("invalid key-value pair {field}")));
        };
        let Ok(address) = ip.parse::<IpAddr>() else { return Err(fail(format!("failed to parse IP {ip}"))) };
        hosts.push(HostAddress { host: host.to_owned(), ip: address.to_canonical().to_string() });
    }
    Ok(hosts)
}

pub(super) fn shm_size(text: &str) -> Result<i64, OptionsError> {
    if text.is_empty() {
        return Ok(0);
    }
    parse_int(text).map_err(|err| OptionsError(format!("failed to parse shm size: {err}")))
}

pub(super) fn ulimits(text: &str) -> Result<Vec<Ulimit>, OptionsError> {
    let read = || fields(text)?.iter().map(|field| ulimit(field)).collect::<Result<_, String>>();
    read().map_err(|message| OptionsError(format!("failed to parse ulimit: {message}")))
}

const ULIMITS: &[&str] = &[
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// Reads `name=soft[:hard]`.
fn ulimit(text: &str) -> Result<Ulimit, String> {
    let Some((name, limits)) = text.split_once('=') else {
        return Err(format!("invalid ulimit argument: {text}"));
    };
    if !ULIMITS.contains(&name) {
        return Err(format!("invalid ulimit type: {name}"));
    }
    let (soft, hard) = match limits.split(':').collect::<Vec<_>>()[..] {
        [soft] => {
            let soft = parse_int(soft)?;
            (soft, soft)
        }
        [soft, hard] => {
            let hard = parse_int(hard)?;
            (parse_int(soft)?, hard)
        }
        _ => {
            return Err(format!(
                "too many limit value arguments - {limits}, can only have up to two, `soft[:hard]`"
            ));
        }
    };
    // The reference lets it pass; to an engine it would be a very large number.
    if soft.min(hard) < -1 {
        return Err(format!("ulimit must be -1 (unlimited) or at least 0: {text}"));
    }
    let wrong = "ulimit soft limit must be less than or equal to hard limit";
    if hard != -1 && soft == -1 {
        return Err(format!("{wrong}: soft: -1 (unlimited), hard: {hard}"));
    }
    if hard != -1 && soft > hard {
        return Err(format!("{wrong}: {soft} > {hard}"));
    }
    Ok(Ulimit { name: name.to_owned(), soft, hard })
}

pub(super) fn resources<'a>(get: impl Fn(&str) -> &'a str) -> Result<Option<LinuxResources>, OptionsError> {
    let mut resources = LinuxResources::default();
    let mut read = || -> Result<(), String> {
        let positive = "must be > 0";
        signed(&get, "memory", &mut resources.memory, |n| n > 0, positive)?;
        let swap = "must be -1 (unlimited) or > 0";
        signed(&get, "memswap", &mut resources.memory_swap, |n| n == -1 || n > 0, swap)?;
        unsigned(&get, "cpushares", &mut resources.cpu_shares, positive)?;
        unsigned(&get, "cpuperiod", &mut resources.cpu_period, positive)?;
        signed(&get, "cpuquota", &mut resources.cpu_quota, |n| n > 0, positive)?;
        cpuset(&get, "cpusetcpus", &mut resources.cpuset_cpus)?;
        cpuset(&get, "cpusetmems", &mut resources.cpuset_mems)
    };
    read().map_err(|message| OptionsError(format!("failed to parse resource limits: {message}")))?;
    Ok(Some(resources).filter(|resources| *resources != LinuxResources::default()))
}

fn signed<'a>(
    get: &impl Fn(&str) -> &'a str,
    name: &str,
    out: &mut i64,
    is_good: impl Fn(i64) -> bool,
    wanted: &str,
) -> Result<(), String> {
    let text = get(name);
    if text.is_empty() {
        return Ok(());
    }
    *out = parse_int(text).map_err(|err| format!("invalid {name} value: {text}: {err}"))?;
    if is_good(*out) { Ok(()) } else { Err(format!("invalid {name} value: {text}: {wanted}")) }
}

fn unsigned<'a>(
    get: &impl Fn(&str) -> &'a str,
    name: &str,
    out: &mut u64,
    wanted: &str,
) -> Result<(), String> {
    let text = get(name);
    if text.is_empty() {
        return Ok(());
    }
    *out = parse_uint(text).map_err(|err| format!("invalid {name} value: {text}: {err}"))?;
    if *out > 0 { Ok(()) } else { Err(format!("invalid {name} value: {text}: {wanted}")) }
}

fn cpuset<'a>(get: &impl Fn(&str) -> &'a str, name: &str, out: &mut String) -> Result<(), String> {
    let text = get(name);
    check_cpuset(text).map_err(|err| format!("invalid {name} value: {text}: {err}"))?;
    text.clone_into(out);
    Ok(())
}

/// The highest number in a set of processors or memory nodes.
const MAX_CPU: i64 = 8192;

/// Checks a list of numbers and ranges, such as `0-3,5`.
fn check_cpuset(text: &str) -> Result<(), String> {
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (what, last) = match part.split_once('-') {
            None => ("element", parse_int(part).ok().filter(|n| *n >= 0)),
            Some((first, last)) => {
                let (first, last) = (parse_int(first.trim()), parse_int(last.trim()));
                let range = first.ok().zip(last.ok()).filter(|(first, last)| 0 <= *first && first <= last);
                ("range", range.map(|(_, last)| last))
            }
        };
        match last {
            None => return Err(format!("invalid cpuset {what} {}", quote(part))),
            Some(last) if last > MAX_CPU => {
                return Err(format!("cpuset {what} {} exceeds maximum {MAX_CPU}", quote(part)));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Reads both forms: JSON of entries with `Type` and `Attrs`, and the old list of image names.
pub(super) fn cache_imports(json: &str, images: &str) -> Result<Vec<CacheImport>, OptionsError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Entry {
        #[serde(rename = "Type", alias = "type")]
        kind: Option<String>,
        #[serde(rename = "Attrs", alias = "attrs")]
        attrs: Option<BTreeMap<String, Option<String>>>,
    }

    let mut imports = Vec::new();
    if !json.is_empty() {
        let entries: Option<Vec<Option<Entry>>> = serde_json::from_str(json).map_err(|err| {
            let reason = check_json(json).err().unwrap_or_else(|| err.to_string());
            OptionsError(format!("failed to unmarshal cache-imports ({}): {reason}", quote(json)))
        })?;
        for entry in entries.into_iter().flatten().flatten() {
            let attrs = entry.attrs.unwrap_or_default();
            let attrs = attrs.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect();
            imports.push(CacheImport { kind: entry.kind.unwrap_or_default(), attrs });
        }
    }
    for image in images.split(',').filter(|_| !images.is_empty()) {
        let attrs = BTreeMap::from([("ref".to_owned(), image.to_owned())]);
        imports.push(CacheImport { kind: "registry".to_owned(), attrs });
    }
    Ok(imports)
}

/// Splits a line of values; nothing at all has none.
fn fields(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() { Ok(Vec::new()) } else { csv_fields(text).map_err(|err| err.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    #[track_caller]
    fn check_error(name: &str, value: &str, want: &str) {
        assert_eq!(read(&[(name, value)]).unwrap_err().to_string(), want);
    }

    #[test]
    fn hosts() {
        let hosts = read(&[("add-hosts", "A=1.2.3.4,\"b=0:0::1\",c=::ffff:10.0.0.1")]).unwrap().extra_hosts;
        let got: Vec<(&str, &str)> = hosts.iter().map(|h| (h.host.as_str(), h.ip.as_str())).collect();
        assert_eq!(got, [("a", "1.2.3.4"), ("b", "::1"), ("c", "10.0.0.1")]);
        let what = "failed to parse additional hosts";
        check_error("add-hosts", "x=1.2.3.400", &format!("{what}: failed to parse IP 1.2.3.400"));
        check_error("add-hosts", "JustName", &format!("{what}: invalid key-value pair JustName"));
        check_error(
            "add-hosts",
            "x=\"",
            &format!("{what}: parse error on line 1, column 3: bare \" in non-quoted-field"),
        );
    }

    #[test]
    fn ulimit_values() {
        let limits = read(&[("ulimit", "nofile=1:2,core=0,cpu=5:-1")]).unwrap().ulimits;
        let got: Vec<_> = limits.iter().map(|l| (l.name.as_str(), l.soft, l.hard)).collect();
        assert_eq!(got, [("nofile", 1, 2), ("core", 0, 0), ("cpu", 5, -1)]);
        let what = "failed to parse ulimit";
        check_error("ulimit", "bogus=1", &format!("{what}: invalid ulimit type: bogus"));
        check_error("ulimit", "core", &format!("{what}: invalid ulimit argument: core"));
        check_error("ulimit", "core=x", &format!("{what}: strconv.ParseInt: parsing \"x\": invalid syntax"));
        check_error(
            "ulimit",
            "core=1:2:3",
            &format!(
                "{what}: too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`"
            ),
        );
        let wrong = "ulimit soft limit must be less than or equal to hard limit";
        check_error("ulimit", "core=3:2", &format!("{what}: {wrong}: 3 > 2"));
        check_error("ulimit", "core=-1:2", &format!("{what}: {wrong}: soft: -1 (unlimited), hard: 2"));
    }

    #[test]
    fn limits() {
        let options =
            read(&[("memory", "5"), ("memswap", "-1"), ("cpushares", "7"), ("cpusetcpus", "0-3, 5")]);
        let want = LinuxResources {
            memory: 5,
            memory_swap: -1,
            cpu_shares: 7,
            cpuset_cpus: "0-3, 5".to_owned(),
            ..LinuxResources::default()
        };
        assert_eq!(options.unwrap().resources, Some(want));
        assert_eq!(read(&[("memory", "")]).unwrap().resources, None);
        let what = "failed to parse resource limits: invalid";
        check_error(
            "memory",
            "lots",
            &format!("{what} memory value: lots: strconv.ParseInt: parsing \"lots\": invalid syntax"),
        );
        check_error("memory", "0", &format!("{what} memory value: 0: must be > 0"));
        check_error("memswap", "-2", &format!("{what} memswap value: -2: must be -1 (unlimited) or > 0"));
        check_error("cpuperiod", "0", &format!("{what} cpuperiod value: 0: must be > 0"));
        check_error("cpusetcpus", "1-", &format!("{what} cpusetcpus value: 1-: invalid cpuset range \"1-\""));
        check_error("cpusetmems", "a", &format!("{what} cpusetmems value: a: invalid cpuset element \"a\""));
        check_error(
            "cpusetmems",
            "0-9999",
            &format!("{what} cpusetmems value: 0-9999: cpuset range \"0-9999\" exceeds maximum 8192"),
        );
    }

    #[test]
    fn modes() {
        assert_eq!(read(&[("image-resolve-mode", "pull")]).unwrap().image_resolve_mode.as_str(), "pull");
        assert_eq!(read(&[("force-network-mode", "host")]).unwrap().network, NetworkMode::Host);
        assert_eq!(read(&[("shm-size", "64")]).unwrap().shm_size, 64);
        check_error("image-resolve-mode", "always", "invalid image-resolve-mode: always");
        check_error("force-network-mode", "bridge", "invalid netmode bridge");
        check_error(
            "shm-size",
            "64m",
            "failed to parse shm size: strconv.ParseInt: parsing \"64m\": invalid syntax",
        );
    }

    #[test]
    fn caches() {
        let json = r#"[{"Type":"local","Attrs":{"src":"x"}},{"Type":"gha"}]"#;
        let imports = read(&[("cache-imports", json), ("cache-from", "a,b")]).unwrap().cache_imports;
        let got: Vec<(&str, Vec<(&str, &str)>)> = imports
            .iter()
            .map(|i| (i.kind.as_str(), i.attrs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()))
            .collect();
        let want = [
            ("local", vec![("src", "x")]),
            ("gha", vec![]),
            ("registry", vec![("ref", "a")]),
            ("registry", vec![("ref", "b")]),
        ];
        assert_eq!(got, want);
        check_error(
            "cache-imports",
            "not json",
            "failed to unmarshal cache-imports (\"not json\"): invalid character 'o' in literal null (expecting 'u')",
        );
    }
}
