//! Images that the user described, since there is no registry offline.
//!
//! In: image configs, lists of them, OCI layouts, archives of `docker save`. Out: the config of an image by name and
//! platform.

mod store;

use super::answer::read_limited;
use crate::image::{Config, Platform, Reference};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use store::Store;

/// One image for one platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Reads `NAME=PATH`: a config, an OCI layout or an archive.
    ///
    /// # Errors
    /// If there is no such thing, or several where one is meant.
    pub(super) fn read_one(&mut self, given: &str) -> Result<(), String> {
        let (name, path) = given.split_once('=').ok_or_else(|| format!("{given}: write it as NAME=PATH"))?;
        let place = Path::new(path);
        if let Some(store) = Store::open(place)? {
            // One image may have several names, and one name images for several platforms.
            let mut by_name: BTreeMap<String, Vec<Image>> = BTreeMap::new();
            for (found, image) in store.images().map_err(|error| format!("{path}: {error}"))? {
                by_name.entry(found).or_default().push(image);
            }
            let mut different: Vec<&Vec<Image>> = by_name.values().collect();
            different.sort();
            different.dedup();
            return match different[..] {
                [] => Err(format!("{path}: there is no image in it")),
                [images] => images.iter().try_for_each(|image| self.add(name, image.clone())),
                _ => {
                    let names: Vec<&str> = by_name.keys().map(String::as_str).collect();
                    Err(format!("{path}: there are several images in it: {}", names.join(", ")))
                }
            };
        }
        let config = read_limited(place).map_err(|error| format!("{path}: {error}"))?;
        self.add(name, Image { digest: String::new(), config }).map_err(|error| format!("{path}: {error}"))
    }

    /// Reads many images: a list by name, an OCI layout or an archive.
    ///
    /// # Errors
    /// If there is no such thing, or something in it cannot be read.
    pub(super) fn read_all(&mut self, path: &Path) -> Result<(), String> {
        let at = |error: String| format!("{}: {error}", path.display());
        if let Some(store) = Store::open(path)? {
            for (name, image) in store.images().map_err(at)? {
                if !name.is_empty() {
                    self.add(&name, image).map_err(at)?;
                }
            }
            return Ok(());
        }
        let data = read_limited(path).map_err(|error| at(error.to_string()))?;
        let list: BTreeMap<String, Value> =
            serde_json::from_slice(&data).map_err(|error| at(error.to_string()))?;
        for (name, entry) in list {
            let entries = match entry {
                Value::Array(entries) => entries,
                one => vec![one],
            };
            for mut entry in entries {
                // An entry is a config, or says more: its digest.
                let digest = entry["digest"].as_str().unwrap_or_default().to_owned();
                let config = if entry["image"].is_object() { entry["image"].take() } else { entry };
                self.add(&name, Image { digest, config: config.to_string().into_bytes() }).map_err(at)?;
            }
        }
        Ok(())
    }

    /// Adds an image under a name.
    fn add(&mut self, name: &str, image: Image) -> Result<(), String> {
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
    pub(super) fn find(&self, reference: &str, platform: &Platform) -> Result<Option<Image>, String> {
        let Some(images) = self.by_name.get(reference) else {
            // What is known of a tag holds for one of its digests, too; the digest is that of the name then.
            let Some((name, _)) = reference.split_once('@') else { return Ok(None) };
            let name = full_name(name)?;
            let found = if self.by_name.contains_key(&name) { self.find(&name, platform)? } else { None };
            return Ok(found.map(|image| Image { digest: String::new(), ..image }));
        };
        let is_same =
            |found: &Platform| found.os == platform.os && found.architecture == platform.architecture;
        let found = images
            .iter()
            .find(|(found, _)| is_same(found) && found.variant == platform.variant)
            .or_else(|| images.iter().find(|(found, _)| is_same(found)))
            // A config that names no platform is for any.
            .or_else(|| images.iter().find(|(found, _)| found.os.is_empty() && found.architecture.is_empty()))
            .or_else(|| images.first().filter(|_| images.len() == 1));
        match found {
            Some((_, image)) => Ok(Some(image.clone())),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn image(os: &str, architecture: &str) -> Image {
        let config = format!("{{\"os\":\"{os}\",\"architecture\":\"{architecture}\"}}");
        Image { digest: String::new(), config: config.into_bytes() }
    }

    #[test]
    fn the_platform_chooses() {
        let mut images = Images::default();
        images.add("alpine", image("linux", "amd64")).unwrap();
        let name = "docker.io/library/alpine:latest";
        let arm = Platform::new("linux", "arm64");
        assert_eq!(images.find("docker.io/library/alpine:3", &arm), Ok(None));
        assert_eq!(images.find(name, &arm), Ok(Some(image("linux", "amd64"))));
        images.add("docker.io/library/alpine", image("linux", "arm64")).unwrap();
        assert_eq!(images.find(name, &arm), Ok(Some(image("linux", "arm64"))));
        assert!(images.find(name, &Platform::new("linux", "s390x")).is_err());
        assert!(images.add("Not A Name", image("", "")).is_err());
    }
}
