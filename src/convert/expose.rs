//! EXPOSE: ports for the image config.

use super::state::Stage;
use super::{Cx, Step};
use crate::facts::Fact;
use crate::instruction::Expose;
use crate::text::{Diagnostic, lower, quote};
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
        let (found, steps) = found;
        let _ = cx.made.take(steps);
        cx.make(step, found.len(), found.iter().map(String::len).sum(), word.span)?;
        words.extend(found.into_iter().map(|text| (text, word.span)));
    }
    let mut names = Vec::with_capacity(words.len());
    for (text, span) in &words {
        let fail = |message| step.error("invalid-port", message, *span);
        let parts = Parts::split(text).map_err(fail)?;
        cx.note(stage, step, *span, parts.fact(text));
        let before = names.len();
        names.extend(parts.ports().map_err(fail)?);
        let added = &names[before..];
        // Each goes into the history, too, and takes a place in an ordered set.
        cx.make(step, 4 * added.len(), added.iter().map(String::len).sum(), *span)?;
    }
    let line = format!("EXPOSE [{}]", names.join(" "));
    stage.state.image_mut().config.config.exposed_ports.extend(names);
    cx.commit(stage, line, false);
    Ok(())
}

/// A word of EXPOSE, `[[address:]host:]port[-port][/protocol]`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts<'a> {
    /// Where a host would listen; may be empty.
    address: &'a str,
    /// The port of a host; may be empty.
    host: &'a str,
    /// A port or a range.
    port: &'a str,
    /// As written; `tcp` if it was not.
    protocol: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes a word apart.
    ///
    /// # Errors
    /// The reference's words: there is no port, or the protocol is none.
    fn split(text: &'a str) -> Result<Parts<'a>, String> {
        let (address, host, container) = parts(text);
        let (protocol, port) =
            protocol(container).map_err(|error| format!("invalid port: {}: {error}", quote(text)))?;
        Ok(Parts { address, host, port, protocol })
    }

    fn fact(&self, text: &str) -> Fact {
        Fact::Port {
            text: text.to_owned(),
            protocol: self.protocol.to_owned(),
            has_host: !self.address.is_empty() || !self.host.is_empty(),
        }
    }

    /// Returns `80/tcp` for each port.
    ///
    /// # Errors
    /// The reference's words: an address, a port or a range is none.
    fn ports(&self) -> Result<impl Iterator<Item = String> + use<>, String> {
        check_address(self.address)?;
        let range = parse_range(self.port).ok_or_else(|| format!("invalid containerPort: {}", self.port))?;
        if !self.host.is_empty() {
            let host = parse_range(self.host).ok_or_else(|| format!("invalid hostPort: {}", self.host))?;
            let size = |(first, last): (u16, u16)| last - first;
            // A range of host ports may stand for one port of the container, which gets one of them.
            if size(range) != size(host) && size(range) != 0 {
                return Err(format!(
                    "invalid ranges specified for container and host Ports: {} and {}",
                    self.port, self.host
                ));
            }
        }
        let protocol = lower(self.protocol).into_owned();
        Ok((range.0..=range.1).map(move |port| format!("{port}/{protocol}")))
    }
}

/// Splits at the last two colons: address, host port, container port.
fn parts(text: &str) -> (&str, &str, &str) {
    let Some((rest, container)) = text.rsplit_once(':') else { return ("", "", text) };
    match rest.rsplit_once(':') {
        Some((address, host)) => (address, host, container),
        None => ("", rest, container),
    }
}

fn protocol(text: &str) -> Result<(&str, &str), String> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, ""));
    if port.is_empty() {
        return Err("no port specified".to_owned());
    }
    match &*lower(protocol) {
        "" => Ok(("tcp", port)),
        "tcp" | "udp" | "sctp" => Ok((protocol, port)),
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
        let got = Parts::split(text).and_then(|parts| Ok(parts.ports()?.collect::<Vec<_>>()));
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
    fn what_lint_wants_to_know_comes_before_errors() {
        let fact = |text: &str| Parts::split(text).unwrap().fact(text);
        let port = |text: &str, protocol: &str, has_host| Fact::Port {
            text: text.to_owned(),
            protocol: protocol.to_owned(),
            has_host,
        };
        assert_eq!(fact("8080:80"), port("8080:80", "tcp", true));
        assert_eq!(fact("x:80/TCP"), port("x:80/TCP", "TCP", true));
        assert_eq!(fact("80"), port("80", "tcp", false));
    }
}
