//! Pictures, recognised by what is in them.

use std::fmt;
use std::sync::Arc;

/// A picture that pages show.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it is.
    pub format: Format,
    /// The file.
    pub content: Arc<[u8]>,
}

/// What browsers can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Scalable.
    Svg,
    /// Exact.
    Png,
    /// Small.
    Webp,
    /// For photographs.
    Jpeg,
    /// Icons of several sizes.
    Ico,
}

impl Format {
    /// The ending of its name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Jpeg => "jpg",
            Self::Ico => "ico",
        }
    }

    /// The name people know it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Svg => "SVG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Jpeg => "JPEG",
            Self::Ico => "ICO",
        }
    }

    /// Recognises a file by its first bytes, since a name can say anything.
    fn of(content: &[u8]) -> Option<Self> {
        match content {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [0, 0, 1, 0, pictures, 0, ..] if *pictures > 0 => Some(Self::Ico),
            _ => is_svg(str::from_utf8(content).ok()?).then_some(Self::Svg),
        }
    }
}

impl Picture {
    /// The picture that is in a file; `None` for anything else.
    pub fn of(content: Vec<u8>) -> Option<Self> {
        let format = Format::of(&content)?;
        Some(Self {
            format,
            content: content.into(),
        })
    }
}

impl fmt::Display for Picture {
    /// Kind and size.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} bytes", self.format.name(), self.content.len())
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({self})")
    }
}

/// Whether the first element is `<svg`, after whatever XML allows before it.
fn is_svg(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let after = if rest.starts_with("<?") {
            rest.split_once("?>")
        } else if rest.starts_with("<!--") {
            rest.split_once("-->")
        } else if rest.starts_with("<!DOCTYPE") {
            // Drawing programs define entities in brackets, which hold more `>`.
            let end = rest.find(['[', '>']).unwrap_or(0);
            if rest[end..].starts_with('[') {
                rest.split_once("]>").or_else(|| rest.split_once("] >"))
            } else {
                rest.split_once('>')
            }
        } else {
            let inside = rest.strip_prefix("<svg");
            return inside.is_some_and(|inside| inside.starts_with(|c: char| c.is_whitespace() || c == '>'));
        };
        match after {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_content() {
        for (content, format) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], Some(Format::Png)),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some(Format::Jpeg)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some(Format::Webp)),
            (b"\0\0\x01\0\x02\0\x10\x10", Some(Format::Ico)),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Some(Format::Svg)),
            (b"\xef\xbb\xbf\n<svg>", Some(Format::Svg)),
            (
                b"<?xml version='1.0'?>\n<!-- a > b -->\n<!DOCTYPE svg PUBLIC 'x' 'y'>\n<svg\n>",
                Some(Format::Svg),
            ),
            (
                b"<!DOCTYPE svg [ <!ENTITY ns 'http://x'> ]>\n<svg xmlns='&ns;'>",
                Some(Format::Svg),
            ),
            (b"", None),
            (b"GIF89a", None),
            (b"<html><svg></svg></html>", None),
            (b"<svgx>", None),
            (b"<!-- <svg>", None),
            (b"<?xml <svg>", None),
            (b"<!DOCTYPE", None),
            (b"<!DOCTYPE svg [ <svg>", None),
            (b"<svg \xff>", None),
            (b"\0\0\x01\0\0\0", None),
            (b"RIFF\x10\0\0\0WAVE", None),
        ] {
            assert_eq!(Format::of(content), format, "{:?}", String::from_utf8_lossy(content));
        }
    }
}
