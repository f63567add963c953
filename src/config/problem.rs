//! What is wrong with settings, said all at once.

use std::fmt::{self, Write as _};

/// Something wrong with a setting, and what would be right. Never shows a value: any may hold a
/// secret, for a line break that is lost joins two settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which setting or file.
    pub name: String,
    /// A sentence that goes on after the name.
    pub text: String,
}

impl Problem {
    pub(super) fn new(name: &str, text: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.text)
    }
}

/// Everything that is wrong, all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    pub(super) fn one(name: &str, text: impl Into<String>) -> Self {
        Self(vec![Problem::new(name, text)])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_char('\n')?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
