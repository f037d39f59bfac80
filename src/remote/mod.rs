//! Addresses of remote sources, as text: git repositories and files over HTTP.
//!
//! In: what stands behind ADD, in the context option or in a named context. Out: the parts of the address, ready
//! for a source op. Nothing is fetched.

mod git;
mod http;
mod url;

pub use git::{GitRef, GitRefError, GitRemote, is_git_source};
pub use http::{check_http_url, http_filename, is_http_source, is_http_url};
pub use url::{Url, UrlError};
