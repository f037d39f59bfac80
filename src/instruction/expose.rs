//! EXPOSE: ports that listen.

use crate::syntax::Word;

/// `EXPOSE port[/protocol] …`
#[derive(Clone, Debug)]
pub struct Expose {
    /// The ports, sorted as text. One of them may become several when it is expanded.
    pub ports: Vec<Word>,
}
