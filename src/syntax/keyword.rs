//! The keywords.

use crate::text::lower;

/// The first word of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are their own names")]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
}

impl Keyword {
    /// All keywords, in the order of the alphabet.
    pub const ALL: [Keyword; 18] = [
        Keyword::Add,
        Keyword::Arg,
        Keyword::Cmd,
        Keyword::Copy,
        Keyword::Entrypoint,
        Keyword::Env,
        Keyword::Expose,
        Keyword::From,
        Keyword::Healthcheck,
        Keyword::Label,
        Keyword::Maintainer,
        Keyword::Onbuild,
        Keyword::Run,
        Keyword::Shell,
        Keyword::Stopsignal,
        Keyword::User,
        Keyword::Volume,
        Keyword::Workdir,
    ];

    /// Returns the keyword that a word is, in whatever case.
    pub fn of(word: &str) -> Option<Keyword> {
        let known = |word: &str| {
            let candidates = Keyword::of_length(word.len());
            candidates.iter().copied().find(|keyword| keyword.as_str().eq_ignore_ascii_case(word))
        };
        // The Kelvin sign is a K, too.
        known(word).or_else(|| if word.is_ascii() { None } else { known(&lower(word)) })
    }

    /// Returns the keywords of so many letters, the most common ones first: there are few to compare a word with.
    const fn of_length(letters: usize) -> &'static [Keyword] {
        match letters {
            3 => &[Keyword::Run, Keyword::Env, Keyword::Arg, Keyword::Add, Keyword::Cmd],
            4 => &[Keyword::Copy, Keyword::From, Keyword::User],
            5 => &[Keyword::Label, Keyword::Shell],
            6 => &[Keyword::Expose, Keyword::Volume],
            7 => &[Keyword::Workdir, Keyword::Onbuild],
            10 => &[Keyword::Entrypoint, Keyword::Maintainer, Keyword::Stopsignal],
            11 => &[Keyword::Healthcheck],
            _ => &[],
        }
    }

    /// Returns the keyword in upper case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Keyword::Add => "ADD",
            Keyword::Arg => "ARG",
            Keyword::Cmd => "CMD",
            Keyword::Copy => "COPY",
            Keyword::Entrypoint => "ENTRYPOINT",
            Keyword::Env => "ENV",
            Keyword::Expose => "EXPOSE",
            Keyword::From => "FROM",
            Keyword::Healthcheck => "HEALTHCHECK",
            Keyword::Label => "LABEL",
            Keyword::Maintainer => "MAINTAINER",
            Keyword::Onbuild => "ONBUILD",
            Keyword::Run => "RUN",
            Keyword::Shell => "SHELL",
            Keyword::Stopsignal => "STOPSIGNAL",
            Keyword::User => "USER",
            Keyword::Volume => "VOLUME",
            Keyword::Workdir => "WORKDIR",
        }
    }

    /// Tells whether `<<EOF` after it opens a heredoc.
    pub(super) const fn takes_heredocs(self) -> bool {
        matches!(self, Keyword::Add | Keyword::Copy | Keyword::Run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case_is_fine() {
        for keyword in Keyword::ALL {
            assert_eq!(Keyword::of(keyword.as_str()), Some(keyword));
            assert_eq!(Keyword::of(&keyword.as_str().to_lowercase()), Some(keyword));
        }
        assert_eq!(Keyword::of("wor\u{212a}dir"), Some(Keyword::Workdir));
        assert_eq!(Keyword::of("RUNN"), None);
        assert_eq!(Keyword::of(""), None);
    }
}
