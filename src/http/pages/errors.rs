//! The page for everything that did not work: what happened, and what to do now.

use sailfish::TemplateSimple;

use crate::http::pages::form;
use crate::http::pages::layout::Layout;

#[derive(TemplateSimple)]
#[template(path = "error.stpl")]
struct ErrorPage<'a> {
    layout: Layout,
    status: u16,
    heading: &'static str,
    happened: &'a str,
    advice: &'a str,
    reference: Option<&'a str>,
}

/// What went wrong, as far as a page tells it.
#[derive(Debug, Clone, Copy)]
pub struct Trouble<'a> {
    /// The status of the answer.
    pub status: u16,
    /// The words of the refusal. They are told where they say more than the status does.
    pub happened: &'a str,
    /// What finds the cause in the log.
    pub reference: Option<&'a str>,
    /// Seconds after which trying again may help.
    pub retry_after: Option<u32>,
}

/// The page. `layout` comes with any title; it is replaced.
pub fn page(layout: Layout, trouble: &Trouble<'_>) -> String {
    let (heading, happened, advice) = words(trouble.status);
    let told = form::sentence(trouble.happened);
    let wait = trouble.retry_after.map(waiting);
    let page = ErrorPage {
        layout: Layout {
            title: heading.to_owned(),
            ..layout
        },
        status: trouble.status,
        heading,
        happened: happened.unwrap_or(&told),
        advice: wait.as_deref().unwrap_or(advice),
        reference: trouble.reference,
    };
    // A page that cannot be rendered is itself the error: there is nothing better left to show.
    page.render_once().unwrap_or_else(|_| heading.to_owned())
}

fn waiting(seconds: u32) -> String {
    match seconds {
        0..=1 => "Please try again in a moment.".to_owned(),
        2..120 => format!("Please try again in {seconds} seconds."),
        _ => format!("Please try again in {} minutes.", seconds.div_ceil(60)),
    }
}

/// Heading, what happened unless the refusal says it better, and what to do, for each status a
/// browser can meet here.
fn words(status: u16) -> (&'static str, Option<&'static str>, &'static str) {
    match status {
        400 => (
            "Request not understood",
            None,
            "Go back, check what you entered, and try again.",
        ),
        401 => ("Please sign in", None, "Sign in and try again."),
        403 => ("Not allowed", None, "Go back, reload the page, and try again."),
        404 => (
            "Page not found",
            Some("There is nothing at this address."),
            "Check the address for mistakes, or begin at the start page.",
        ),
        405 => (
            "Not possible here",
            Some("This address exists, but it cannot be opened in this way."),
            "Go back and use the link or button of the page you came from.",
        ),
        413 => (
            "Too much at once",
            Some("What was sent is larger than this page accepts."),
            "Go back, send less, and try again.",
        ),
        429 => (
            "Too many tries",
            Some("There were too many tries in a short time."),
            "Wait a few minutes, and try again.",
        ),
        503 => (
            "Not available right now",
            Some("A part of this service does not answer. Nothing was changed, and you have not been signed out."),
            "Please try again in a minute.",
        ),
        _ => (
            "Something broke",
            Some("This is a fault on our side, not yours."),
            "Try again. If it happens once more, tell whoever runs this site, and give the reference below.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_told_in_units_people_use() {
        assert_eq!(waiting(1), "Please try again in a moment.");
        assert_eq!(waiting(30), "Please try again in 30 seconds.");
        assert_eq!(waiting(121), "Please try again in 3 minutes.");
    }
}
