//! English in a page of another language, for want of a translation. Such a text stands between two
//! marks, whatever sentence, notice or title it is put into, until the page is printed.

/// Unicode keeps these two for use inside a program. Texts from outside lose them, or are refused, where they come in.
const OPEN: char = '\u{fdd0}';
const CLOSE: char = '\u{fdd1}';

const ELEMENT: &str = "<span lang=\"en\" dir=\"ltr\">";
const END: &str = "</span>";
/// Elements with nothing but text in them.
const PLAIN: [&str; 2] = ["title", "option"];

/// A text in English.
pub(super) fn marked(text: &str) -> String {
    format!("{OPEN}{text}{CLOSE}")
}

/// A text without marks, for where only text may stand.
pub fn plain(text: &str) -> String {
    text.replace([OPEN, CLOSE], "")
}

/// A page that says of each marked text that it is in English. Where no element may stand, in
/// attributes and titles, the marks are left out.
pub fn printed(page: String) -> String {
    if !page.contains(OPEN) {
        return page;
    }
    let mut printed = String::with_capacity(page.len() * 2);
    let (mut depth, mut is_plain) = (0_u32, false);
    for part in page.split_inclusive('>') {
        let (text, tag) = part.find('<').map_or((part, ""), |start| part.split_at(start));
        for letter in text.chars() {
            match letter {
                OPEN | CLOSE if is_plain => {}
                OPEN => {
                    depth += 1;
                    printed += if depth == 1 { ELEMENT } else { "" };
                }
                CLOSE => {
                    printed += if depth == 1 { END } else { "" };
                    depth = depth.saturating_sub(1);
                }
                other => printed.push(other),
            }
        }
        printed += &plain(tag);
        if !tag.is_empty() {
            let name = tag[1..].split(|letter: char| !letter.is_ascii_alphanumeric()).next();
            is_plain = PLAIN.into_iter().any(|plain| name == Some(plain));
        }
    }
    printed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_text_gets_an_element_where_one_may_stand() {
        let text = marked("Sign in");
        let page = format!(
            "<title>{text} · A</title><a title=\"{text}\">{text}</a><option lang=\"x\">{text}</option><p>b {text}</p>"
        );

        assert_eq!(
            printed(page),
            "<title>Sign in · A</title><a title=\"Sign in\"><span lang=\"en\" dir=\"ltr\">Sign in</span></a>\
             <option lang=\"x\">Sign in</option><p>b <span lang=\"en\" dir=\"ltr\">Sign in</span></p>"
        );
    }

    #[test]
    fn a_marked_text_inside_another_needs_no_element_of_its_own() {
        let text = marked(&format!("Too many attempts. {}", marked("Try again.")));

        assert_eq!(
            printed(format!("<p>{text}</p>")),
            "<p><span lang=\"en\" dir=\"ltr\">Too many attempts. Try again.</span></p>"
        );
        assert_eq!(plain(&text), "Too many attempts. Try again.");
    }

    #[test]
    fn a_stray_mark_breaks_nothing() {
        assert_eq!(
            printed("<p>a\u{fdd1}\u{fdd0}\u{fdd1}</p>".to_owned())
                .matches("span")
                .count(),
            2
        );
        assert_eq!(printed("<p>a\u{fdd1}</p>".to_owned()), "<p>a\u{fdd1}</p>");
    }
}
