//! What forms share: where they are sent, and what is wrong with one that comes back.

use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER};
use sailfish::TemplateSimple;

use crate::domain::return_to::ReturnTo;
use crate::domain::{Refusal, password};
use crate::flows::{Error, Result};
use crate::http::cx::Cx;
use crate::http::faces;
use crate::http::pages::refusals;
use crate::http::reply::Reply;
use crate::words;

/// `path`, with `return_to` in its query if there is one (contract, http.md 6.1).
pub fn path_with(path: &str, return_to: Option<&ReturnTo>) -> String {
    let Some(target) = return_to else {
        return path.to_owned();
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", target.as_str())
        .finish();
    format!("{path}?{query}")
}

/// One of our own pages as a target.
pub fn own_page(path: &'static str) -> Result<ReturnTo> {
    ReturnTo::parse(path).ok_or_else(|| Error::Broken(format!("{path} is no target")))
}

/// Renders a page.
pub fn render(status: StatusCode, page: impl TemplateSimple) -> Result<Reply> {
    let body = page.render_once().map_err(|error| Error::Broken(error.to_string()))?;
    Ok(Reply::html(status, words::printed(body)))
}

/// Shows a form again, with the words for that refusal. What was refused for its content is 422,
/// whatever status a program would get; what may be tried again later keeps its own.
pub fn refused<F>(cx: &Cx, refusal: &Refusal, page: F) -> Result<Reply>
where
    F: FnOnce(StatusCode, Problems) -> Result<Reply>,
{
    let face = faces::face(refusal);
    let status = if face.status.is_client_error() && face.retry_after.is_none() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        face.status
    };
    let mut problem = Problem::new(face.field, refusals::words(cx.say(), refusal));
    if *refusal == Refusal::EmailTaken {
        problem.way_on = Some(WayOn {
            target: path_with("/auth/login", cx.return_to().as_ref()),
            words: cx.say().refusal_email_taken_do().to_owned(),
        });
    }
    let reply = page(status, Problems(vec![problem]))?;
    Ok(match face.retry_after {
        Some(seconds) => reply.header(RETRY_AFTER, HeaderValue::from(seconds)),
        None => reply,
    })
}

/// One thing that is wrong with a form.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Id and name of the field it concerns; `None` if it is the form as a whole.
    pub field: Option<&'static str>,
    /// What to tell the person.
    pub words: String,
    /// A link beside it.
    pub way_on: Option<WayOn>,
}

/// Where somebody can go who cannot go on with a form.
#[derive(Debug, Clone)]
pub struct WayOn {
    /// Where it leads.
    pub target: String,
    /// What it says.
    pub words: String,
}

impl Problem {
    fn new(field: Option<&'static str>, words: impl Into<String>) -> Self {
        Self {
            field,
            words: words.into(),
            way_on: None,
        }
    }
}

/// Everything that is wrong with a form; nothing when it is shown for the first time.
#[derive(Debug, Clone, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// One problem.
    pub fn one(field: Option<&'static str>, words: impl Into<String>) -> Self {
        Self(vec![Problem::new(field, words)])
    }

    /// Every field that was left empty, each with what to say about it.
    pub fn empty<const N: usize>(fields: [(&'static str, &str, &str); N]) -> Self {
        let mut problems = Self::default();
        for (field, value, words) in fields {
            if value.is_empty() {
                problems.0.push(Problem::new(Some(field), words));
            }
        }
        problems
    }

    /// These and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The same, for a form that calls one of its fields by another name.
    #[must_use]
    pub fn renamed(mut self, from: &str, to: &'static str) -> Self {
        for problem in &mut self.0 {
            if problem.field == Some(from) {
                problem.field = Some(to);
            }
        }
        self
    }

    /// The same, for a form that has only these fields: what concerns another concerns the whole.
    #[must_use]
    pub fn within(mut self, fields: &[&str]) -> Self {
        for problem in &mut self.0 {
            problem.field = problem.field.filter(|field| fields.contains(field));
        }
        self
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words, if there is one problem and it concerns no field.
    pub fn of_the_whole(&self) -> Option<&str> {
        match &self.0[..] {
            [Problem { field: None, words, .. }] => Some(words),
            _ => None,
        }
    }

    /// The only field that something is wrong with: it says so itself, and a summary would repeat it.
    pub fn only_field(&self) -> Option<&'static str> {
        match &self.0[..] {
            [problem] => problem.field,
            _ => None,
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// All of them, for the summary.
    pub fn all(&self) -> &[Problem] {
        &self.0
    }

    /// What is wrong with one field.
    pub fn at(&self, field: &str) -> Option<&Problem> {
        self.0.iter().find(|problem| problem.field == Some(field))
    }
}

/// A password field of a form.
#[derive(Debug, Clone)]
pub struct PasswordField {
    /// Its name, and its id.
    pub name: &'static str,
    /// Its label.
    pub label: String,
    /// Whether it is for a password that somebody chooses, not for the one they have.
    pub is_new: bool,
}

impl PasswordField {
    /// For the password somebody has.
    pub fn current(name: &'static str, label: &str) -> Self {
        Self {
            name,
            label: label.to_owned(),
            is_new: false,
        }
    }

    /// For a password somebody chooses.
    pub fn new(name: &'static str, label: &str) -> Self {
        Self {
            is_new: true,
            ..Self::current(name, label)
        }
    }

    /// What password managers shall do with it.
    pub const fn autocomplete(&self) -> &'static str {
        if self.is_new {
            "new-password"
        } else {
            "current-password"
        }
    }

    /// Characters that a new one must have at least.
    pub const fn shortest(&self) -> usize {
        password::SHORTEST
    }

    /// Characters that it may have at most.
    pub const fn longest(&self) -> usize {
        password::LONGEST
    }

    /// The ids of what is said about the field, for `aria-describedby`.
    pub fn described_by(&self, problems: &Problems) -> Option<String> {
        let hint = self.is_new.then(|| format!("{}-hint", self.name));
        let problem = problems.at(self.name).map(|_| format!("{}-problem", self.name));
        let ids: Vec<String> = hint.into_iter().chain(problem).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_target_keeps_its_own_query_inside_ours() {
        let target = ReturnTo::parse("/a?b=c&d=e#f").expect("a safe target");

        assert_eq!(
            path_with("/auth/login", Some(&target)),
            "/auth/login?return_to=%2Fa%3Fb%3Dc%26d%3De%23f"
        );
        assert_eq!(path_with("/auth/login", None), "/auth/login");
    }

    #[test]
    fn every_empty_field_is_named() {
        let problems = Problems::empty([("email", "", "a"), ("password", "x", "b"), ("code", "", "c")]);

        assert_eq!(problems.at("email").expect("empty").words, "a");
        assert!(problems.at("password").is_none());
        assert_eq!((problems.all().len(), problems.only_field()), (2, None));
    }

    #[test]
    fn what_concerns_no_field_of_the_form_concerns_the_whole() {
        let problems = Problems::one(Some("username"), "taken");

        assert_eq!(problems.only_field(), Some("username"));
        let problems = problems.within(&["email", "password"]);
        assert_eq!((problems.only_field(), problems.of_the_whole()), (None, Some("taken")));
    }
}
