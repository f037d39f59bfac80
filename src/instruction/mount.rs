//! The value of `RUN --mount`.
//!
//! The reference reads it twice. When the file is parsed, only `from` counts, since the stages that a build needs must
//! be known before any variable is. When the step is converted, all fields count, with their variables expanded. So
//! here a [`MountFlag`] keeps the text and knows `from`, and [`MountFlag::expand`] gives the [`Mount`].

use crate::suggest::{self, Case};
use crate::syntax::Word;
use crate::text::{Span, Spanned, Text, csv_fields, lower, parse_bool, parse_uint, quote};

/// A `--mount` as written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MountFlag {
    /// The value: fields with commas between, in CSV.
    pub text: Word,
    /// The fields, without the quotes of CSV.
    fields: Vec<Word>,
    /// `from`, which takes no variables.
    pub from: Option<Spanned<Text>>,
}

/// A `--mount` with its variables expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mount {
    /// `type`
    pub mount_type: MountType,
    /// `from`; may be empty
    pub from: String,
    /// `source` or `src`; may be empty
    pub source: String,
    /// `target`, `dst` or `destination`; may be empty
    pub target: String,
    /// Whether the step cannot write: as given, or the default of the type.
    pub readonly: bool,
    /// `size` of a tmpfs, in bytes; 0 if not given
    pub size_bytes: i64,
    /// `id`; may be empty
    pub id: String,
    /// `sharing` of a cache
    pub sharing: Option<Sharing>,
    /// `required` of a secret or SSH agent
    pub required: bool,
    /// `env` of a secret
    pub env: Option<String>,
    /// `mode`
    pub mode: Option<u32>,
    /// `uid`
    pub uid: Option<u32>,
    /// `gid`
    pub gid: Option<u32>,
}

/// The kind of a mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MountType {
    /// Files of the context, a stage or an image.
    #[default]
    Bind,
    /// A directory kept from build to build.
    Cache,
    /// A directory in memory.
    Tmpfs,
    /// A file or variable that leaves no trace.
    Secret,
    /// A socket of an SSH agent.
    Ssh,
}

/// How steps that run side by side use a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sharing {
    /// Together.
    Shared,
    /// Each its own.
    Private,
    /// One after the other.
    Locked,
}

impl MountType {
    const ALL: [MountType; 5] =
        [MountType::Bind, MountType::Cache, MountType::Tmpfs, MountType::Secret, MountType::Ssh];

    /// Returns the type as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            MountType::Bind => "bind",
            MountType::Cache => "cache",
            MountType::Tmpfs => "tmpfs",
            MountType::Secret => "secret",
            MountType::Ssh => "ssh",
        }
    }

    fn parse(value: &str) -> Result<MountType, String> {
        let found = MountType::ALL.into_iter().find(|known| known.as_str() == lower(value));
        found.ok_or_else(|| {
            let message = format!("unsupported mount type {}", quote(value));
            suggest::hint(message, value, MountType::ALL.map(MountType::as_str), Case::Matters)
        })
    }
}

impl Sharing {
    const ALL: [Sharing; 3] = [Sharing::Shared, Sharing::Private, Sharing::Locked];

    /// Returns the way of sharing as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Sharing::Shared => "shared",
            Sharing::Private => "private",
            Sharing::Locked => "locked",
        }
    }

    fn parse(value: &str) -> Result<Sharing, String> {
        let found = Sharing::ALL.into_iter().find(|known| known.as_str() == lower(value));
        found.ok_or_else(|| {
            let message = format!("unsupported sharing value {}", quote(value));
            suggest::hint(message, value, Sharing::ALL.map(Sharing::as_str), Case::Matters)
        })
    }
}

impl MountFlag {
    /// Reads what must be known before any variable is. The places of the fields are known if `is_whole` says that the
    /// flag stands in the file in one piece.
    pub(super) fn parse(flag: &Spanned<Text>, is_whole: bool) -> Result<MountFlag, Spanned<String>> {
        let error = |message: String, span| Err(Spanned::new(message, span));
        let fields = match csv_fields(&flag.value) {
            Ok(fields) => fields,
            Err(err) => return error(format!("failed to parse csv mounts: {err}"), flag.span),
        };
        // Quotes of CSV take up room that the fields do not show.
        let is_whole = is_whole && !flag.value.contains('"');
        let mut at = 0;
        let place = |field: String| {
            let end = at + field.len();
            let start = flag.span.start;
            let span = if is_whole { Span::new(start + at as u32, start + end as u32) } else { flag.span };
            let text = flag.value.share(at, &field);
            at = end + 1;
            Word { text, span }
        };
        let fields: Vec<Word> = fields.into_iter().map(place).collect();
        let mut from = None;
        for field in &fields {
            let Some((key, value)) = field.text.split_once('=') else { continue };
            if lower(key) != "from" {
                continue;
            }
            if value.find('$').is_some_and(|at| at + 1 < value.len()) {
                let message = "'from' doesn't support variable expansion, define alias stage instead";
                return error(message.to_owned(), field.span);
            }
            from = Some(Spanned::new(field.text.share(key.len() + 1, value), parts(field).1));
        }
        Ok(MountFlag { text: Word::new(flag.value.clone(), flag.span), fields, from })
    }

    /// Reads all fields, passing each value through `expand`. Both functions get the place of the field.
    ///
    /// # Errors
    /// What `expand` returns; or, made by `error` from a message, that a field is unknown, has a value that it cannot
    /// have, or does not go with the type.
    pub fn expand<E>(
        &self,
        mut expand: impl FnMut(&str, Span) -> Result<String, E>,
        error: impl Fn(String, Span) -> E,
    ) -> Result<Mount, E> {
        let mut reader = MountReader::default();
        for field in &self.fields {
            let (of_key, of_value) = parts(field);
            let read = match field.text.split_once('=') {
                Some((key, value)) => reader.set(&lower(key), expand(value, of_value)?, &field.text),
                None => reader.set_alone(&field.text),
            };
            read.map_err(|wrong| match wrong {
                Wrong::Key(message) => error(message, of_key),
                Wrong::Value(message) => error(message, of_value),
            })?;
        }
        reader.finish().map_err(|(keys, message)| {
            let has_key =
                |field: &&Word| keys.contains(&&*lower(field.text.split('=').next().unwrap_or_default()));
            let culprit = self.fields.iter().rev().find(has_key).map_or(self.text.span, |field| field.span);
            error(message, culprit)
        })
    }
}

/// What is wrong with a field.
enum Wrong {
    /// Its key.
    Key(String),
    /// Its value.
    Value(String),
}

impl From<String> for Wrong {
    fn from(message: String) -> Wrong {
        Wrong::Value(message)
    }
}

/// Returns the places of the key and of the value of a field. A field that does not stand in the file in one piece has
/// one place for both, and so has one without a value.
fn parts(field: &Word) -> (Span, Span) {
    let whole = field.span;
    match field.text.find('=') {
        Some(at) if whole.holds(&field.text) && at + 1 < field.text.len() => {
            let at = whole.start + at as u32;
            (Span::new(whole.start, at), Span::new(at + 1, whole.end))
        }
        _ => (whole, whole),
    }
}

/// All keys, in the order in which the reference looks for one to suggest.
const KEYS: [&str; 19] = [
    "type",
    "from",
    "source",
    "target",
    "readonly",
    "id",
    "sharing",
    "required",
    "size",
    "mode",
    "uid",
    "gid",
    "src",
    "dst",
    "destination",
    "ro",
    "rw",
    "readwrite",
    "env",
];

#[derive(Default)]
struct MountReader {
    mount: Mount,
    /// Whether the step may write, if that was said.
    readonly: Option<bool>,
}

impl MountReader {
    fn takes_required(&self, key: &str) -> Result<(), Wrong> {
        self.only(key, matches!(self.mount.mount_type, MountType::Secret | MountType::Ssh))
    }

    fn only(&self, key: &str, is_fine: bool) -> Result<(), Wrong> {
        if is_fine {
            return Ok(());
        }
        let mount_type = self.mount.mount_type.as_str();
        Err(Wrong::Key(format!("unexpected key '{key}' for mount type '{mount_type}'")))
    }

    /// Takes a field that has no value.
    fn set_alone(&mut self, field: &str) -> Result<(), Wrong> {
        match lower(field).as_ref() {
            "readonly" | "ro" => self.readonly = Some(true),
            "readwrite" | "rw" => self.readonly = Some(false),
            key @ "required" => {
                self.takes_required(key)?;
                self.mount.required = true;
            }
            _ => return Err(Wrong::Key(format!("invalid field '{field}' must be a key=value pair"))),
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: String, field: &str) -> Result<(), Wrong> {
        let bool = |value: &str| parse_bool(value).ok_or_else(|| format!("invalid value for {key}: {value}"));
        let number = |parsed: Option<u32>| parsed.ok_or_else(|| format!("invalid value {value} for {key}"));
        match key {
            "type" => self.mount.mount_type = MountType::parse(&value)?,
            "from" => self.mount.from = value,
            "source" | "src" => self.mount.source = value,
            "target" | "dst" | "destination" => self.mount.target = value,
            "readonly" | "ro" => self.readonly = Some(bool(&value)?),
            "readwrite" | "rw" => self.readonly = Some(!bool(&value)?),
            "required" => {
                self.takes_required(key)?;
                self.mount.required = bool(&value)?;
            }
            "size" => {
                self.only(key, self.mount.mount_type == MountType::Tmpfs)?;
                let size = parse_size(&value).ok_or_else(|| format!("invalid value for {key}: {value}"))?;
                self.mount.size_bytes = size;
            }
            "id" => self.mount.id = value,
            "sharing" => self.mount.sharing = Some(Sharing::parse(&value)?),
            "mode" => self.mount.mode = Some(number(parse_octal(&value))?),
            "uid" => self.mount.uid = Some(number(parse_id(&value))?),
            "gid" => self.mount.gid = Some(number(parse_id(&value))?),
            "env" => self.mount.env = Some(value),
            _ => {
                let message = format!("unexpected key '{key}' in '{field}'");
                return Err(Wrong::Key(suggest::hint(message, key, KEYS, Case::Matters)));
            }
        }
        Ok(())
    }

    /// Checks what goes with the type. That comes last, since the type may stand behind the other fields.
    ///
    /// An error names the keys that may be to blame.
    fn finish(self) -> Result<Mount, (&'static [&'static str], String)> {
        let mut mount = self.mount;
        let mount_type = mount.mount_type;
        if let MountType::Bind | MountType::Tmpfs = mount_type {
            let given: [(&'static [&'static str], Option<u32>); 3] =
                [(&["mode"], mount.mode), (&["uid"], mount.uid), (&["gid"], mount.gid)];
            if let Some((keys, _)) = given.iter().find(|(_, value)| value.is_some()) {
                let (key, mount_type) = (keys[0], quote(mount_type.as_str()));
                return Err((keys, format!("{key} not allowed for {mount_type} type mounts")));
            }
        }
        let is_writable = matches!(mount_type, MountType::Cache | MountType::Tmpfs);
        mount.readonly = self.readonly.unwrap_or(!is_writable);
        if mount_type == MountType::Secret {
            let (keys, wrong): (&[&str], &str) = if !mount.from.is_empty() {
                (&["from"], "secret mount should not have a from")
            } else if mount.sharing.is_some() {
                (&["sharing"], "secret mount should not define sharing")
            } else if mount.source.is_empty() && mount.target.is_empty() && mount.id.is_empty() {
                (&[], "invalid secret mount. one of source, target required")
            } else if !mount.source.is_empty() && !mount.id.is_empty() {
                (&["source", "src"], "both source and id can't be set")
            } else {
                return Ok(mount);
            };
            return Err((keys, wrong.to_owned()));
        }
        if mount.sharing.is_some() && mount_type != MountType::Cache {
            let message = format!("invalid cache sharing set for {} mount", mount_type.as_str());
            return Err((&["sharing"], message));
        }
        Ok(mount)
    }
}

fn parse_u32(text: &str) -> Option<u32> {
    u32::try_from(parse_uint(text).ok()?).ok()
}

fn parse_octal(text: &str) -> Option<u32> {
    // A sign would pass otherwise.
    text.bytes().all(|b| b.is_ascii_digit()).then(|| u32::from_str_radix(text, 8).ok())?
}

/// Reads the number of a user or a group. The highest means to the kernel that nothing is changed; it is nobody's.
fn parse_id(text: &str) -> Option<u32> {
    parse_u32(text).filter(|id| *id != u32::MAX)
}

/// Reads a size such as `64m`, `1.5 GiB` or `1000`, in bytes.
fn parse_size(text: &str) -> Option<i64> {
    let last = text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' '))?;
    let (number, unit) = text.split_at(last + 1);
    let number: f64 = number.strip_suffix(' ').unwrap_or(number).parse().ok()?;
    if number < 0.0 || !number.is_finite() {
        return None;
    }
    let unit = lower(unit);
    let factor: u64 = match unit.as_ref() {
        "" | "b" => 1,
        unit => {
            let (letter, rest) = unit.split_at_checked(1)?;
            if !matches!(rest, "" | "b" | "ib") {
                return None;
            }
            1 << (10 * (1 + "kmgtp".find(letter)?))
        }
    };
    // Beyond the range the reference sends the lowest number there is, which no engine can mean.
    let size = number * factor as f64;
    (size < i64::MAX as f64).then_some(size as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Mount, String> {
        let flag = Spanned::new(Text::from(text), Span::new(5, 5 + text.len() as u32));
        let flag = MountFlag::parse(&flag, true).map_err(|error| error.value)?;
        flag.expand(|value, _| Ok(value.replace("$X", "x")), |message, _| message)
    }

    #[track_caller]
    fn check(text: &str, expected: Mount) {
        assert_eq!(read(text), Ok(expected), "{text}");
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        assert_eq!(read(text), Err(expected.to_owned()), "{text}");
    }

    #[test]
    fn mounts() {
        let target = |target: &str| Mount { target: target.to_owned(), readonly: true, ..Mount::default() };
        check("target=/x", target("/x"));
        check("DST=/$X", target("/x"));
        check(
            "from=a,src=b,dst=/x,rw",
            Mount { from: "a".into(), source: "b".into(), readonly: false, ..target("/x") },
        );
        check("target=/x,ro=0", Mount { readonly: false, ..target("/x") });
        check("target=/x,readwrite=t", Mount { readonly: false, ..target("/x") });
        check(
            "mode=755,uid=1,gid=2,sharing=LOCKED,id=i,target=/x,type=Cache",
            Mount {
                mount_type: MountType::Cache,
                readonly: false,
                id: "i".into(),
                sharing: Some(Sharing::Locked),
                mode: Some(0o755),
                uid: Some(1),
                gid: Some(2),
                ..target("/x")
            },
        );
        check(
            "type=tmpfs,size=1.5k,target=/x",
            Mount { mount_type: MountType::Tmpfs, readonly: false, size_bytes: 1536, ..target("/x") },
        );
        check(
            "type=secret,id=i,env=,required",
            Mount {
                mount_type: MountType::Secret,
                id: "i".into(),
                env: Some(String::new()),
                required: true,
                ..target("")
            },
        );
        check("type=ssh", Mount { mount_type: MountType::Ssh, ..target("") });
        check("from=a$,target=/x", Mount { from: "a$".into(), ..target("/x") });
    }

    #[test]
    fn errors() {
        check_error("", "failed to parse csv mounts: EOF");
        check_error("from=$X", "'from' doesn't support variable expansion, define alias stage instead");
        check_error("target", "invalid field 'target' must be a key=value pair");
        check_error("type=cahce", "unsupported mount type \"cahce\" (did you mean cache?)");
        check_error("tgt=/x", "unexpected key 'tgt' in 'tgt=/x' (did you mean dst?)");
        check_error("sharing=mine", "unsupported sharing value \"mine\"");
        check_error("sharing=shared", "invalid cache sharing set for bind mount");
        check_error("type=cache,mode=+7", "invalid value +7 for mode");
        check_error("type=cache,mode=9", "invalid value 9 for mode");
        check_error("uid=-1", "invalid value -1 for uid");
        check_error("gid=4294967296", "invalid value 4294967296 for gid");
        check_error("uid=1", "uid not allowed for \"bind\" type mounts");
        check_error("type=tmpfs,size=big", "invalid value for size: big");
        check_error("size=1,type=tmpfs", "unexpected key 'size' for mount type 'bind'");
        check_error("required,type=ssh", "unexpected key 'required' for mount type 'bind'");
        check_error("ro=perhaps", "invalid value for ro: perhaps");
        check_error("type=secret", "invalid secret mount. one of source, target required");
        check_error("type=secret,id=a,src=b", "both source and id can't be set");
    }

    #[test]
    fn fields_know_their_place() {
        let place = |text: &str, is_whole| {
            let flag = Spanned::new(Text::from(text), Span::new(5, 5 + text.len() as u32));
            let flag = MountFlag::parse(&flag, is_whole).unwrap();
            flag.expand(|value, _| Ok(value.to_owned()), |_, span| span).unwrap_err()
        };
        assert_eq!(place("type=cache,,mode=x", true), Span::new(16, 16));
        assert_eq!(place("type=cache,mode=x,id=y", true), Span::new(21, 22));
        assert_eq!(place("type=cache,moed=x,id=y", true), Span::new(16, 20));
        assert_eq!(place("type=cahe,target=/x", true), Span::new(10, 14));
        assert_eq!(place("target=/x,uid=1", true), Span::new(15, 20));
        assert_eq!(place("type=cache,mode=x,id=y", false), Span::new(5, 27));
        assert_eq!(place("\"type=cache\",mode=x", true), Span::new(5, 24));
    }

    #[test]
    fn sizes() {
        for (text, size) in [
            ("0", Some(0)),
            ("64m", Some(64 << 20)),
            ("1 KiB", Some(1024)),
            ("2Gb", Some(2 << 30)),
            (".5p", Some(1 << 49)),
            ("10b", Some(10)),
            ("8191p", Some(8191 << 50)),
            ("8192p", None),
            ("-1", None),
            ("k", None),
            ("1bb", None),
            ("1kk", None),
            ("1 2", None),
            ("1é", None),
            ("", None),
        ] {
            assert_eq!(parse_size(text), size, "{text}");
        }
    }
}
