//! Colours as style sheets write them, and how well one reads on another.
//!
//! Contrast is WCAG's. Lightness is changed in `OKLab` (Björn Ottosson, 2020), where a blue that is
//! made lighter stays blue; in sRGB it would turn purple.

use std::fmt;

/// An opaque sRGB colour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// Steps of lightness that are tried, from black to white: about what eight bits can show.
const STEPS: u32 = 300;

impl Colour {
    /// The lightest.
    pub const WHITE: Self = Self::new(0xff_ff_ff);
    /// The darkest.
    pub const BLACK: Self = Self::new(0);

    /// From its number, as in `0x17644f`.
    pub const fn new(number: u32) -> Self {
        let [_, red, green, blue] = number.to_be_bytes();
        Self { red, green, blue }
    }

    /// Reads `#rgb` or `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let number = u32::from_str_radix(digits, 16).ok()?;
        match digits.len() {
            3 => {
                let [red, green, blue] = [number >> 8, number >> 4 & 0xf, number & 0xf].map(|digit| digit * 0x11);
                Some(Self::new(red << 16 | green << 8 | blue))
            }
            6 => Some(Self::new(number)),
            _ => None,
        }
    }

    /// Relative luminance: 0 for black, 1 for white
    /// (WCAG 2.2, <https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>).
    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Contrast ratio, 1 to 21 (WCAG 2.2, <https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance() + 0.05, other.luminance() + 0.05);
        one.max(other) / one.min(other)
    }

    /// The least contrast with any of `grounds`.
    pub fn contrast_on(self, grounds: &[Self]) -> f64 {
        let contrasts = grounds.iter().map(|ground| self.contrast(*ground));
        contrasts.fold(f64::INFINITY, f64::min)
    }

    /// Of the colours of this hue that pass, the one whose lightness is nearest to this one's.
    pub fn nearest(self, passes: impl Fn(Self) -> bool) -> Option<Self> {
        if passes(self) {
            return Some(self);
        }
        let by = |step| f64::from(step) / f64::from(STEPS);
        let mut nearer_first = (1..=STEPS).flat_map(|step| [self.lightened(-by(step)), self.lightened(by(step))]);
        nearer_first.find(|colour| passes(*colour))
    }

    /// This hue, lighter by that share of the way from black to white; darker if it is negative.
    #[must_use]
    pub fn lightened(self, by: f64) -> Self {
        let own = Oklab::of(self.linear());
        own.in_gamut((own.lightness + by).clamp(0.0, 1.0))
    }

    /// This colour with a share of another mixed in, as a translucent layer of it would look.
    #[must_use]
    pub fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |own: u8, other: u8| byte(f64::from(own) + (f64::from(other) - f64::from(own)) * share);
        Self {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
        }
    }

    /// Amounts of light.
    fn linear(self) -> [f64; 3] {
        [self.red, self.green, self.blue].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    /// `None` for what a screen cannot show.
    fn of_linear(light: [f64; 3]) -> Option<Self> {
        // Rounding in the way there and back must not make a colour impossible.
        const SLACK: f64 = 1e-4;

        let is_shown = |part: &f64| (-SLACK..=1.0 + SLACK).contains(part);
        let [red, green, blue] = light.iter().all(is_shown).then_some(light)?.map(|part| {
            let part = part.clamp(0.0, 1.0);
            let part = if part <= 0.003_130_8 {
                part * 12.92
            } else {
                1.055 * part.powf(1.0 / 2.4) - 0.055
            };
            byte(part * 255.0)
        });
        Some(Self { red, green, blue })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and clamped to what a byte holds"
)]
fn byte(part: f64) -> u8 {
    part.round().clamp(0.0, 255.0) as u8
}

impl fmt::Display for Colour {
    /// As `#rrggbb`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl fmt::Debug for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Colour({self})")
    }
}

/// A colour by its lightness (0 to 1) and two axes of hue; see
/// <https://bottosson.github.io/posts/oklab/>, where the numbers are from.
struct Oklab {
    lightness: f64,
    green_red: f64,
    blue_yellow: f64,
}

impl Oklab {
    fn of(light: [f64; 3]) -> Self {
        const CONES: [[f64; 3]; 3] = [
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ];
        const AXES: [[f64; 3]; 3] = [
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ];
        let [lightness, green_red, blue_yellow] = times(&AXES, times(&CONES, light).map(f64::cbrt));
        Self {
            lightness,
            green_red,
            blue_yellow,
        }
    }

    /// The same hue at another lightness, as vivid as it is unless no screen shows that.
    fn in_gamut(&self, lightness: f64) -> Colour {
        if lightness <= 0.0 {
            return Colour::BLACK;
        }
        if let Some(colour) = self.at(lightness, 1.0) {
            return colour;
        }
        // Grey, which every screen shows at every lightness.
        let (mut shown, mut best) = (0.0, self.at(lightness, 0.0).unwrap_or(Colour::WHITE));
        let mut beyond = 1.0;
        for _ in 0..16 {
            let vividness = f64::midpoint(shown, beyond);
            if let Some(colour) = self.at(lightness, vividness) {
                (shown, best) = (vividness, colour);
            } else {
                beyond = vividness;
            }
        }
        best
    }

    fn at(&self, lightness: f64, vividness: f64) -> Option<Colour> {
        const CONES: [[f64; 3]; 3] = [
            [1.0, 0.396_337_777_4, 0.215_803_757_3],
            [1.0, -0.105_561_345_8, -0.063_854_172_8],
            [1.0, -0.089_484_177_5, -1.291_485_548_0],
        ];
        const LIGHT: [[f64; 3]; 3] = [
            [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
            [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
            [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0],
        ];
        let own = [lightness, self.green_red * vividness, self.blue_yellow * vividness];
        let cones = times(&CONES, own).map(|part| part * part * part);
        Colour::of_linear(times(&LIGHT, cones))
    }
}

fn times(rows: &[[f64; 3]; 3], column: [f64; 3]) -> [f64; 3] {
    rows.map(|row| row.iter().zip(column).map(|(one, other)| one * other).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Colours of every kind.
    fn grid() -> impl Iterator<Item = Colour> {
        let parts = [0, 1, 64, 128, 192, 255];
        parts
            .into_iter()
            .flat_map(move |red| parts.into_iter().map(move |green| (red, green)))
            .flat_map(move |(red, green)| parts.into_iter().map(move |blue| Colour { red, green, blue }))
    }

    fn read(text: &str) -> Colour {
        Colour::parse(text).expect(text)
    }

    #[test]
    fn a_colour_has_two_spellings_and_is_written_in_one() {
        assert_eq!(read("#fC0"), read("#ffcc00"));
        assert_eq!(read("#0aF").to_string(), "#00aaff");
        assert_eq!(read("#17644F").to_string(), "#17644f");
        for text in [
            "",
            "#",
            "ffcc00",
            "#ff",
            "#ffcc",
            "#ffcc0",
            "#ffcc00ff",
            "#+12",
            "#ggg",
            "red",
            "#fc0 ",
            "#é0",
        ] {
            assert!(Colour::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn contrast_is_what_others_compute() {
        for (one, other, contrast) in [
            ("#000", "#fff", 21.0),
            ("#777777", "#ffffff", 4.48),
            ("#767676", "#ffffff", 4.54),
            ("#ffcc00", "#ffffff", 1.51),
            ("#0000ff", "#ffffff", 8.59),
            ("#17644f", "#17644f", 1.0),
        ] {
            let found = read(one).contrast(read(other));
            assert!((found - contrast).abs() < 0.01, "{one} on {other}: {found}");
        }
    }

    #[test]
    fn lightness_changes_nothing_but_lightness() {
        let hue = |colour: Colour| {
            let lab = Oklab::of(colour.linear());
            lab.blue_yellow.atan2(lab.green_red)
        };
        for colour in grid() {
            assert_eq!(colour.lightened(0.0), colour, "there and back");
        }
        for text in ["#2255cc", "#cc2233", "#228833", "#aa7711", "#663399"] {
            for by in [-0.2, -0.1, 0.1, 0.2] {
                let turned = (hue(read(text).lightened(by)) - hue(read(text))).abs();
                assert!(turned < 0.05, "{text} by {by}: {turned}");
            }
        }
        assert_eq!(read("#2255cc").lightened(1.0), Colour::WHITE);
        assert_eq!(read("#2255cc").lightened(-1.0), Colour::BLACK);
    }

    #[test]
    fn a_mended_colour_has_the_contrast_and_no_more_than_it_needs() {
        for ground in ["#ffffff", "#f5f5f2", "#1a1d1c", "#808080"].map(read) {
            for colour in grid() {
                let mended = colour
                    .nearest(|other| other.contrast(ground) >= 4.5)
                    .expect("black at worst");
                let contrast = mended.contrast(ground);
                // On a middle grey only black has it at all.
                assert!(contrast >= 4.5, "{colour} on {ground}: {mended}, {contrast}");
                if colour.contrast(ground) >= 4.5 {
                    assert_eq!(mended, colour);
                } else {
                    assert!(contrast < 4.75, "{colour} on {ground}: {mended}, {contrast}");
                }
            }
        }
        assert_eq!(read("#888").nearest(|other| other.contrast(read("#777")) >= 21.0), None);
    }

    #[test]
    fn mixing_is_a_translucent_layer() {
        let mixed = Colour::WHITE.mixed(Colour::BLACK, 0.1);

        assert_eq!(mixed.to_string(), "#e6e6e6");
        assert_eq!(read("#123456").mixed(read("#fff"), 0.0), read("#123456"));
    }
}
