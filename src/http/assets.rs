//! Style sheet, script and pictures: inside the binary, under names that change with their content.

use std::borrow::Cow;

use hyper::body::Bytes;

struct Asset {
    /// The file's name in `assets/static`.
    name: &'static str,
    /// Where it is served.
    url: &'static str,
    /// Its name in [`Files`], beside `<file>.br` and `<file>.gz` where those are smaller.
    file: &'static str,
    extension: &'static str,
}

/// Contents, put there by `build.rs`. Inside the binary in a release, read from disk in a debug build.
#[derive(rust_embed::Embed)]
#[folder = "$OUT_DIR/static"]
struct Files;

/// Written by `build.rs`.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Where a file of `assets/static` is served, e.g. `const STYLE: &str = assets::url("app.css")`.
///
/// # Panics
/// If there is no such file; in a `const` the build fails instead.
pub const fn url(name: &str) -> &'static str {
    let mut index = 0;
    while index < ASSETS.len() {
        if is_equal(ASSETS[index].name.as_bytes(), name.as_bytes()) {
            return ASSETS[index].url;
        }
        index += 1;
    }
    panic!("no such file in assets/static")
}

/// `==` does not work in a `const fn` yet.
const fn is_equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// A file of `assets/static` as it is in the source.
pub(super) fn content(name: &str) -> Cow<'static, [u8]> {
    let file = ASSETS.iter().find(|asset| asset.name == name);
    file.and_then(|asset| Files::get(asset.file))
        .map_or(Cow::Borrowed(&[]), |file| file.data)
}

/// A file as it is sent.
#[derive(Debug)]
pub struct Sent {
    /// What it is.
    pub content_type: &'static str,
    /// Its bytes, packed or not.
    pub body: Bytes,
    /// How they are packed.
    pub encoding: Option<&'static str>,
    /// Whether it is a picture of the operator's, which gets a policy of its own.
    pub is_own_picture: bool,
}

/// The embedded file at a path, for a browser that says it takes these codings.
pub(super) fn file(path: &str, accepted: &str) -> Option<Sent> {
    let asset = ASSETS.iter().find(|asset| asset.url == path)?;
    let twin = |coding, ending| {
        let file = accepts(accepted, coding).then(|| Files::get(&format!("{}.{ending}", asset.file)))??;
        Some((file, Some(coding)))
    };
    let (file, encoding) = twin("br", "br")
        .or_else(|| twin("gzip", "gz"))
        .or_else(|| Some((Files::get(asset.file)?, None)))?;
    let body = match file.data {
        Cow::Borrowed(embedded) => Bytes::from_static(embedded),
        Cow::Owned(read) => Bytes::from(read),
    };
    Some(Sent {
        content_type: content_type(asset.extension),
        body,
        encoding,
        is_own_picture: false,
    })
}

/// Whether `Accept-Encoding` names a coding and does not forbid it with `q=0`.
pub(super) fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|part| {
        let mut part = part.split(';');
        let is_named = part.next().is_some_and(|name| name.trim().eq_ignore_ascii_case(coding));
        let is_forbidden = part.any(|weight| {
            let value = weight
                .trim()
                .strip_prefix("q=")
                .and_then(|text| text.parse::<f32>().ok());
            value.is_some_and(|value| value <= 0.0)
        });
        is_named && !is_forbidden
    })
}

/// What a file is, by its ending.
pub(super) fn content_type(extension: &str) -> &'static str {
    match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "jpg" => "image/jpeg",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_used_only_if_the_browser_takes_it() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("BR;q=0.5", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("brx", "br"));
        assert!(!accepts("", "gzip"));
    }

    #[test]
    fn every_file_has_a_known_type_and_a_name_of_its_own() {
        for asset in ASSETS {
            assert_ne!(
                content_type(asset.extension),
                "application/octet-stream",
                "{}",
                asset.name
            );
            assert_eq!(url(asset.name), asset.url);
        }
    }
}
