//! Pages about the address of an account: proving it, changing it, signing in and taking the account back by letters to it.

use std::time::Duration;

use authara::flows::letters;
use authara::workers;

use super::ADA;
use super::browser::{Browser, Site, says_it_once};
use crate::kit::world::{PASSWORD, World, both};

const COUNTESS: &str = "countess@example.com";
const NEW: &str = "battery staple correct";
const CHANGE: &str = "/auth/email-change";
const ENTER: &str = "/auth/verify-challenge/email-change";
const PROVE: &str = "/auth/verify-email";
const NOT_ME: &str = "/auth/not-me";
const CODE: &str = "/auth/login/code";
const ENTER_LOGIN: &str = "/auth/verify-challenge/login";

/// The letters to an address, newest first, as text.
async fn letters_to(site: &Site, address: &str) -> Vec<String> {
    workers::letters::round(site.world.app.clone()).await.unwrap();
    let inbox = letters::inbox(&site.world.app).unwrap();
    let theirs = inbox.into_iter().filter(|entry| entry.to.as_str() == address);
    theirs.map(|entry| entry.text.clone()).collect()
}

async fn code(site: &Site, address: &str) -> String {
    let letters = letters_to(site, address).await;
    let mut lines = letters.first().expect("a letter").lines().map(str::trim);
    let found = lines.find(|line| line.len() == 6 && line.parse::<u32>().is_ok());
    found.expect("a code").to_owned()
}

/// Where the link leads with which an account is taken back.
async fn link(site: &Site, address: &str) -> String {
    let letters = letters_to(site, address).await;
    let found = letters.iter().find_map(|letter| {
        let start = letter.find("/auth/not-me?link=")?;
        letter[start..].split_whitespace().next().map(str::to_owned)
    });
    found.expect("a link")
}

async fn change(site: &Site, browser: &mut Browser, to: &str) {
    let page = browser.get(CHANGE).await;
    let answer = browser.submit(&page, CHANGE, &[("email", to)]).await;
    assert_eq!(answer.location(), ENTER, "{}", answer.text());
    let page = browser.get(ENTER).await;
    let code = code(site, to).await;
    let answer = browser.submit(&page, ENTER, &[("code", &code)]).await;
    assert_eq!(answer.location(), "/auth/account", "{}", answer.text());
}

both!(a_person_gives_their_account_another_address, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let page = browser.get("/auth/account").await;
    assert!(page.body.contains(CHANGE));
    assert!(page.text().contains("not confirmed"));

    let page = browser.get(CHANGE).await;
    assert!(page.text().contains(ADA), "{}", page.text());
    let wrong = browser.submit(&page, CHANGE, &[("email", "nobody")]).await;
    assert_eq!(wrong.status, 422);
    says_it_once(&wrong, "email");
    let before = browser.jar["authara_access"].clone();
    change(&site, &mut browser, COUNTESS).await;

    assert_ne!(browser.jar["authara_access"], before, "the token knows the address");
    let page = browser.get("/auth/account").await;
    assert!(page.text().contains(COUNTESS) && page.text().contains("is confirmed"));
    assert!(!page.text().contains("not confirmed"));
    assert_eq!(site.browser().sign_in(COUNTESS, PASSWORD).await.status, 303);
    let page = browser.get(CHANGE).await;
    let same = browser.submit(&page, CHANGE, &[("email", COUNTESS)]).await;
    assert_eq!(same.status, 422);
    says_it_once(&same, "email");
});

both!(
    an_old_sign_in_is_confirmed_before_the_address_changes,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        site.world.clock.advance(Duration::from_mins(11));

        let answer = browser.get(CHANGE).await;

        assert_eq!(
            answer.location(),
            "/auth/reauthenticate?return_to=%2Fauth%2Femail-change"
        );
    }
);

both!(
    who_must_prove_their_address_is_led_there_from_everywhere_and_back,
    async |world: World| {
        let world = world.with(|config| config.challenges.is_proof_required = true).await;
        let site = Site::of(world).await;
        let mut browser = site.browser();
        let page = browser.get("/auth/signup?return_to=%2Fwelcome").await;
        let answer = browser
            .submit(&page, "/auth/signup", &[("email", ADA), ("password", PASSWORD)])
            .await;
        assert_eq!(answer.location(), "/auth/verify-email?return_to=%2Fwelcome");
        assert_eq!(
            browser.get("/auth/account").await.location(),
            "/auth/verify-email?return_to=%2Fauth%2Faccount"
        );

        let page = browser.get(answer.location()).await;
        assert_eq!(page.tag("id", "email").unwrap().attribute("value"), Some(ADA));
        assert!(page.body.contains("/auth/sessions/logout"), "there is a way back");
        let answer = browser.submit(&page, PROVE, &[("email", ADA)]).await;
        assert_eq!(
            answer.location(),
            "/auth/verify-challenge/email-change?return_to=%2Fwelcome"
        );
        let page = browser.get(answer.location()).await;
        let wrong = browser.submit(&page, ENTER, &[("code", "12 34")]).await;
        assert_eq!(wrong.status, 422);
        let code = code(&site, ADA).await;
        let answer = browser.submit(&page, ENTER, &[("code", &code)]).await;

        assert_eq!(answer.location(), "/welcome");
        assert_eq!(browser.get("/auth/account").await.status, 200);
        assert_eq!(browser.get(PROVE).await.location(), "/auth/account");
    }
);

both!(
    x014_who_forgot_the_password_before_the_proof_is_not_stuck,
    async |world: World| {
        let world = world.with(|config| config.challenges.is_proof_required = true).await;
        let site = Site::of(world).await;
        site.signed_up(ADA).await;
        let mut browser = site.browser();
        let page = browser.get("/auth/password-reset").await;
        let answer = browser.submit(&page, "/auth/password-reset", &[("email", ADA)]).await;
        let page = browser.get(answer.location()).await;
        let code = code(&site, ADA).await;
        let reset = "/auth/verify-challenge/password-reset";
        browser
            .submit(&page, reset, &[("code", &code), ("password", NEW)])
            .await;

        assert_eq!(browser.sign_in(ADA, NEW).await.location(), "/");
        assert_eq!(browser.get("/auth/account").await.status, 200);
    }
);

both!(this_was_not_me_takes_the_account_back, async |world: World| {
    let site = Site::of(world).await;
    let mut thief = site.signed_up(ADA).await;
    change(&site, &mut thief, ADA).await;
    site.world.clock.advance(Duration::from_secs(5));
    change(&site, &mut thief, COUNTESS).await;
    let link = link(&site, ADA).await;
    let mut owner = site.browser();

    for _ in 0..2 {
        let page = owner.get(&link).await;
        assert_eq!(
            (page.status, page.header("referrer-policy")),
            (200, Some("no-referrer"))
        );
        assert!(!page.text().contains(ADA), "who has the link alone learns nothing");
    }
    assert!(thief.is_signed_in().await, "looking at it does nothing");
    let page = owner.get(&link).await;
    assert_eq!(owner.submit(&page, NOT_ME, &[]).await.status, 400);
    let wrong = owner.submit(&page, NOT_ME, &[("email", COUNTESS)]).await;
    assert_eq!(wrong.status, 422);
    says_it_once(&wrong, "email");
    assert!(thief.is_signed_in().await, "to press the button is not enough");
    let answer = owner.submit(&page, NOT_ME, &[("email", ADA)]).await;
    assert_eq!(answer.location(), "/auth/verify-challenge/password-reset");
    assert!(!thief.is_signed_in().await);
    let page = owner.get(answer.location()).await;
    let code = code(&site, ADA).await;
    let fields = [("code", code.as_str()), ("password", NEW)];
    let answer = owner
        .submit(&page, "/auth/verify-challenge/password-reset", &fields)
        .await;

    assert_eq!(answer.location(), "/auth/login");
    assert_eq!(owner.sign_in(ADA, NEW).await.status, 303);
    let used = owner.get(&link).await;
    assert_eq!(used.status, 200);
    assert!(used.text().contains("used already"), "{}", used.text());
    assert!(used.tag("name", "link").is_none(), "there is nothing to press");
});

both!(a_person_signs_in_with_a_mailed_code, async |world: World| {
    let site = Site::of(world.with(|config| config.challenges.at_sign_in = true).await).await;
    let mut known = site.signed_up(ADA).await;
    change(&site, &mut known, ADA).await;
    let mut browser = site.browser();
    let page = browser.get("/auth/login?return_to=%2Fwelcome").await;
    assert!(page.body.contains("/auth/login/code?return_to=%2Fwelcome"));

    let page = browser.get("/auth/login/code?return_to=%2Fwelcome").await;
    let answer = browser.submit(&page, CODE, &[("email", ADA)]).await;
    let page = browser.get(answer.location()).await;
    let wrong = browser.submit(&page, ENTER_LOGIN, &[("code", "12 34")]).await;
    assert_eq!(wrong.status, 422);
    says_it_once(&wrong, "code");
    let code = code(&site, ADA).await;
    let answer = browser.submit(&page, ENTER_LOGIN, &[("code", &code)]).await;

    assert_eq!(answer.location(), "/welcome");
    assert!(browser.is_signed_in().await);
});

both!(
    without_a_password_one_is_set_and_nothing_is_a_dead_end,
    async |world: World| {
        let site = Site::of(world.with(|config| config.challenges.at_sign_in = true).await).await;
        site.signed_up(ADA).await;
        // Never proved: the password of before goes.
        let mut browser = site.browser();
        let page = browser.get(CODE).await;
        let answer = browser.submit(&page, CODE, &[("email", ADA)]).await;
        let page = browser.get(answer.location()).await;
        let code = code(&site, ADA).await;
        browser.submit(&page, ENTER_LOGIN, &[("code", &code)]).await;

        let account = browser.get("/auth/account").await;
        assert!(account.body.contains("/auth/providers/password/link"));
        assert_eq!(
            browser.get("/auth/providers/password/change").await.location(),
            "/auth/providers/password/link"
        );
        let page = browser.get("/auth/providers/password/link").await;
        let short = browser
            .submit(&page, "/auth/providers/password/link", &[("new_password", "short")])
            .await;
        assert_eq!(short.status, 422);
        says_it_once(&short, "new_password");
        site.world.clock.advance(Duration::from_mins(11));
        let confirm = browser.get("/auth/providers/password/link").await;
        let confirm = browser.get(confirm.location()).await;
        assert!(confirm.text().contains("Sign out and in again"), "{}", confirm.text());
        assert!(confirm.tag("id", "password").is_none());
        site.world.clock.set_back(Duration::from_mins(11));
        let page = browser.get("/auth/providers/password/link").await;
        let set = browser
            .submit(&page, "/auth/providers/password/link", &[("new_password", NEW)])
            .await;

        assert_eq!(set.location(), "/auth/account");
        assert_eq!(site.browser().sign_in(ADA, NEW).await.status, 303);
    }
);

both!(where_it_is_off_there_is_no_such_page, async |world: World| {
    let site = Site::of(world.with(|config| config.mail.transport = None).await).await;
    let mut browser = site.signed_up(ADA).await;

    assert_eq!(site.browser().get(CODE).await.status, 404);
    assert_eq!(browser.get(CHANGE).await.status, 404);
    let page = browser.get("/auth/account").await;
    assert!(!page.body.contains(CHANGE) && !page.body.contains(PROVE));
});
