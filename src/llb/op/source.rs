//! Getting files from outside. On the wire a source is an identifier and attributes, all text.

use crate::text::to_json;
use std::collections::BTreeMap;

/// Where files come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// An image of a registry.
    Image(Box<Image>),
    /// A directory of the client.
    Local(Box<Local>),
    /// A git repository.
    Git(Box<Git>),
    /// A file behind a URL.
    Http(Box<Http>),
    /// An image of an OCI layout on the client.
    OciLayout(Box<OciLayout>),
}

/// An image of a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Image {
    /// The full name: with its domain, and with a tag or a digest.
    pub reference: String,
    /// Whether the engine may use the image that it has.
    pub resolve_mode: ResolveMode,
    /// What the engine notes the image as, such as `internal`; empty: the usual.
    pub record_type: String,
    /// How many layers to use.
    pub layer_limit: Option<u32>,
    /// The digest it must have; empty: any.
    pub checksum: String,
}

/// Whether the engine may use the image that it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ResolveMode {
    /// The engine decides.
    #[default]
    Default,
    /// It asks the registry.
    ForcePull,
    /// It uses what it has.
    PreferLocal,
}

/// A directory of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Local {
    /// What the client calls it.
    pub name: String,
    /// Whose client; empty: any that knows the name, told apart by the unique id of
    /// [`MarshalOptions`](crate::llb::MarshalOptions).
    pub session_id: String,
    /// Only what matches one of these is sent.
    pub include_patterns: Vec<String>,
    /// What matches one of these is not sent.
    pub exclude_patterns: Vec<String>,
    /// Only these paths are sent, and what symbolic links among them lead to.
    pub follow_paths: Vec<String>,
    /// Tells the engine which earlier transfer to go on from.
    pub shared_key_hint: String,
    /// How the engine finds what has changed since.
    pub differ: Option<Differ>,
    /// If given, only what is known of the files is sent, but for these paths.
    pub metadata_only: Option<Vec<String>>,
}

/// How the engine finds what has changed since the last transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Differ {
    /// It takes all files anew.
    None,
    /// It compares what is known of the files.
    Metadata,
}

/// A git repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Git {
    /// Host and path, the same for all protocols: `example.com/a/b.git`.
    pub id: String,
    /// The full URL.
    pub url: String,
    /// A branch, a tag or a commit; empty: the default branch.
    pub reference: String,
    /// A directory of the repository; empty: all of it.
    pub subdir: String,
    /// Whether `.git` is kept.
    pub keeps_git_dir: bool,
    /// The secret that holds a token; empty: none.
    pub auth_token_secret: String,
    /// The secret that holds a header; empty: none.
    pub auth_header_secret: String,
    /// Given if SSH is spoken.
    pub ssh: Option<GitSsh>,
    /// The commit it must be; empty: any.
    pub checksum: String,
    /// Whether submodules are left out.
    pub skips_submodules: bool,
    /// Which times files get: `checkout` or `commit`; empty: the engine's choice.
    pub mtime: String,
    /// Whether the checksum is fetched without asking what the reference is.
    pub fetches_by_commit: bool,
}

impl Default for Git {
    /// Returns a source with the names of secrets that every git source has.
    fn default() -> Git {
        Git {
            id: String::new(),
            url: String::new(),
            reference: String::new(),
            subdir: String::new(),
            keeps_git_dir: false,
            auth_token_secret: "GIT_AUTH_TOKEN".to_owned(),
            auth_header_secret: "GIT_AUTH_HEADER".to_owned(),
            ssh: None,
            checksum: String::new(),
            skips_submodules: false,
            mtime: String::new(),
            fetches_by_commit: false,
        }
    }
}

/// How a git repository is reached by SSH.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GitSsh {
    /// Keys of hosts, as `known_hosts` holds them; empty: none.
    pub known_hosts: String,
    /// The client's socket; empty: `default`.
    pub socket: String,
}

/// A file behind a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Http {
    /// The URL.
    pub url: String,
    /// The digest it must have; empty: any.
    pub checksum: String,
    /// The name of the file; empty: made from the URL.
    pub filename: String,
    /// Permission bits; 0: the engine's choice.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// The secret that holds a header; empty: none.
    pub auth_header_secret: String,
    /// Headers of the request.
    pub header: Option<HttpHeader>,
    /// A signature to check.
    pub signature: Option<HttpSignature>,
}

/// Headers of a request; an empty text sends none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HttpHeader {
    /// `Accept`
    pub accept: String,
    /// `User-Agent`
    pub user_agent: String,
}

/// A detached OpenPGP signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HttpSignature {
    /// Who must have signed.
    pub public_key: String,
    /// The signature, armored.
    pub signature: String,
}

/// An image of an OCI layout on the client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OciLayout {
    /// A name with a digest.
    pub reference: String,
    /// Whose client; empty: any.
    pub session_id: String,
    /// What the client calls the layout; empty: as the reference says.
    pub store_id: String,
    /// How many layers to use.
    pub layer_limit: Option<u32>,
}

/// An attribute: its name and value.
type Attr<'a> = (&'a str, String);

impl Source {
    /// Returns the identifier: a scheme and what it names.
    pub fn identifier(&self) -> String {
        match self {
            Source::Image(image) => format!("docker-image://{}", image.reference),
            Source::Local(local) => format!("local://{}", local.name),
            Source::Http(http) => http.url.clone(),
            Source::OciLayout(layout) => format!("oci-layout://{}", layout.reference),
            Source::Git(git) => {
                let mut id = format!("git://{}", git.id);
                if !git.reference.is_empty() || !git.subdir.is_empty() {
                    id.push('#');
                    id.push_str(&git.reference);
                }
                if !git.subdir.is_empty() {
                    id.push(':');
                    id.push_str(&git.subdir);
                }
                id
            }
        }
    }

    /// Returns the attributes. `unique_id` stands for the session of a local source that names none.
    pub fn attrs(&self, unique_id: &str) -> BTreeMap<String, String> {
        let mut attrs = Vec::new();
        match self {
            Source::Image(image) => image.attrs(&mut attrs),
            Source::Local(local) => local.attrs(&mut attrs, unique_id),
            Source::Git(git) => git.attrs(&mut attrs),
            Source::Http(http) => http.attrs(&mut attrs),
            Source::OciLayout(layout) => layout.attrs(&mut attrs),
        }
        attrs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Tells whether what the source gives depends on the platform.
    pub fn is_platform_specific(&self) -> bool {
        matches!(self, Source::Image(_) | Source::OciLayout(_))
    }
}

impl Image {
    fn attrs(&self, attrs: &mut Vec<Attr>) {
        match self.resolve_mode {
            ResolveMode::Default => {}
            ResolveMode::ForcePull => attrs.push(("image.resolvemode", "pull".to_owned())),
            ResolveMode::PreferLocal => attrs.push(("image.resolvemode", "local".to_owned())),
        }
        text(attrs, "image.recordtype", &self.record_type);
        number(attrs, "image.layerlimit", self.layer_limit);
        text(attrs, "image.checksum", &self.checksum);
    }
}

impl Local {
    fn attrs(&self, attrs: &mut Vec<Attr>, unique_id: &str) {
        if self.session_id.is_empty() {
            attrs.push(("local.unique", unique_id.to_owned()));
        }
        text(attrs, "local.session", &self.session_id);
        list(attrs, "local.includepattern", &self.include_patterns);
        list(attrs, "local.followpaths", &self.follow_paths);
        list(attrs, "local.excludepatterns", &self.exclude_patterns);
        text(attrs, "local.sharedkeyhint", &self.shared_key_hint);
        match self.differ {
            None => {}
            Some(Differ::None) => attrs.push(("local.differ", "none".to_owned())),
            Some(Differ::Metadata) => attrs.push(("local.differ", "metadata".to_owned())),
        }
        if let Some(exceptions) = &self.metadata_only {
            attrs.push(("local.metadatatransfer", "true".to_owned()));
            list(attrs, "local.metadatatransferexclude", exceptions);
        }
    }
}

impl Git {
    fn attrs(&self, attrs: &mut Vec<Attr>) {
        flag(attrs, "git.keepgitdir", self.keeps_git_dir);
        text(attrs, "git.fullurl", &self.url);
        text(attrs, "git.authtokensecret", &self.auth_token_secret);
        text(attrs, "git.authheadersecret", &self.auth_header_secret);
        if let Some(ssh) = &self.ssh {
            text(attrs, "git.knownsshhosts", &ssh.known_hosts);
            let socket = if ssh.socket.is_empty() { "default" } else { &ssh.socket };
            attrs.push(("git.mountsshsock", socket.to_owned()));
        }
        text(attrs, "git.checksum", &self.checksum);
        flag(attrs, "git.skipsubmodules", self.skips_submodules);
        text(attrs, "git.mtime", &self.mtime);
        flag(attrs, "git.fetchbycommit", self.fetches_by_commit);
    }
}

impl Http {
    fn attrs(&self, attrs: &mut Vec<Attr>) {
        text(attrs, "http.checksum", &self.checksum);
        text(attrs, "http.filename", &self.filename);
        if self.mode != 0 {
            attrs.push(("http.perm", format!("0{:o}", self.mode)));
        }
        number(attrs, "http.uid", Some(self.uid).filter(|id| *id != 0));
        number(attrs, "http.gid", Some(self.gid).filter(|id| *id != 0));
        text(attrs, "http.authheadersecret", &self.auth_header_secret);
        if let Some(header) = &self.header {
            text(attrs, "http.header.accept", &header.accept);
            text(attrs, "http.header.user-agent", &header.user_agent);
        }
        if let Some(signature) = &self.signature {
            text(attrs, "http.sig.pubkey", &signature.public_key);
            text(attrs, "http.sig.signature", &signature.signature);
        }
    }
}

impl OciLayout {
    fn attrs(&self, attrs: &mut Vec<Attr>) {
        text(attrs, "oci.session", &self.session_id);
        text(attrs, "oci.store", &self.store_id);
        number(attrs, "oci.layerlimit", self.layer_limit);
    }
}

fn text<'a>(attrs: &mut Vec<Attr<'a>>, name: &'a str, value: &str) {
    if !value.is_empty() {
        attrs.push((name, value.to_owned()));
    }
}

fn flag<'a>(attrs: &mut Vec<Attr<'a>>, name: &'a str, value: bool) {
    if value {
        attrs.push((name, "true".to_owned()));
    }
}

fn number<'a>(attrs: &mut Vec<Attr<'a>>, name: &'a str, value: Option<u32>) {
    attrs.extend(value.map(|number| (name, number.to_string())));
}

/// Adds a list as JSON, the way Go writes it.
fn list<'a>(attrs: &mut Vec<Attr<'a>>, name: &'a str, values: &[String]) {
    if !values.is_empty() {
        let json = String::from_utf8(to_json(&values)).expect("JSON of texts is a text");
        attrs.push((name, json));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        let git = |reference: &str, subdir: &str| {
            Source::Git(Box::new(Git {
                id: "example.com/a.git".to_owned(),
                reference: reference.to_owned(),
                subdir: subdir.to_owned(),
                ..Git::default()
            }))
        };
        assert_eq!(git("", "").identifier(), "git://example.com/a.git");
        assert_eq!(git("v1", "").identifier(), "git://example.com/a.git#v1");
        assert_eq!(git("v1", "x/y").identifier(), "git://example.com/a.git#v1:x/y");
        assert_eq!(git("", "x").identifier(), "git://example.com/a.git#:x");
    }

    #[test]
    fn lists_are_json_as_go_writes_it() {
        let local =
            Local { exclude_patterns: vec!["<a>&\u{2028}".to_owned(), "\"".to_owned()], ..Local::default() };
        let attrs = Source::Local(Box::new(local)).attrs("id");
        assert_eq!(attrs["local.excludepatterns"], r#"["\u003ca\u003e\u0026\u2028","\""]"#);
        assert_eq!(attrs["local.unique"], "id");
    }

    #[test]
    fn attributes_of_images() {
        let shown = |source: Source| {
            source
                .attrs("")
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let image = Image {
            resolve_mode: ResolveMode::PreferLocal,
            record_type: "internal".to_owned(),
            layer_limit: Some(2),
            checksum: "c".to_owned(),
            ..Image::default()
        };
        assert_eq!(
            shown(Source::Image(Box::new(image))),
            "image.checksum=c image.layerlimit=2 image.recordtype=internal image.resolvemode=local"
        );
        let pulled = Image { resolve_mode: ResolveMode::ForcePull, ..Image::default() };
        assert_eq!(shown(Source::Image(Box::new(pulled))), "image.resolvemode=pull");
        assert_eq!(shown(Source::Image(Box::default())), "");
        let layout = OciLayout {
            session_id: "s".to_owned(),
            store_id: "t".to_owned(),
            layer_limit: Some(0),
            ..OciLayout::default()
        };
        assert_eq!(shown(Source::OciLayout(Box::new(layout))), "oci.layerlimit=0 oci.session=s oci.store=t");
    }

    #[test]
    fn modes_and_numbers() {
        let http = Http { mode: 0o644, gid: 7, ..Http::default() };
        let attrs = Source::Http(Box::new(http)).attrs("");
        assert_eq!(attrs["http.perm"], "0644");
        assert_eq!(attrs["http.gid"], "7");
        assert_eq!(attrs.len(), 2);
    }
}
