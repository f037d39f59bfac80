//! Protocols of EXPOSE in lower case.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;
use crate::text::lower;

pub(super) const RULE: Rule = Rule {
    name: "ExposeProtoCasing",
    description: "Protocol in EXPOSE instruction should be lowercase",
    url: "https://docs.docker.com/go/dockerfile/rule/expose-proto-casing/",
    status: Status::Stable,
    page: Page {
        text: "The image stores the protocol of a port in lower case. Write it so.",
        bad: "FROM alpine\n\
              EXPOSE 80/TcP\n",
        good: "FROM alpine\n\
              EXPOSE 80/tcp\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        let Fact::Port { text, protocol, .. } = &note.fact else { continue };
        if lower(protocol) != *protocol {
            out.warn(place, format!("Defined protocol '{text}' in EXPOSE instruction should be lowercase"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[test]
    fn upper_case_is_found() {
        let check = |protocol: &str| {
            let fact =
                Fact::Port { text: format!("80/{protocol}"), protocol: protocol.to_owned(), has_host: true };
            judge("ExposeProtoCasing", "EXPOSE", fact)
        };
        assert_eq!(check("Tcp"), ["Defined protocol '80/Tcp' in EXPOSE instruction should be lowercase"]);
        assert!(check("tcp").is_empty());
    }
}
