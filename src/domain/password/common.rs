//! The passwords that attackers try first (`assets/passwords/README.md` says where they come from).

/// Sorted by bytes, one a line, in the form that [`contains`] is asked for.
const LIST: &str = include_str!("../../../assets/passwords/common.txt");

/// Whether a password, in NFKC and lower case, is one of them.
pub(super) fn contains(password: &str) -> bool {
    let mut rest = LIST;
    // Halves the text instead of an index of its lines: nothing has to be built or kept.
    while !rest.is_empty() {
        let middle = rest.floor_char_boundary(rest.len() / 2);
        let begin = rest[..middle].rfind('\n').map_or(0, |end| end + 1);
        let end = rest[middle..].find('\n').map_or(rest.len(), |length| middle + length);
        match password.cmp(&rest[begin..end]) {
            std::cmp::Ordering::Less => rest = &rest[..begin],
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => rest = rest.get(end + 1..).unwrap_or(""),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;
    use crate::domain::password::{LONGEST, SHORTEST};

    #[test]
    fn every_password_of_the_list_is_found_and_its_neighbours_are_not() {
        for line in LIST.lines() {
            assert!(contains(line), "{line}");
            assert!(!contains(&format!("{line}\n")), "{line}");
        }
        for other in [
            "",
            "\n",
            "!",
            "correct horse battery",
            "passwor",
            "zzzzzzzzzzzzz",
            "\u{10ffff}",
        ] {
            assert!(!contains(other), "{other:?}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_has_only_what_can_be_asked_for() {
        let lines: Vec<&str> = LIST.lines().collect();

        assert!(lines.len() > 20_000);
        assert!(lines.is_sorted_by(|one, next| one < next));
        for line in lines {
            let normal: String = line.nfkc().collect();
            assert_eq!(line, normal.to_lowercase());
            assert!((SHORTEST..=LONGEST).contains(&line.chars().count()), "{line}");
        }
    }
}
