//! A user agent in words: "Firefox on Linux". A hint for people, never a ground for a decision.

use crate::words::Phrases;

/// How browsers name themselves. The first that fits wins: most also name those they imitate.
const BROWSERS: [(&str, &str); 10] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
];

/// How systems are named; phones first, since they name what they descend from too.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// What kind of machine somebody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A desktop or a laptop.
    Computer,
    /// A phone.
    Phone,
    /// A tablet.
    Tablet,
    /// No browser that is known.
    Program,
}

/// Names browser and system, or whatever else a program calls itself.
pub fn in_words(say: &Phrases, user_agent: &str) -> String {
    match (named(&BROWSERS, user_agent), named(&SYSTEMS, user_agent)) {
        (Some(browser), Some(system)) => say.program_on(browser, system),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => say.program_browser(system),
        (None, None) => other(say, user_agent),
    }
}

/// What the picture beside it shows.
pub fn kind(user_agent: &str) -> Kind {
    match named(&SYSTEMS, user_agent) {
        None => Kind::Program,
        Some("iPhone") => Kind::Phone,
        Some("Android") if user_agent.contains("Mobile") => Kind::Phone,
        Some("iPad" | "Android") => Kind::Tablet,
        Some(_) => Kind::Computer,
    }
}

fn named(list: &[(&str, &'static str)], user_agent: &str) -> Option<&'static str> {
    let known = list.iter().find(|(mark, _)| user_agent.contains(mark));
    known.map(|(_, name)| *name)
}

fn other(say: &Phrases, user_agent: &str) -> String {
    let name = user_agent.split(['/', ' ', '(']).next().unwrap_or_default();
    if name.is_empty() {
        say.program_unnamed().to_owned()
    } else {
        name.chars().take(40).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Languages;

    #[test]
    fn browsers_are_told_from_those_they_imitate() {
        let cases = [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.5.0", "curl"),
            ("", "Unknown program"),
        ];
        let languages = Languages::default();
        let english = languages.choose(Some("en"), None);
        for (user_agent, words) in cases {
            assert_eq!(in_words(english, user_agent), words);
        }
    }

    #[test]
    fn phones_tablets_and_computers_are_told_apart() {
        assert_eq!(
            kind("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"),
            Kind::Phone
        );
        assert_eq!(kind("Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X)"), Kind::Tablet);
        assert_eq!(
            kind("Mozilla/5.0 (Linux; Android 15; Pixel 9) Mobile Safari/537.36"),
            Kind::Phone
        );
        assert_eq!(
            kind("Mozilla/5.0 (Linux; Android 15; SM-X810) Safari/537.36"),
            Kind::Tablet
        );
        assert_eq!(kind("Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"), Kind::Computer);
        assert_eq!(kind("curl/8.5.0"), Kind::Program);
    }
}
