//! Entering a code that was mailed.

use authara::flows::letters;
use authara::workers;

use super::ADA;
use super::browser::{Browser, Page, Site, says_it_once};
use crate::kit::world::{PASSWORD, World, both};

const NEW: &str = "battery staple correct";
const SIGN_UP: &str = "/auth/verify-challenge/signup";
const RESET: &str = "/auth/verify-challenge/password-reset";

async fn with_codes(world: World) -> Site {
    Site::of(world.with(|config| config.challenges.at_sign_up = true).await).await
}

/// The newest letter as text.
async fn letter(site: &Site) -> String {
    workers::letters::round(site.world.app.clone()).await.unwrap();
    letters::inbox(&site.world.app).unwrap()[0].text.clone()
}

fn code(letter: &str) -> String {
    let mut lines = letter.lines().map(str::trim).filter(|line| line.len() == 6);
    lines
        .find(|line| line.parse::<u32>().is_ok())
        .expect("a code")
        .to_owned()
}

/// Where the link of a letter leads on this site.
fn link(letter: &str) -> String {
    let line = letter.lines().find(|line| line.contains("?code=")).expect("a link");
    let path = line.find("/auth/").expect("a path");
    line[path..].to_owned()
}

async fn begin_sign_up(browser: &mut Browser) -> Page {
    let page = browser.get("/auth/signup?return_to=%2Fwelcome").await;
    let answer = browser
        .submit(&page, "/auth/signup", &[("email", ADA), ("password", PASSWORD)])
        .await;
    assert_eq!(answer.status, 303);
    browser.get(answer.location()).await
}

both!(
    a_new_person_enters_the_code_and_arrives_where_they_wanted_to_go,
    async |world: World| {
        let site = with_codes(world).await;
        let mut browser = site.browser();

        let page = begin_sign_up(&mut browser).await;
        assert!(page.text().contains(ADA), "{}", page.text());
        assert!(!browser.is_signed_in().await);
        let wrong = browser.submit(&page, SIGN_UP, &[("code", "12 34")]).await;
        assert_eq!(wrong.status, 422);
        says_it_once(&wrong, "code");
        let empty = browser.submit(&page, SIGN_UP, &[("code", "")]).await;
        assert_eq!(empty.status, 400);
        let code = code(&letter(&site).await);
        let answer = browser.submit(&page, SIGN_UP, &[("code", &code)]).await;

        assert_eq!((answer.status, answer.location()), (303, "/welcome"));
        assert!(browser.is_signed_in().await);
        assert!(!browser.jar.contains_key("authara_entry"), "the attempt is over");
    }
);

both!(
    a_link_opened_by_a_scanner_changes_nothing_and_works_afterwards,
    async |world: World| {
        let site = with_codes(world).await;
        let mut browser = site.browser();
        begin_sign_up(&mut browser).await;
        let letter = letter(&site).await;
        let link = link(&letter);

        let mut scanner = site.browser();
        for _ in 0..2 {
            let page = scanner.get(&link).await;
            assert_eq!(page.status, 200);
            assert!(page.text().contains("where you asked for it"), "{}", page.text());
            assert!(page.tag("id", "code").is_none(), "there is nothing to press");
        }
        let csrf = scanner.jar["authara_csrf"].clone();
        let sent = scanner
            .post(SIGN_UP, &[("code", &code(&letter)), ("csrf_token", &csrf)])
            .await;
        assert_eq!(sent.status, 422);
        let page = browser.get(&link).await;
        assert_eq!(
            page.header("referrer-policy"),
            Some("no-referrer"),
            "the code is in the address"
        );
        assert_eq!(
            page.tag("id", "code").unwrap().attribute("value"),
            Some(code(&letter).as_str())
        );
        let answer = browser.submit(&page, SIGN_UP, &[("code", &code(&letter))]).await;

        assert_eq!(answer.status, 303);
        assert!(browser.is_signed_in().await);
    }
);

both!(
    a_forgotten_password_is_replaced_in_the_browser_that_asked,
    async |world: World| {
        let site = Site::of(world).await;
        let mut signed_in = site.signed_up(ADA).await;
        let mut browser = site.browser();
        let page = browser.get("/auth/password-reset").await;
        let answer = browser.submit(&page, "/auth/password-reset", &[("email", ADA)]).await;
        let page = browser.get(answer.location()).await;
        let code = code(&letter(&site).await);
        assert_eq!(
            page.tag("id", "password").unwrap().attribute("autocomplete"),
            Some("new-password")
        );

        let short = browser
            .submit(&page, RESET, &[("code", &code), ("password", "short")])
            .await;
        assert_eq!(short.status, 422);
        says_it_once(&short, "password");
        let answer = browser
            .submit(&page, RESET, &[("code", &code), ("password", NEW)])
            .await;

        assert_eq!((answer.status, answer.location()), (303, "/auth/login"));
        assert!(
            browser
                .get("/auth/login")
                .await
                .text()
                .contains("Your new password is set.")
        );
        assert!(!browser.is_signed_in().await, "nobody is signed in by it");
        assert!(!signed_in.is_signed_in().await);
        assert_eq!(site.browser().sign_in(ADA, PASSWORD).await.status, 422);
        assert_eq!(site.browser().sign_in(ADA, NEW).await.status, 303);
    }
);

both!(another_code_can_be_asked_for, async |world: World| {
    let site = with_codes(world).await;
    let mut browser = site.browser();
    let page = begin_sign_up(&mut browser).await;
    letter(&site).await;
    site.world.clock.advance(std::time::Duration::from_secs(31));

    let answer = browser.submit(&page, "/auth/resend-challenge", &[]).await;
    let page = browser.get(answer.location()).await;
    let code = code(&letter(&site).await);

    assert!(page.text().contains("on its way"), "{}", page.text());
    let answer = browser.submit(&page, SIGN_UP, &[("code", &code)]).await;
    assert_eq!(answer.status, 303);
    let mut stranger = site.browser();
    stranger.get("/auth/password-reset").await;
    let csrf = stranger.jar["authara_csrf"].clone();
    let sent = stranger.post("/auth/resend-challenge", &[("csrf_token", &csrf)]).await;
    assert_eq!(sent.status, 422);
});

both!(without_mail_there_is_no_such_page, async |world: World| {
    let site = Site::of(world.with(|config| config.mail.transport = None).await).await;

    assert_eq!(site.browser().get("/auth/password-reset").await.status, 404);
    assert_eq!(site.browser().get("/auth/verify-challenge/nothing").await.status, 404);
});
