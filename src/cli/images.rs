//! Images that the user described, since there is no registry offline.
//!
//! In: config files, a list of configs, OCI layouts, archives of `docker save`. Out: the config of an image by name and
//! platform.

use crate::image::{Config, Platform, Reference};
use std::collections::BTreeMap;

/// One image for one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    /// The digest of what the name stands for; empty if it is not known.
    pub digest: String,
    /// The image config, as JSON.
    pub config: Vec<u8>,
}

/// All images that were described.
#[derive(Clone, Debug, Default)]
pub(super) struct Images {
    /// By full name.
    by_name: BTreeMap<String, Vec<(Platform, Image)>>,
}

impl Images {
    /// Adds an image under a name.
    ///
    /// # Errors
    /// If the name or the config is none.
    pub(super) fn add(&mut self, name: &str, image: Image) -> Result<(), String> {
        let name = full_name(name)?;
        let config = Config::from_json(&image.config)
            .map_err(|error| format!("the config of {name} cannot be read: {error}"))?;
        self.by_name.entry(name).or_default().push((config.platform(), image));
        Ok(())
    }

    /// Returns the image of a name; one for the platform if there are several.
    ///
    /// # Errors
    /// If the image was described, but only for other platforms.
    pub(super) fn find(&self, reference: &str, platform: &Platform) -> Result<Option<&Image>, String> {
        let Some(images) = self.by_name.get(reference) else { return Ok(None) };
        if let [(_, only)] = &images[..] {
            return Ok(Some(only));
        }
        let fits = |found: &&(Platform, Image)| {
            found.0.os == platform.os && found.0.architecture == platform.architecture
        };
        match images.iter().find(fits) {
            Some((_, image)) => Ok(Some(image)),
            None => Err(format!("{reference} was described for other platforms, but not for {platform}")),
        }
    }
}

/// Returns the whole name of an image, with registry and tag.
fn full_name(name: &str) -> Result<String, String> {
    Reference::parse_normalized(name)
        .map(|reference| reference.tag_name_only().to_string())
        .map_err(|error| format!("{name} is no name of an image: {error}"))
}
