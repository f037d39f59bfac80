//! USER: who runs commands.

use crate::syntax::Word;

/// `USER user[:group]`
#[derive(Clone, Debug)]
pub struct User {
    /// Names or numbers.
    pub user: Word,
}
