//! Texts that fit into a picture.

/// Returns a text of at most so many characters, in one line. Of a long one both ends stay.
pub(super) fn clip(text: &str, longest: usize) -> String {
    // Paths differ at their ends, commands at their starts.
    clip_keeping(text, longest, if text.trim_start().starts_with('/') { longest / 2 } else { 0 })
}

/// Returns the name of something outside, likewise: of images and addresses it is the end that tells them apart, and of a
/// digest the start is enough.
pub(super) fn clip_name(name: &str, longest: usize) -> String {
    const DIGEST: usize = 64;
    const SHORT: usize = 7;
    if let Some((before, digest)) = name.split_once("@sha256:")
        && let Some((digest, after)) = digest.split_at_checked(DIGEST)
        && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        let short = format!("{before}@{}…{after}", &digest[..SHORT]);
        return clip_keeping(&short, longest, longest * 2 / 3);
    }
    clip_keeping(name, longest, longest * 2 / 3)
}

/// Returns an instruction, likewise. Mounts are arrows of the picture, so the command comes first.
#[cfg(feature = "cli")]
pub(super) fn clip_step(text: &str, longest: usize) -> String {
    const MOUNT: &str = "--mount=";
    let Some((keyword, mut rest)) = text.split_once(' ').filter(|(word, _)| word.eq_ignore_ascii_case("run"))
    else {
        return clip(text, longest);
    };
    let mut mounts = "";
    while let Some((_, after)) = rest.trim_start().split_once(' ').filter(|(word, _)| word.starts_with(MOUNT))
    {
        (mounts, rest) = (" --mount=…", after);
    }
    clip(&format!("{keyword}{mounts} {rest}"), longest)
}

/// Returns how many columns a text takes where all letters are as wide: those of East Asia, and emoji, take two.
#[cfg(feature = "cli")]
pub(super) fn columns(text: &str) -> usize {
    let is_wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
    };
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn clip_keeping(text: &str, longest: usize, end: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = text.chars().count();
    if count <= longest {
        return text;
    }
    let start: String = text.chars().take(longest - 1 - end).collect();
    let rest: String = text.chars().skip(count - end).collect();
    format!("{start}…{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipped() {
        assert_eq!(clip("a  b\tc", 5), "a b c");
        assert_eq!(clip("make all the things", 8), "make al…");
        assert_eq!(clip("/usr/local/bin/app", 11), "/usr/…n/app");
        assert_eq!(clip_name("registry.example.com:5000/team/base:2024.10", 21), "regist…m/base:2024.10");
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(clip_name(&format!("alpine:3@sha256:{digest}"), 40), "alpine:3@0123456…");
        assert_eq!(clip_name("a@sha256:0123", 40), "a@sha256:0123");
    }

    #[cfg(feature = "cli")]
    #[test]
    fn clipped_steps() {
        assert_eq!(
            clip_step("RUN --mount=target=. --mount=type=cache,target=/c make", 40),
            "RUN --mount=… make"
        );
        assert_eq!(clip_step("RUN --network=none --mount=target=. make", 24), "RUN --network=none --mo…");
        assert_eq!(clip_step("COPY --from=a /x /y", 40), "COPY --from=a /x /y");
    }
}
