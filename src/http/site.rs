//! What makes these pages this site's: addresses and contents of its style sheet and pictures.
//!
//! Built from the settings at the start and on SIGHUP; nothing is read from disk by a request. A site without
//! settings of its own has the embedded files, compressed better than a server would at start.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;

use hyper::body::Bytes;

use crate::config::{Brand, Config, Target};
use crate::http::assets::{self, Sent};
use crate::look::{Accent, Picture};
use crate::words::Languages;

const STYLE: &str = "style.css";
/// Style sheet, logo and icon.
const OWN_FILES: usize = 3;

/// Addresses and contents that differ from site to site.
#[derive(Debug)]
pub struct Site {
    /// What people call it.
    pub name: String,
    /// Where the style sheet is.
    pub stylesheet: Cow<'static, str>,
    /// The icon of the browser's tab, if there is one; it stands beside the name as well.
    pub icon: Option<Icon>,
    /// Where the logo is, if there is one.
    pub logo: Option<String>,
    /// Where the terms of use are.
    pub terms: Option<String>,
    /// Where the privacy notice is.
    pub privacy: Option<String>,
    /// Where it says who is behind the site.
    pub imprint: Option<String>,
    /// Whom people can ask for help.
    pub support: Option<Support>,
    /// In what languages.
    pub languages: Languages,
    files: Vec<File>,
}

/// The icon of the browser's tab.
#[derive(Debug)]
pub struct Icon {
    /// Where it is.
    pub url: String,
    /// What kind of picture it is.
    pub content_type: &'static str,
}

/// Whom people can ask for help.
#[derive(Debug)]
pub struct Support {
    /// What stands in the link.
    pub href: String,
    /// What people read.
    pub words: String,
}

/// A file that is served from memory.
#[derive(Debug, Clone)]
struct File {
    url: String,
    content_type: &'static str,
    plain: Bytes,
    /// Absent where it would gain nothing.
    gzip: Option<Bytes>,
    is_picture: bool,
}

impl Site {
    /// What the settings make of it.
    pub fn new(config: &Config) -> Self {
        let brand = &config.brand;
        let stylesheet = style(brand).map(|css| File::new("style", "css", css.into_bytes().into()));
        let picture = |stem, picture: &Picture| {
            let content = Bytes::from_owner(picture.content.clone());
            File::new(stem, picture.format.extension(), content)
        };
        let logo = brand.logo.as_ref().map(|logo| picture("logo", logo));
        let icon = brand.favicon.as_ref().map(|icon| picture("icon", icon));
        let own_style = stylesheet.as_ref().map(|file| Cow::Owned(file.url.clone()));
        let target = |target: &Option<Target>| target.as_ref().map(|target| target.as_str().to_owned());
        Self {
            name: brand.product_name.clone(),
            stylesheet: own_style.unwrap_or(Cow::Borrowed(assets::url(STYLE))),
            icon: icon.as_ref().map(|file| Icon {
                url: file.url.clone(),
                content_type: file.content_type,
            }),
            logo: logo.as_ref().map(|file| file.url.clone()),
            terms: target(&brand.terms),
            privacy: target(&brand.privacy),
            imprint: target(&brand.imprint),
            support: brand.support.as_ref().map(|support| Support {
                href: support.href(),
                words: support.words().to_owned(),
            }),
            languages: config.languages.clone(),
            files: [stylesheet, logo, icon].into_iter().flatten().collect(),
        }
    }

    /// What other settings make of it. The files of now stay beside the new ones: a page that is on its way names them.
    pub(super) fn again(&self, config: &Config) -> Self {
        let mut site = Self::new(config);
        let is_gone = |file: &&File| !site.files.iter().any(|new| new.url == file.url);
        let former: Vec<File> = self.files.iter().filter(is_gone).take(OWN_FILES).cloned().collect();
        site.files.extend(former);
        site
    }

    /// The file at a path, for a browser that says it takes these codings.
    pub(super) fn file(&self, path: &str, accepted: &str) -> Option<Sent> {
        let file = self.files.iter().find(|file| file.url == path)?;
        let packed = file.gzip.as_ref().filter(|_| assets::accepts(accepted, "gzip"));
        Some(Sent {
            content_type: file.content_type,
            body: packed.unwrap_or(&file.plain).clone(),
            encoding: packed.map(|_| "gzip"),
            is_own_picture: file.is_picture,
        })
    }
}

impl File {
    fn new(stem: &str, extension: &str, plain: Bytes) -> Self {
        let gzip = gzip(&plain).filter(|packed| packed.len() < plain.len());
        Self {
            url: format!("/auth/static/{stem}.{:016x}.{extension}", fnv(&plain)),
            content_type: assets::content_type(extension),
            plain,
            gzip: gzip.map(Bytes::from),
            is_picture: extension != "css",
        }
    }
}

/// The embedded style sheet and what the operator changes of it; `None` if that is nothing.
fn style(brand: &Brand) -> Option<String> {
    if brand.accent.is_none() && brand.css.is_none() {
        return None;
    }
    let mut css = String::from_utf8_lossy(&assets::content(STYLE)).into_owned();
    if let Some(accent) = &brand.accent {
        css.push('\n');
        css.push_str(&properties(accent));
    }
    if let Some(own) = &brand.css {
        css.push('\n');
        css.push_str(own);
    }
    Some(css)
}

/// Each once for light and dark, as the style sheet has its own.
fn properties(accent: &Accent) -> String {
    let Accent { light, dark, .. } = accent;
    let mut css = ":root{".to_owned();
    for (name, light, dark) in [
        ("accent", light.fill, dark.fill),
        ("on-accent", light.on_fill, dark.on_fill),
        ("accent-strong", light.strong, dark.strong),
        ("accent-text", light.text, dark.text),
        ("accent-wash", light.wash, dark.wash),
    ] {
        let _ = write!(css, "--{name}:var(--is-light,{light}) var(--is-dark,{dark});");
    }
    css.push('}');
    css
}

/// `None` cannot happen in memory; the file is then sent as it is.
fn gzip(content: &[u8]) -> Option<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(content).ok()?;
    writer.finish().ok()
}

/// FNV-1a, as in `build.rs`: the name only has to change when the content does.
fn fnv(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
