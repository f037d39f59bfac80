//! A page in one file that works from disk without network: the picture, and beside it what a step is made of.

use super::json::json;
use super::model::Picture;
use super::svg::{escaped, legend_in_page, style, svg_in_page};
use serde_json::Value;

const PAGE: &str = include_str!("page.html");

/// Draws a picture as a page.
pub fn html(picture: &Picture) -> String {
    let mut data = json(picture);
    data["source"] = Value::from(picture.source.lines().collect::<Vec<_>>());
    // In a script no `<` may stand that could end it.
    let data = data.to_string().replace('<', "\\u003c");
    let parts = [
        ("STYLE", style()),
        ("TITLE", &escaped(&picture.title)),
        ("PICTURE", &svg_in_page(picture)),
        ("LEGEND", &legend_in_page(picture)),
        ("DATA", &data),
    ];
    let mut page = String::with_capacity(PAGE.len() + 2 * data.len());
    let mut rest = PAGE;
    // Parts are put in one after the other, so that no text of a Dockerfile is taken for a place.
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let (name, after) = after.split_once("}}").expect("the page closes its places");
        let part = parts.iter().find(|(known, _)| *known == name).expect("the page names known parts");
        page.push_str(part.1);
        rest = after;
    }
    page.push_str(rest);
    page
}
