//! A site's own colour, made to work on light and dark pages.
//!
//! One colour cannot be text on both: what reads on white is too dark for a dark page. So each page
//! gets shades of it, and every pair that people must tell apart has the contrast that WCAG asks for.

use crate::look::colour::Colour;

/// What text needs (WCAG 2.2, success criterion 1.4.3).
pub const TEXT: f64 = 4.5;

/// What a button's fill needs beside the page. A button is known by its words, which have [`TEXT`]
/// on the fill, so WCAG's 3:1 for parts without words does not bind it (1.4.11), and a yellow stays
/// the operator's yellow on white. Below this, which is what the thin lines of the page have, its
/// shape would be lost.
pub const FILL: f64 = 1.4;

/// The contrast of a pale background with the page around it at most.
const PALE: f64 = 1.18;

/// How much lighter or darker a button is under the pointer.
const HOVER: f64 = 0.06;

/// Text on the fill where white does not read: dark, and not as hard as black.
const NEAR_BLACK: Colour = Colour::new(0x0d_10_0f);

/// The backgrounds of a page, as the style sheet has them (`--surface` and `--ground`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Under cards and fields.
    pub surface: Colour,
    /// Under everything.
    pub ground: Colour,
    /// Whether a stronger shade is a darker one.
    is_light: bool,
    /// Percent of the colour in a pale background. On a light page it may be little, so that links
    /// there can stay as given; on a dark one they are another shade in any case.
    wash: (u8, u8),
}

impl Theme {
    /// Light pages.
    pub const LIGHT: Self = Self {
        surface: Colour::WHITE,
        ground: Colour::new(0xf5_f5_f2),
        is_light: true,
        wash: (4, 24),
    };
    /// Dark pages.
    pub const DARK: Self = Self {
        surface: Colour::new(0x1a_1d_1c),
        ground: Colour::new(0x12_14_13),
        is_light: false,
        wash: (10, 10),
    };

    /// Both backgrounds.
    pub const fn grounds(&self) -> [Colour; 2] {
        [self.surface, self.ground]
    }
}

/// The operator's colour and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent {
    /// As given.
    pub given: Colour,
    /// On light pages.
    pub light: Shades,
    /// On dark pages.
    pub dark: Shades,
}

/// The shades of one theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shades {
    /// The fill of buttons: the colour as given, wherever that can be (`--accent`).
    pub fill: Colour,
    /// Text on it (`--on-accent`).
    pub on_fill: Colour,
    /// The fill under the pointer (`--accent-strong`).
    pub strong: Colour,
    /// Links and the ring around what has the focus (`--accent-text`).
    pub text: Colour,
    /// A pale background, on which links read as well (`--accent-wash`).
    pub wash: Colour,
}

impl Accent {
    /// Derives everything from one colour.
    pub fn of(given: Colour) -> Self {
        Self {
            given,
            light: Shades::of(given, Theme::LIGHT),
            dark: Shades::of(given, Theme::DARK),
        }
    }
}

impl Shades {
    fn of(given: Colour, theme: Theme) -> Self {
        let stands_out = |fill: Colour| fill.contrast(theme.surface) >= FILL;
        let fill = given
            .nearest(|fill| stands_out(fill) && on(fill).contrast(fill) >= TEXT)
            .unwrap_or(given);
        let on_fill = on(fill);
        let can_be_hovered =
            |strong: &Colour| *strong != fill && stands_out(*strong) && on_fill.contrast(*strong) >= TEXT;
        let away = if theme.is_light { -HOVER } else { HOVER };
        let strong = [fill.lightened(away), fill.lightened(-away)]
            .into_iter()
            .find(can_be_hovered)
            .unwrap_or(fill);
        let (palest, strongest) = theme.wash;
        // A light page takes up the colour itself, of which a yellow would lose everything as text.
        let tint = |text| if theme.is_light { fill } else { text };
        let wash = |text, percent| theme.surface.mixed(tint(text), f64::from(percent) / 100.0);
        let reads = |text: Colour, percent| text.contrast(wash(text, percent)) >= TEXT;
        let text = given
            .nearest(|text| text.contrast_on(&theme.grounds()) >= TEXT && reads(text, palest))
            .unwrap_or(on(theme.surface));
        let is_pale = |percent| wash(text, percent).contrast(theme.surface) <= PALE;
        let percent = (palest..=strongest)
            .rev()
            .find(|percent| reads(text, *percent) && is_pale(*percent));
        Self {
            fill,
            on_fill,
            strong,
            text,
            wash: wash(text, percent.unwrap_or(palest)),
        }
    }
}

/// What reads on a fill: white if it does, since that is what brands expect of a button.
fn on(fill: Colour) -> Colour {
    if Colour::WHITE.contrast(fill) >= TEXT {
        Colour::WHITE
    } else {
        NEAR_BLACK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A colour, and on light and dark pages: fill, text on it, hovered fill, text, wash.
    const KNOWN: [(&str, &str, &str); 7] = [
        (
            "#17644f",
            "#17644f #ffffff #00533f #17644f #e8f0ed",
            "#17644f #ffffff #2d7560 #549b83 #202a26",
        ),
        (
            "#ffcc00",
            "#ffcc00 #0d100f #e8b900 #8a6d00 #fff5cf",
            "#ffcc00 #0d100f #ffe49a #ffcc00 #312f19",
        ),
        (
            "#1d4ed8",
            "#1d4ed8 #ffffff #0d39c3 #1d4ed8 #e8edfb",
            "#1d4ed8 #ffffff #2d62ed #5789ff #202833",
        ),
        (
            "#ffffff",
            "#d9d9d9 #0d100f #c6c6c6 #707070 #f6f6f6",
            "#ffffff #0d100f #ebebeb #ffffff #313433",
        ),
        (
            "#000000",
            "#000000 #ffffff #010101 #000000 #ededed",
            "#363636 #ffffff #464646 #8e8e8e #262827",
        ),
        (
            "#00e848",
            "#00e848 #0d100f #00d140 #008224 #d9fce4",
            "#00e848 #0d100f #3afd5e #00e848 #173120",
        ),
        (
            "#183868",
            "#183868 #ffffff #082856 #183868 #eaedf1",
            "#183868 #ffffff #28487a #6b8fc6 #22282d",
        ),
    ];

    fn read(text: &str) -> Colour {
        Colour::parse(text).expect(text)
    }

    #[test]
    fn whatever_the_colour_everything_can_be_read_and_seen() {
        let parts: Vec<u32> = (0..=255).step_by(51).collect();
        for (red, green) in parts.iter().flat_map(|red| parts.iter().map(move |green| (red, green))) {
            for blue in &parts {
                let given = Colour::new(red << 16 | green << 8 | blue);
                let accent = Accent::of(given);
                for (theme, shades) in [(Theme::LIGHT, accent.light), (Theme::DARK, accent.dark)] {
                    let at_least = |name: &str, one: Colour, other: Colour, ratio: f64| {
                        let found = one.contrast(other);
                        assert!(found >= ratio, "{given}, {name}: {one} on {other} is {found}");
                    };
                    at_least("text", shades.text, theme.surface, TEXT);
                    at_least("text", shades.text, theme.ground, TEXT);
                    at_least("text", shades.text, shades.wash, TEXT);
                    at_least("button", shades.on_fill, shades.fill, TEXT);
                    at_least("hovered", shades.on_fill, shades.strong, TEXT);
                    at_least("fill", shades.fill, theme.surface, FILL);
                    at_least("hovered fill", shades.strong, theme.surface, FILL);
                    assert_ne!(shades.strong, shades.fill, "{given}: hovering shows");
                    assert_ne!(shades.wash, theme.surface, "{given}: the wash is seen");
                }
            }
        }
    }

    #[test]
    fn the_shades_of_known_colours_stay_as_they_are() {
        for (given, light, dark) in KNOWN {
            let accent = Accent::of(read(given));
            let shades = |it: Shades| [it.fill, it.on_fill, it.strong, it.text, it.wash].map(|one| one.to_string());
            assert_eq!(shades(accent.light).join(" "), light, "{given}");
            assert_eq!(shades(accent.dark).join(" "), dark, "{given}");
        }
    }

    #[test]
    fn the_button_has_the_colour_as_given_wherever_it_can() {
        let accent = Accent::of(read("#ffcc00"));
        assert_eq!((accent.light.fill, accent.dark.fill), (accent.given, accent.given));
        assert_eq!(accent.light.on_fill, NEAR_BLACK);
        assert_ne!(accent.light.text, accent.given);
        assert_eq!(accent.dark.text, accent.given);

        let accent = Accent::of(read("#1d4ed8"));
        assert_eq!((accent.light.fill, accent.dark.fill), (accent.given, accent.given));
        assert_eq!((accent.light.on_fill, accent.light.text), (Colour::WHITE, accent.given));

        let white = Accent::of(Colour::WHITE);
        assert_ne!(
            white.light.fill, white.given,
            "a white button on a white page has no shape"
        );
        assert_eq!(white.dark.fill, white.given);
    }

    #[test]
    fn a_fill_on_which_neither_white_nor_dark_reads_is_mended_a_little() {
        // Its luminance is 0.19.
        let given = read("#787878");
        let fill = Accent::of(given).light.fill;

        assert!(Colour::WHITE.contrast(given) < TEXT && NEAR_BLACK.contrast(given) < TEXT);
        assert!(fill.contrast(given) < 1.05, "{fill}");
    }
}
