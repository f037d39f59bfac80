//! EXPOSE: ports for the image config.

use super::state::Stage;
use super::{Cx, Step};
use crate::facts::Fact;
use crate::instruction::Expose;
use crate::text::{Diagnostic, quote};
use core::net::IpAddr;

pub(super) fn expose(
    cx: &mut Cx<'_>,
    stage: &mut Stage,
    step: &Step<'_>,
    expose: &Expose,
) -> Result<(), Diagnostic> {
    // All words are expanded before the first is read.
    let mut words = Vec::with_capacity(expose.ports.len());
    for word in &expose.ports {
        let found = cx.lexer.words(&word.text, &stage.state.env);
        let found = found.map_err(|error| step.error("expansion", error.to_string(), word.span))?;
        words.extend(found.into_iter().map(|text| (text, word.span)));
    }
    let mut names = Vec::with_capacity(words.len());
    for (text, span) in &words {
        let ports = parse(text).map_err(|message| step.error("invalid-port", message, *span))?;
        cx.note(stage, step, ports.fact(text));
        names.extend(ports.names());
    }
    let line = format!("EXPOSE [{}]", names.join(" "));
    stage.state.image_mut().config.config.exposed_ports.extend(names);
    cx.commit(stage, line, false);
    Ok(())
}

/// One word of EXPOSE, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ports {
    /// First and last port.
    range: (u16, u16),
    /// The protocol as written; `tcp` if none was.
    protocol: String,
    /// Whether an address or a host port came with it, which EXPOSE has no use for.
    maps_host: bool,
}

impl Ports {
    /// Returns `80/tcp` for each port.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        let protocol = self.protocol.to_lowercase();
        (self.range.0..=self.range.1).map(move |port| format!("{port}/{protocol}"))
    }

    fn fact(&self, text: &str) -> Fact {
        Fact::Port { text: text.to_owned(), protocol: self.protocol.clone(), has_host: self.maps_host }
    }
}

/// Reads `[[address:]host:]port[-port][/protocol]`.
///
/// # Errors
/// The reference's words.
pub(super) fn parse(text: &str) -> Result<Ports, String> {
    let (address, host, container) = parts(text);
    let (protocol, port) =
        protocol(container).map_err(|error| format!("invalid port: {}: {error}", quote(text)))?;
    check_address(address)?;
    let range = parse_range(port).ok_or_else(|| format!("invalid containerPort: {port}"))?;
    if !host.is_empty() {
        let host_range = parse_range(host).ok_or_else(|| format!("invalid hostPort: {host}"))?;
        let size = |(first, last): (u16, u16)| last - first;
        // A range of host ports may stand for one port of the container, which gets one of them.
        if size(range) != size(host_range) && size(range) != 0 {
            return Err(format!("invalid ranges specified for container and host Ports: {port} and {host}"));
        }
    }
    Ok(Ports { range, protocol, maps_host: !address.is_empty() || !host.is_empty() })
}

/// Splits at the last two colons: address, host port, container port.
fn parts(text: &str) -> (&str, &str, &str) {
    let Some((rest, container)) = text.rsplit_once(':') else { return ("", "", text) };
    match rest.rsplit_once(':') {
        Some((address, host)) => (address, host, container),
        None => ("", rest, container),
    }
}

fn protocol(text: &str) -> Result<(String, &str), String> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, ""));
    if port.is_empty() {
        return Err("no port specified".to_owned());
    }
    match protocol.to_lowercase().as_str() {
        "" => Ok(("tcp".to_owned(), port)),
        "tcp" | "udp" | "sctp" => Ok((protocol.to_owned(), port)),
        _ => Err(format!("invalid proto: {protocol}")),
    }
}

fn check_address(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let plain = match text.strip_prefix('[') {
        Some(rest) => {
            let invalid = |why: &str| format!("invalid IP address {text}: address {text}:: {why}");
            let (inner, after) = rest.split_once(']').ok_or_else(|| invalid("missing ']' in address"))?;
            if !after.is_empty() {
                let why = if after.starts_with(':') {
                    "too many colons in address"
                } else {
                    "missing port in address"
                };
                return Err(invalid(why));
            }
            if inner.contains('[') {
                return Err(invalid("unexpected '[' in address"));
            }
            inner
        }
        None => text,
    };
    // An address of brackets alone is no address to check.
    match plain.is_empty() || plain.parse::<IpAddr>().is_ok() {
        true => Ok(()),
        false => Err(format!("invalid IP address: {plain}")),
    }
}

fn parse_range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = (parse_number(first)?, parse_number(last)?);
    (range.0 <= range.1).then_some(range)
}

fn parse_number(text: &str) -> Option<u16> {
    // A plus sign is taken, as in Go; `parse` takes it too.
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&[&str], &str>) {
        let got = parse(text).map(|ports| ports.names().collect::<Vec<_>>());
        assert_eq!(
            got,
            expected.map(|names| names.iter().map(|n| n.to_string()).collect()).map_err(str::to_owned)
        );
    }

    #[test]
    fn ports() {
        check("80", Ok(&["80/tcp"]));
        check("80/", Ok(&["80/tcp"]));
        check("53/UDP", Ok(&["53/udp"]));
        check("8000-8002/sctp", Ok(&["8000/sctp", "8001/sctp", "8002/sctp"]));
        check("7-7", Ok(&["7/tcp"]));
        check("0", Ok(&["0/tcp"]));
        check("65535", Ok(&["65535/tcp"]));
        check("8080:80", Ok(&["80/tcp"]));
        check("8000-9000:80", Ok(&["80/tcp"]));
        check("127.0.0.1:8080:80/tcp", Ok(&["80/tcp"]));
        check("[::1]:8080:80", Ok(&["80/tcp"]));
        check("::1:8080:80", Ok(&["80/tcp"]));
    }

    #[test]
    fn bad_ports() {
        check("http", Err("invalid containerPort: http"));
        check("70000", Err("invalid containerPort: 70000"));
        check("90-80", Err("invalid containerPort: 90-80"));
        check("80-", Err("invalid containerPort: 80-"));
        check("/tcp", Err("invalid port: \"/tcp\": no port specified"));
        check("80/http", Err("invalid port: \"80/http\": invalid proto: http"));
        check("x:80", Err("invalid hostPort: x"));
        check("1-3:80-81", Err("invalid ranges specified for container and host Ports: 80-81 and 1-3"));
        check("1.2.3:1:80", Err("invalid IP address: 1.2.3"));
        check("[::1:1:80", Err("invalid IP address [::1: address [::1:: missing ']' in address"));
    }

    #[test]
    fn what_lint_wants_to_know() {
        assert!(parse("8080:80").unwrap().maps_host);
        assert!(!parse("80").unwrap().maps_host);
        assert_eq!(parse("80/TCP").unwrap().protocol, "TCP");
    }
}
