//! ONBUILD: an instruction for builds that start from this image.

use crate::text::Spanned;

/// `ONBUILD instruction`
#[derive(Clone, Debug)]
pub struct Onbuild {
    /// The keyword of the instruction held back, in upper case.
    pub keyword: Spanned<String>,
    /// The instruction held back, heredocs included, as it goes into the image config.
    pub expression: String,
}
