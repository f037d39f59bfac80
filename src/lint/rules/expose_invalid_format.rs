//! EXPOSE names ports of the container only.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;

pub(super) const RULE: Rule = Rule {
    name: "ExposeInvalidFormat",
    description: "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
    url: "https://docs.docker.com/go/dockerfile/rule/expose-invalid-format/",
    status: Status::Stable,
    page: Page {
        text: "EXPOSE tells which ports of the container listen. Where they are reached from outside is for \
               `docker run --publish` to say; an address or a host port here has no effect.",
        bad: "FROM alpine\n\
              EXPOSE 127.0.0.1:80:80\n",
        good: "FROM alpine\n\
              EXPOSE 80\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        if let Fact::Port { text, has_host: true, .. } = &note.fact {
            let message = format!(
                "EXPOSE instruction should not define an IP address or host-port mapping, found '{text}'"
            );
            out.warn(place, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[test]
    fn a_host_is_found() {
        let check = |has_host: bool| {
            let fact = Fact::Port { text: "80:80".into(), protocol: "tcp".into(), has_host };
            judge("ExposeInvalidFormat", "EXPOSE", fact)
        };
        assert_eq!(
            check(true),
            ["EXPOSE instruction should not define an IP address or host-port mapping, found '80:80'"]
        );
        assert!(check(false).is_empty());
    }
}
