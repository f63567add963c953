//! How pages look: name, pictures, colour, links and rules of the operator's own.

use std::sync::Arc;

use percent_encoding::{AsciiSet, utf8_percent_encode};

use crate::config::file;
use crate::config::reader::Reader;
use crate::config::server::PublicUrl;
use crate::domain::Email;
use crate::domain::client::is_for_programs;
use crate::domain::return_to::ReturnTo;
use crate::look::{Accent, Colour, Format, Picture, Shades, Theme, accent};

/// How pages look.
#[derive(Debug, Clone)]
pub struct Brand {
    /// `AUTHARA_PRODUCT_NAME`: what people call this site.
    pub product_name: String,
    /// `AUTHARA_LOGO_FILE`.
    pub logo: Option<Picture>,
    /// `AUTHARA_FAVICON_FILE`.
    pub favicon: Option<Picture>,
    /// `AUTHARA_ACCENT_COLOR`.
    pub accent: Option<Accent>,
    /// `AUTHARA_TERMS_URL`.
    pub terms: Option<Target>,
    /// `AUTHARA_PRIVACY_URL`.
    pub privacy: Option<Target>,
    /// `AUTHARA_IMPRINT_URL`.
    pub imprint: Option<Target>,
    /// `AUTHARA_SUPPORT`.
    pub support: Option<Support>,
    /// `AUTHARA_CUSTOM_CSS_FILE`: rules that come after those of the style sheet.
    pub css: Option<Arc<str>>,
}

/// What a link of the operator leads to: an address on the web, or a path on this origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(String);

/// Whom people can ask for help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Support {
    /// By mail.
    Mail(Email),
    /// On a page.
    Page(Target),
}

/// Characters of a name at most: more does not fit beside the links of a page.
const LONGEST_NAME: usize = 60;
/// KiB of each file at most.
const LARGEST_LOGO: u64 = 512;
const LARGEST_FAVICON: u64 = 128;
const LARGEST_CSS: u64 = 256;

/// Characters that may stand in a mail address, and mean something else in a link (RFC 6068, section 2).
const MEANS_MORE_IN_LINKS: &AsciiSet = &AsciiSet::EMPTY
    .add(b'&')
    .add(b'?')
    .add(b'#')
    .add(b'/')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

const LOGOS: [Format; 4] = [Format::Svg, Format::Png, Format::Webp, Format::Jpeg];
const FAVICONS: [Format; 3] = [Format::Svg, Format::Png, Format::Ico];

impl Brand {
    pub(super) fn read(reader: &mut Reader<'_>, public_url: Option<&PublicUrl>) -> Option<Self> {
        let product_name = product_name(reader, public_url);
        let logo = file(reader, "AUTHARA_LOGO_FILE", |path| picture(path, &LOGOS, LARGEST_LOGO));
        let favicon = file(reader, "AUTHARA_FAVICON_FILE", |path| {
            picture(path, &FAVICONS, LARGEST_FAVICON)
        });
        let accent = accent(reader);
        let terms = reader.parse("AUTHARA_TERMS_URL", Target::parse);
        let privacy = reader.parse("AUTHARA_PRIVACY_URL", Target::parse);
        let imprint = reader.parse("AUTHARA_IMPRINT_URL", Target::parse);
        let support = reader.parse("AUTHARA_SUPPORT", Support::parse);
        let css = css(reader, public_url);
        Some(Self {
            product_name: product_name?,
            logo,
            favicon,
            accent,
            terms,
            privacy,
            imprint,
            support,
            css,
        })
    }
}

fn product_name(reader: &mut Reader<'_>, public_url: Option<&PublicUrl>) -> Option<String> {
    const NAME: &str = "AUTHARA_PRODUCT_NAME";

    if !reader.is_set(NAME) {
        return public_url.map(|url| url.host.clone());
    }
    reader.parse(NAME, |text| {
        let name = text.trim();
        let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
        if fits && !name.contains(|letter: char| letter.is_control() || is_for_programs(letter)) {
            Ok(name.to_owned())
        } else {
            Err(format!("must be a name of 1 to {LONGEST_NAME} characters on one line"))
        }
    })
}

/// What `read` makes of the file that the setting names. `None` also if that was a problem.
fn file<T>(reader: &mut Reader<'_>, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
    match read(reader.text(name)?) {
        Ok(content) => Some(content),
        Err(text) => {
            reader.problem(name, text);
            None
        }
    }
}

/// Reads a picture of one of these formats.
fn picture(path: &str, formats: &[Format], kib: u64) -> Result<Picture, String> {
    let picture = Picture::of(file::read(path, kib)?).filter(|picture| formats.contains(&picture.format));
    picture.ok_or_else(|| {
        let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
        format!("names {path}, which is no picture of these kinds: {}", names.join(", "))
    })
}

impl Target {
    /// Takes what a browser opens as a page, and nothing that it runs.
    fn parse(text: &str) -> Result<Self, String> {
        if ReturnTo::parse(text).is_some() || is_web_address(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be a web address, as in https://example.com/terms (international names in their xn-- form), or a path on this origin, as in /terms".to_owned())
        }
    }

    /// What stands in the link.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_web_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '\\';
    text.len() <= 2000
        && rest[end..].chars().all(is_plain)
        && PublicUrl::parse(&format!("{scheme}://{}", &rest[..end])).is_ok()
}

impl Support {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(address) = Email::parse(text) {
            return Ok(Self::Mail(address));
        }
        Target::parse(text).map(Self::Page).map_err(|_| {
            "must be an e-mail address, a web address, as in https://example.com/help, or a path on this origin, as in /help".to_owned()
        })
    }

    /// What stands in the link.
    pub fn href(&self) -> String {
        let address = match self {
            Self::Mail(address) => address.as_str(),
            Self::Page(target) => return target.0.clone(),
        };
        format!("mailto:{}", utf8_percent_encode(address, MEANS_MORE_IN_LINKS))
    }

    /// What people read: the address.
    pub fn words(&self) -> &str {
        match self {
            Self::Mail(address) => address.as_str(),
            Self::Page(target) => {
                let bare = target.0.split_once("://").map_or(&*target.0, |(_, bare)| bare);
                bare.strip_suffix('/').filter(|text| !text.is_empty()).unwrap_or(bare)
            }
        }
    }
}

/// Says what becomes of the colour where it cannot stay as it is. That it is another one as text on
/// dark pages goes without saying: no colour reads on both.
fn accent(reader: &mut Reader<'_>) -> Option<Accent> {
    const NAME: &str = "AUTHARA_ACCENT_COLOR";

    let given = reader.parse(NAME, |text| {
        Colour::parse(text).ok_or_else(|| "must be a colour, as in #17644f or #fc0".to_owned())
    })?;
    let accent = Accent::of(given);
    let grounds = Theme::LIGHT.grounds();
    if accent.light.text != given {
        let found = one_decimal(given.contrast_on(&grounds));
        let (needed, text) = (accent::TEXT, accent.light.text);
        reader.warn(
            NAME,
            format!("{given} is too light for text on a light page (contrast {found}, needed {needed}); links there use {text}"),
        );
    }
    for (page, theme, Shades { fill, .. }) in [
        ("light", Theme::LIGHT, accent.light),
        ("dark", Theme::DARK, accent.dark),
    ] {
        if fill == given {
            continue;
        }
        let contrast = given.contrast(theme.surface);
        let why = if contrast < accent::FILL {
            let (found, needed) = (one_decimal(contrast), accent::FILL);
            format!("can hardly be told from a {page} page (contrast {found}, needed {needed})")
        } else {
            "has neither white nor dark text that can be read on it".to_owned()
        };
        reader.warn(NAME, format!("{given} {why}; buttons on a {page} page use {fill}"));
    }
    Some(accent)
}

/// Rounded down, so that what is not enough does not look like enough.
fn one_decimal(contrast: f64) -> f64 {
    (contrast * 10.0).floor() / 10.0
}

fn css(reader: &mut Reader<'_>, public_url: Option<&PublicUrl>) -> Option<Arc<str>> {
    const NAME: &str = "AUTHARA_CUSTOM_CSS_FILE";

    let text = file(reader, NAME, |path| {
        let text = String::from_utf8(file::read(path, LARGEST_CSS)?);
        text.map_err(|_| format!("names {path}, which is not UTF-8"))
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let rules = without_comments(text).to_ascii_lowercase();
    if rules.contains("@import") {
        reader.warn(
            NAME,
            "has an @import, which browsers pass over here; put those rules into the file",
        );
    }
    if let Some(address) = foreign_address(&rules, public_url) {
        reader.warn(
            NAME,
            format!("loads {address}, which the content security policy forbids; serve it on this origin"),
        );
    }
    Some(text.into())
}

fn without_comments(css: &str) -> String {
    let mut parts = css.split("/*");
    let mut rules = parts.next().unwrap_or("").to_owned();
    for part in parts {
        rules.push(' ');
        rules.push_str(part.split_once("*/").map_or("", |(_, after)| after));
    }
    rules
}

/// The first `url(…)` that leads away from this origin.
fn foreign_address<'a>(rules: &'a str, public_url: Option<&PublicUrl>) -> Option<&'a str> {
    rules.split("url(").skip(1).find_map(|rest| {
        let address = rest
            .split(')')
            .next()?
            .trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        let is_absolute = ["http:", "https:", "//"].iter().any(|start| address.starts_with(start));
        let is_ours = public_url.is_some_and(|url| {
            let rest = address.strip_prefix(url.origin.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        });
        (is_absolute && !is_ours).then_some(address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_pages_and_run_nothing() {
        for text in [
            "/terms",
            "/legal/terms?x=1#top",
            "https://example.com",
            "https://example.com/terms",
            "HTTPS://Example.com:8443/ä?b#c",
            "http://localhost:3000/terms",
        ] {
            assert_eq!(Target::parse(text).map(|it| it.0).as_deref(), Ok(text));
        }
        for text in [
            "terms",
            "//example.com/terms",
            "/\\example.com",
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "JavaScript://example.com",
            "data:text/html,x",
            "ftp://example.com/terms",
            "https:example.com",
            "https://",
            "https://user@example.com/",
            "https://example.com\\@evil.example/",
            "https://exa mple.com",
            "https://example.com/a b",
            "https://example.com/\u{1}",
            "https://bücher.example/terms",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn support_is_an_address_of_either_kind() {
        let support = |text| Support::parse(text).expect(text);

        assert_eq!(support("Help@Example.com").href(), "mailto:help@example.com");
        assert_eq!(support("Help@Example.com").words(), "help@example.com");
        assert_eq!(support("a&b?c+d@example.com").href(), "mailto:a%26b%3Fc+d@example.com");
        assert_eq!(
            support("a#/^`{|}!*=~'$@example.com").href(),
            "mailto:a%23%2F%5E%60%7B%7C%7D!*=~'$@example.com"
        );
        assert_eq!(support("https://example.com/").href(), "https://example.com/");
        assert_eq!(support("https://example.com/").words(), "example.com");
        assert_eq!(support("https://example.com/help").words(), "example.com/help");
        assert_eq!(support("/help").words(), "/help");
        assert_eq!(support("/").words(), "/");
        for text in ["help", "javascript:alert(1)", "mailto:help@example.com", "a@b@c"] {
            assert!(Support::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_style_sheet_loads_from_elsewhere_is_found() {
        let url = PublicUrl::parse("https://example.com").expect("an origin");
        let found = |css| foreign_address(css, Some(&url));

        assert_eq!(
            found("a{b:url( 'https://evil.example/x.png' )}"),
            Some("https://evil.example/x.png")
        );
        assert_eq!(found("a{b:url(//evil.example/x)}"), Some("//evil.example/x"));
        assert_eq!(
            found("a{b:url(https://example.com.evil/x)}"),
            Some("https://example.com.evil/x")
        );
        assert_eq!(
            found("a{b:url(/x.png);c:url(https://example.com/x);d:url(data:image/png,)}"),
            None
        );
        assert_eq!(without_comments("a/* @import */b/* c"), "a b ");
    }
}
