//! Named contexts: `--build-context name=…`.
//!
//! In: a name, what the option says of it, answers. Out: where the files come from, and the config if it is an image.
//! Whether a context takes the place of a stage or of an image is left to the planner.

use super::{
    Answer, Desk, Error, FileRequest, FilesQuestion, Ignore, ImageQuestion, OciStore, Question, Recipe,
    context, entry, misfit,
};
use crate::image::{Config, Platform, Reference};
use crate::limits::REDIRECTS;
use crate::llb::op::{Differ, Image, Local, OciLayout, Source};
use crate::options::Options;
use crate::remote::check_http_url;
use crate::stage::{ContextName, SCRATCH};
use crate::text::{check_json, quote};
use std::collections::BTreeMap;

/// A context that is known.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Where the files come from.
    pub recipe: Recipe,
    /// The config, if it is an image; without its time.
    pub config: Option<Config>,
}

/// Finds out what a named context is; nothing if answers are missing. `asker` is who uses it.
pub(super) fn load(
    context: &ContextName,
    asker: &str,
    options: &Options,
    desk: &mut Desk,
) -> Result<Option<Loaded>, Error> {
    let mut input = context.given.input.clone();
    for _ in 0..=REDIRECTS {
        match load_once(context, &input, asker, options, desk)? {
            Found::Waiting => return Ok(None),
            Found::Loaded(loaded) => return Ok(Some(*loaded)),
            Found::Elsewhere(identifier) => {
                let (scheme, rest) = identifier.split_once("://").ok_or_else(|| {
                    Error::new("invalid-context", format!("could not parse ref: {identifier}"))
                })?;
                input = match scheme {
                    // Here the slashes are part of the address. The reference drops them, and then fails.
                    "http" | "https" | "git" => identifier,
                    _ => format!("{scheme}:{rest}"),
                };
            }
        }
    }
    let message = format!(
        "context recursion limit exceeded; this may indicate a cycle in the provided source policies: {input}"
    );
    Err(Error::new("context-recursion", message))
}

enum Found {
    Waiting,
    Loaded(Box<Loaded>),
    Elsewhere(String),
}

fn found(recipe: Recipe, config: Option<Config>) -> Result<Found, Error> {
    Ok(Found::Loaded(Box::new(Loaded { recipe, config })))
}

fn load_once(
    context: &ContextName,
    input: &str,
    asker: &str,
    options: &Options,
    desk: &mut Desk,
) -> Result<Found, Error> {
    let key = &context.given.name_with_platform;
    let invalid = |message: String| Error::new("invalid-context", message);
    let (scheme, rest) = input
        .split_once(':')
        .ok_or_else(|| invalid(format!("invalid context specifier {input} for {key}")))?;
    match scheme {
        "docker-image" => image(context, rest.strip_prefix("//").unwrap_or(rest), options, desk),
        "oci-layout" => oci_layout(context, rest.strip_prefix("//").unwrap_or(rest), options, desk),
        "local" if !rest.is_empty() => local(context, rest, asker, options, desk),
        "input" => input_definition(context, rest, options, desk),
        "http" | "https" => match entry::git_context(input, None, "")? {
            Some(recipe) => found(recipe, None),
            None => {
                check_http_url(input).map_err(invalid)?;
                found(Recipe::http(input, "context", format!("[context {key}] {input}")), None)
            }
        },
        // `git@host:path` is short for SSH.
        _ if scheme == "git" || scheme.starts_with("git@") => match entry::git_context(input, None, "")? {
            Some(recipe) => found(recipe, None),
            None => Err(invalid(format!("invalid git context {input}"))),
        },
        // The reference asks the client for a folder without a name, which no client has.
        "local" => Err(invalid(format!("invalid context specifier {input} for {key}"))),
        _ => Err(invalid(format!("unsupported context source {scheme} for {key}"))),
    }
}

fn image(context: &ContextName, name: &str, options: &Options, desk: &mut Desk) -> Result<Found, Error> {
    let key = &context.given.name_with_platform;
    if name == SCRATCH {
        return found(Recipe::empty(), None);
    }
    let reference = Reference::parse_normalized(name)
        .map_err(|error| Error::new("invalid-reference", error.to_string()))?
        .tag_name_only();
    let question = Question::ImageConfig(ImageQuestion {
        reference: reference.to_string(),
        platform: context.platform.clone(),
        resolve_mode: options.image_resolve_mode.as_str().to_owned(),
        log_name: format!("[context {key}] load metadata for {name}"),
        oci_store: None,
    });
    match desk.ask(&question) {
        None => Ok(Found::Waiting),
        Some(Answer::NotAnImage { identifier }) => Ok(Found::Elsewhere(identifier.clone())),
        Some(Answer::ImageConfig { reference, config, .. }) => {
            let config = Config { created: None, ..read_config(config)? };
            let image = Image { reference: with_tag(reference), ..Image::default() };
            let recipe = Recipe::source(Source::Image(Box::new(image)), format!("[context {key}] {name}"));
            found(Recipe { platform: context.platform.clone(), ..recipe }, Some(config))
        }
        Some(other) => Err(misfit(other)),
    }
}

fn oci_layout(context: &ContextName, name: &str, options: &Options, desk: &mut Desk) -> Result<Found, Error> {
    let key = &context.given.name_with_platform;
    let invalid = |message: String| Error::new("invalid-context", message);
    let layout = Reference::parse(name)
        .map_err(|error| invalid(format!("could not parse oci-layout reference {}: {error}", quote(name))))?;
    let digest = layout
        .digest()
        .ok_or_else(|| invalid(format!("oci-layout reference {} has no digest", quote(&layout.to_string()))))?
        .clone();
    let store_id = layout.name();
    // The layout has a name of its own; people know the context by the name they gave it.
    let shown = Reference::parse_normalized(&context.given.name)
        .map_err(|error| {
            invalid(format!("could not parse oci-layout reference {}: {error}", quote(&context.given.name)))
        })?
        .with_digest(digest)
        .to_string();
    let session_id = options.session_id.clone();
    let question = Question::ImageConfig(ImageQuestion {
        reference: shown.clone(),
        platform: context.platform.clone(),
        resolve_mode: String::new(),
        log_name: format!("[context {key}] load metadata for {shown}"),
        oci_store: Some(OciStore { session_id: session_id.clone(), store_id: store_id.clone() }),
    });
    match desk.ask(&question) {
        None => Ok(Found::Waiting),
        Some(Answer::ImageConfig { config, .. }) => {
            let config = read_config(config)
                .map_err(|error| error.context("could not parse oci-layout image config"))?;
            let layout = OciLayout { reference: shown, session_id, store_id, layer_limit: None };
            let name = format!("[context {key}] OCI load from client");
            let recipe = Recipe::source(Source::OciLayout(Box::new(layout)), name);
            found(Recipe { platform: context.platform.clone(), ..recipe }, Some(config))
        }
        Some(other) => Err(misfit(other)),
    }
}

fn local(
    context: &ContextName,
    name: &str,
    asker: &str,
    options: &Options,
    desk: &mut Desk,
) -> Result<Found, Error> {
    let key = &context.given.name_with_platform;
    let session_id = options.session_of_local(name).to_owned();
    let ignore_file = Recipe::local(
        Local {
            name: name.to_owned(),
            session_id: session_id.clone(),
            shared_key_hint: format!("context:{key}-{}", Ignore::NAME),
            follow_paths: vec![Ignore::NAME.to_owned()],
            differ: Some(Differ::None),
            ..Local::default()
        },
        format!("[context {key}] load {}", Ignore::NAME),
    );
    let question = Question::Files(FilesQuestion {
        definition: ignore_file.definition(&options.host)?,
        evaluate: true,
        files: vec![FileRequest::new(Ignore::NAME)],
        asker: asker.to_owned(),
    });
    let exclude_patterns = match desk.ask(&question) {
        None => return Ok(Found::Waiting),
        Some(Answer::Files(files)) => context::patterns_of(files)?,
        Some(other) => return Err(misfit(other)),
    };
    let folder = Local {
        name: name.to_owned(),
        session_id,
        shared_key_hint: format!("context:{key}-{}", context.given.shared_key),
        exclude_patterns,
        ..Local::default()
    };
    found(Recipe::local(folder, format!("[context {key}] load from client")), None)
}

fn input_definition(
    context: &ContextName,
    name: &str,
    options: &Options,
    desk: &mut Desk,
) -> Result<Found, Error> {
    let key = &context.given.name_with_platform;
    let definition = match desk.ask(&Question::Inputs) {
        None => return Ok(Found::Waiting),
        Some(Answer::Inputs(inputs)) => inputs
            .get(name)
            .cloned()
            .ok_or_else(|| Error::new("invalid-context", format!("invalid input {name} for {key}")))?,
        Some(other) => return Err(misfit(other)),
    };
    let recipe = Recipe::input(definition);
    let Some(metadata) = options.input_metadata.get(name) else { return found(recipe, None) };
    let config = config_of_metadata(metadata).map_err(|error| {
        Error::new("invalid-context", format!("failed to parse input metadata {metadata}: {error}"))
    })?;
    // A config that is null is none.
    let config = config.filter(|json| json.trim_ascii() != b"null");
    let config = config.map(|json| read_config(&json)).transpose();
    let config = config.map_err(|error| error.context(format!("failed to parse image config for {key}")))?;
    found(recipe, config)
}

fn read_config(json: &[u8]) -> Result<Config, Error> {
    Config::from_json(json).map_err(|error| Error::new("invalid-config", error.to_string()))
}

/// Returns the image config in the metadata of an input: a JSON object of values in base64.
fn config_of_metadata(metadata: &str) -> Result<Option<Vec<u8>>, String> {
    let values: Option<BTreeMap<String, Option<String>>> = serde_json::from_str(metadata)
        .map_err(|error| check_json(metadata).err().unwrap_or_else(|| error.to_string()))?;
    let mut decoded = BTreeMap::new();
    for (key, value) in values.into_iter().flatten() {
        decoded.insert(key, base64(&value.unwrap_or_default()).ok_or("illegal base64 data")?);
    }
    Ok(decoded.remove("containerimage.config"))
}

/// Decodes base64 with padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut digits) = (0u32, 0);
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    for byte in &text[..text.len() - padding] {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        digits += 1;
        if digits == 4 {
            out.extend(&bits.to_be_bytes()[1..]);
            (bits, digits) = (0, 0);
        }
    }
    match digits {
        2 => out.push((bits >> 4) as u8),
        3 => out.extend(&((bits >> 2) as u16).to_be_bytes()),
        _ => {}
    }
    Some(out)
}

/// Returns the name as the engine wants it in a graph: with a tag, if it has neither tag nor digest.
fn with_tag(reference: &str) -> String {
    Reference::parse_normalized(reference)
        .map_or_else(|_| reference.to_owned(), |reference| reference.tag_name_only().to_string())
}

impl Loaded {
    /// Returns the platform that the config names.
    pub fn platform(&self) -> Option<Platform> {
        let config = self.config.as_ref()?;
        let is_known = !config.architecture.is_empty() && !config.os.is_empty();
        is_known.then(|| config.platform())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_padding() {
        for (text, expected) in [
            ("", Some(&b""[..])),
            ("QQ==", Some(b"A")),
            ("QUI=", Some(b"AB")),
            ("QUJD", Some(b"ABC")),
            ("QUJDREU=", Some(b"ABCDE")),
            ("/+09", Some(b"\xff\xed\x3d")),
            ("QQ\r\n==\n", Some(b"A")),
            ("QQ=", None),
            ("QQ", None),
            ("Q===", None),
            ("====", None),
            ("Q Q=", None),
            ("Q-_=", None),
        ] {
            assert_eq!(base64(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_config_in_what_is_said_about_an_input() {
        let config = |metadata| config_of_metadata(metadata).map(|json| json.map(String::from_utf8));
        assert_eq!(config(r#"{"a":"e30=","containerimage.config":"e30="}"#), Ok(Some(Ok("{}".to_owned()))));
        assert_eq!(config(r#"{"a":"e30="}"#), Ok(None));
        assert_eq!(config("null"), Ok(None));
        assert_eq!(config(r#"{"a":"!"}"#), Err("illegal base64 data".to_owned()));
    }

    #[test]
    fn a_context_is_for_the_platform_of_its_config() {
        let platform = |json: &str| {
            let config = Config::from_json(json.as_bytes()).expect("it is a config");
            Loaded { recipe: Recipe::empty(), config: Some(config) }.platform()
        };
        assert_eq!(
            platform(r#"{"os":"linux","architecture":"arm64"}"#),
            Some(Platform::new("linux", "arm64"))
        );
        assert_eq!(platform(r#"{"os":"linux"}"#), None);
        assert_eq!(platform(r#"{"architecture":"arm64"}"#), None);
        assert_eq!(Loaded { recipe: Recipe::empty(), config: None }.platform(), None);
    }
}
