//! Standard output and standard error: colours, and what happens when nobody listens any more.

use super::args::Color;
use crate::text::visible;
use annotate_snippets::renderer::{AnsiColor, DecorStyle};
use annotate_snippets::{Level, Renderer};
use std::io::{self, BufWriter, IsTerminal, Stderr, Stdout, Write};
use terminal_size::{Height, Width};

/// Why a command stopped before its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody reads the output any more.
    Closed,
    /// Something is wrong in a file; this shows it as it is.
    Drawn(String),
    /// Something went wrong that the user should know.
    Message {
        /// What was found, and where.
        text: String,
        /// What to do about it.
        hints: Vec<String>,
    },
}

impl Failure {
    /// Returns a failure with its words.
    pub(super) fn new(text: impl Into<String>) -> Failure {
        Failure::Message { text: text.into(), hints: Vec::new() }
    }

    /// Adds help.
    pub(super) fn hint(self, hint: impl Into<String>) -> Failure {
        match self {
            Failure::Closed | Failure::Drawn(_) => self,
            Failure::Message { text, mut hints } => {
                hints.push(hint.into());
                Failure::Message { text, hints }
            }
        }
    }
}

impl From<io::Error> for Failure {
    /// For writing to standard output alone; errors about files name their file.
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::new(format!("cannot write to standard output: {error}")),
        }
    }
}

/// Where all that is said goes to.
pub(super) struct Output {
    out: BufWriter<Stdout>,
    err: Stderr,
    /// Whether the answer is text for people, with words of others in it, and without colours.
    is_text: bool,
    out_is_coloured: bool,
    err_is_coloured: bool,
}

impl Output {
    /// Opens standard output and standard error.
    pub(super) fn new(color: Color) -> Output {
        let (out, err) = (io::stdout(), io::stderr());
        Output {
            out_is_coloured: color.is_on(out.is_terminal()),
            err_is_coloured: color.is_on(err.is_terminal()),
            is_text: false,
            out: BufWriter::with_capacity(64 << 10, out),
            err,
        }
    }

    /// From here on the answer is text for people: what a terminal would obey is shown instead.
    pub(super) fn tell_people(&mut self) {
        self.is_text = true;
    }

    /// Returns how frames are drawn on standard output.
    pub(super) fn canvas(&self) -> Canvas {
        Canvas::new(self.out_is_coloured, terminal_size::terminal_size_of(io::stdout()))
    }

    /// Returns how frames are drawn on standard error.
    pub(super) fn error_canvas(&self) -> Canvas {
        Canvas::new(self.err_is_coloured, terminal_size::terminal_size_of(io::stderr()))
    }

    /// Shows what is drawn already on standard error.
    pub(super) fn draw_error(&mut self, text: &str) {
        let _ = self.out.flush();
        let _ = writeln!(self.err, "{text}");
    }

    /// Tells whether standard output is a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        self.out.get_ref().is_terminal()
    }

    /// Returns how many characters fit into a line, if standard output is a terminal.
    pub(super) fn width(&self) -> Option<usize> {
        terminal_size::terminal_size_of(self.out.get_ref()).map(|(width, _)| usize::from(width.0))
    }

    /// Writes out what is held back.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// Says something on standard error that is not the answer itself.
    pub(super) fn note(&mut self, text: &str) {
        self.say(Level::NOTE, text, &[]);
    }

    /// Says on standard error what went wrong.
    pub(super) fn error(&mut self, text: &str, hints: &[String]) {
        self.say(Level::ERROR, text, hints);
    }

    fn say(&mut self, level: Level<'_>, text: &str, hints: &[String]) {
        // What comes first is read first. Nobody is left to tell if either of the two fails.
        let _ = self.out.flush();
        let group = level.primary_title(text).elements(hints.iter().map(|hint| Level::HELP.message(hint)));
        let _ = writeln!(self.err, "{}", self.error_canvas().renderer.render(&[group]));
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) if self.is_text => {
                self.out.write_all(visible(text).as_bytes())?;
                Ok(bytes.len())
            }
            _ => self.out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What frames are drawn on.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    /// Draws them.
    pub renderer: Renderer,
    /// How many columns there are, if that is known.
    pub width: Option<usize>,
    is_coloured: bool,
}

impl Canvas {
    fn new(is_coloured: bool, size: Option<(Width, Height)>) -> Canvas {
        let renderer = if is_coloured { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        // A terminal that says 0 does not know.
        match size.map(|(Width(width), _)| usize::from(width)).filter(|width| *width > 0) {
            Some(width) => Canvas { renderer: renderer.term_width(width), width: Some(width), is_coloured },
            None => Canvas { renderer, width: None, is_coloured },
        }
    }

    /// Returns a text in bold and in a colour, where there are colours.
    pub(super) fn paint(&self, text: &str, color: AnsiColor) -> String {
        let style = color.on_default().bold();
        if self.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
