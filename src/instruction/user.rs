//! USER: who runs commands.

use super::parse::Reader;
use crate::syntax::Word;

/// `USER user[:group]`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct User {
    /// Names or numbers.
    pub user: Word,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<User> {
    let user = reader.one_word("USER");
    reader.flags(&[]);
    user.map(|user| User { user })
}
