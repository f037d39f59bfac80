//! Whatever the input, parsing ends, and every place it names lies in the file, on whole characters and in order.

use multistage::instruction::{self, Kind};
use multistage::internal::syntax::{self, Args, Tree};
use multistage::internal::text::{SourceMap, Span};
use proptest::prelude::*;

/// Bits of Dockerfiles that mean something to some part of the parser.
const BITS: &[&str] = &[
    "FROM ",
    "from",
    " AS b",
    "RUN ",
    "COPY ",
    "ADD ",
    "ENV ",
    "ARG ",
    "LABEL ",
    "ONBUILD ",
    "HEALTHCHECK ",
    "CMD ",
    "SHELL ",
    "EXPOSE ",
    "VOLUME ",
    "USER ",
    "WORKDIR ",
    "NONE",
    "# escape=`\n",
    "# check=a\n",
    "# a\n",
    "#",
    "\\\n",
    "\\",
    "`\n",
    "`",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "\u{b}",
    "\u{a0}",
    "\u{85}",
    "\u{2003}",
    "é",
    "à",
    "\u{1140}",
    "\u{feff}",
    "😀",
    "\0",
    "<<",
    "<<EOF",
    "<<-'EOF'",
    "\nEOF\n",
    "EOF",
    "3<<X",
    "--",
    "--a",
    "--mount=",
    "--link",
    "--chown=a",
    "--network=x",
    "type=cache,",
    "from=$x",
    "=",
    "a=b",
    "'",
    "\"",
    "[",
    "]",
    ",",
    "\"x\"",
    "{",
    "}",
    "$",
    "${a",
    "${a:-",
    "${a/",
    "/",
    "a",
    "b ",
    "1",
    ".",
    "-",
    "[\"a\",",
    "1s",
    "--interval=",
    "\\u00e9",
    "\\ud800",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(BITS), 0..40).prop_map(|bits| bits.concat())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    (text(), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)).prop_map(
        |(text, changes)| {
            let mut bytes = text.into_bytes();
            for (index, byte) in changes {
                if !bytes.is_empty() {
                    let at = index.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            bytes
        },
    )
}

/// Checks all places of a tree; `outer` is what they lie in.
fn check_places(tree: &Tree, slice: &dyn Fn(Span)) {
    let mut end = tree.span.start;
    for statement in &tree.statements {
        assert!(statement.span.start >= end && tree.span.contains(statement.span));
        assert!(statement.span.contains(statement.lines_span));
        end = statement.span.end;
        let mut inner = vec![statement.keyword.span];
        inner.extend(statement.flags.iter().flat_map(|flag| [flag.span, flag.value_span]));
        inner.extend(statement.heredocs.iter().flat_map(|heredoc| [heredoc.span, heredoc.content_span]));
        inner.extend(statement.empty_lines.iter().copied());
        inner.extend(statement.trigger.iter().map(|trigger| trigger.keyword.span));
        match &statement.args {
            Args::Words { words, .. } => inner.extend(words.iter().map(|word| word.span)),
            Args::Pairs(pairs) => {
                inner.extend(pairs.iter().flat_map(|pair| [pair.key.span, pair.value.span]))
            }
            Args::Names(names) => {
                inner.extend(names.iter().map(|name| name.key.span));
                inner.extend(names.iter().flat_map(|name| name.value.as_ref().map(|value| value.span)));
            }
        }
        for span in inner {
            assert!(statement.span.contains(span), "{span:?} of {statement:?}");
            slice(span);
        }
        statement.comments.iter().for_each(|comment| slice(comment.span));
        assert_eq!(statement.text.trim(), statement.text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn places_lie_in_the_file(data in bytes()) {
        let sources = SourceMap::of("Dockerfile", data);
        let file = &sources.files()[0];
        let tree = syntax::parse(file);
        check_places(&tree, &|span| {
            file.slice(span);
        });
        let parsed = instruction::parse_file(tree);
        for error in &parsed.diagnostics {
            file.slice(error.span);
            error.labels.iter().for_each(|(span, _)| {
                file.slice(*span);
            });
            error.ranges.iter().for_each(|range| {
                sources.lines(*range);
                file.slice(*range);
            });
        }
        for instruction in parsed.stages.iter().flat_map(|stage| &stage.instructions) {
            if let Kind::Run(run) = &instruction.kind {
                for mount in &run.mounts {
                    let place = mount.expand(|value, _| Ok::<_, Span>(value.to_owned()), |_, span| span);
                    if let Err(span) = place {
                        assert!(instruction.head.span.contains(span));
                        file.slice(span);
                    }
                }
            }
        }
    }

    #[test]
    fn a_trigger_has_one_place(text in text()) {
        let span = Span::new(7, 9);
        let tree = syntax::parse_trigger(&text, span);
        check_places_are(&tree, span);
        if let Err(error) = instruction::parse_trigger(&text, span) {
            assert_eq!((error.span, &error.ranges[..]), (span, &[span][..]));
        }
    }

    #[test]
    fn bytes_name_a_frontend_or_none(data in bytes()) {
        let _ = syntax::detect_syntax(&data);
    }
}

fn check_places_are(tree: &Tree, span: Span) {
    for statement in &tree.statements {
        assert_eq!((statement.span, statement.lines_span, statement.keyword.span), (span, span, span));
        assert!(statement.flags.iter().all(|flag| flag.span == span && flag.value_span == span));
        assert!(
            statement.heredocs.iter().all(|heredoc| heredoc.span == span && heredoc.content_span == span)
        );
    }
}
