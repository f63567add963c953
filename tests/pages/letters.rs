//! Links in letters, as mail scanners open them: nothing changes, and the person's own click still works, once.

use std::time::Duration;

use authara::config::SignUp;
use authara::domain::letter::Kind;
use authara::domain::{Audience, By, PlatformRole, Secret};
use authara::flows::accounts::directory;
use authara::flows::entry::confirm;
use authara::flows::entry::sign_up::{Application, direct};
use authara::flows::{accounts, letters, password, refresh};
use authara::outside::mail::Entry;
use authara::workers;
use hyper::Method;

use super::browser::{Browser, ORIGIN, Site};
use super::html::tags;
use super::{ADA, BOB};
use crate::kit::dump::dump;
use crate::kit::world::{PASSWORD, World, both, by, client, operator};

const NEW: &str = "battery staple correct";

/// Where a code is entered.
const SIGN_UP: &str = "/auth/verify-challenge/signup";
const RESET: &str = "/auth/verify-challenge/password-reset";
const LOGIN: &str = "/auth/verify-challenge/login";
const ADDRESS: &str = "/auth/verify-challenge/email-change";
/// Where another address is asked for.
const CHANGE: &str = "/auth/email-change";

/// A world in which an account waited for approval, and has it.
async fn approved(world: World) -> World {
    let world = world.with(|config| config.accounts.sign_up = SignUp::Approval).await;
    let input = Application {
        email: ADA.to_owned(),
        password: Secret::new(PASSWORD),
        invitation_code: None,
    };
    let waits = direct(&world.app, &by(&world.app), input, Audience::App).await;
    assert!(waits.is_err());
    let ada = directory::find(&world.app, ADA).await.unwrap().id;
    accounts::approve(&world.app, &operator(&world.app), ada).await.unwrap();
    world
}

/// A site where a letter of that kind has been queued, and the browser of the person it is about.
async fn caused(world: World, kind: Kind) -> (Site, Browser) {
    match kind {
        Kind::Test | Kind::Unknown => unreachable!("is queued by nothing that happens"),
        Kind::SignUpCode | Kind::SignUpKnown => {
            if kind == Kind::SignUpKnown {
                world.sign_up(ADA).await;
            }
            let world = world.with(|config| config.challenges.at_sign_up = true).await;
            begun(world, "/auth/signup", &[("email", ADA), ("password", PASSWORD)]).await
        }
        Kind::PasswordResetCode => {
            world.sign_up(ADA).await;
            begun(world, "/auth/password-reset", &[("email", ADA)]).await
        }
        Kind::SignInCode => {
            world.sign_up(ADA).await;
            let world = world.with(|config| config.challenges.at_sign_in = true).await;
            begun(world, "/auth/login/code", &[("email", ADA)]).await
        }
        Kind::EmailChangeCode => {
            let site = Site::of(world).await;
            let mut browser = site.signed_up(ADA).await;
            begin(&mut browser, CHANGE, &[("email", BOB)]).await;
            (site, browser)
        }
        Kind::EmailChangedOld | Kind::EmailChangedNew | Kind::TakenBack => {
            let site = Site::of(world).await;
            let mut browser = site.signed_up(ADA).await;
            // An address that nobody has proved is told nothing.
            for address in [ADA, BOB] {
                site.world.clock.advance(Duration::from_secs(1));
                begin(&mut browser, CHANGE, &[("email", address)]).await;
                enter(&site, &mut browser, Kind::EmailChangeCode, ADDRESS).await;
            }
            if kind == Kind::TakenBack {
                let told = letter(&site, Kind::EmailChangedOld).await;
                let links = links(&told);
                let link = links.iter().find(|link| link.contains("/auth/not-me")).unwrap();
                let mut owner = site.browser();
                let page = owner.get(link).await;
                let answer = owner.submit(&page, "/auth/not-me", &[("email", ADA)]).await;
                assert_eq!(answer.status, 303);
            }
            (site, browser)
        }
        Kind::MethodAdded | Kind::MethodRemoved => {
            let world = world.with(|config| config.challenges.at_sign_in = true).await;
            world.sign_up(ADA).await;
            let (site, mut browser) = begun(world, "/auth/login/code", &[("email", ADA)]).await;
            // Nobody had proved the address: the password of before is gone.
            enter(&site, &mut browser, Kind::SignInCode, LOGIN).await;
            let page = browser.get("/auth/providers/password/link").await;
            let typed = [("new_password", NEW)];
            browser.submit(&page, "/auth/providers/password/link", &typed).await;
            let app = &site.world.app;
            let session = site.world.try_sign_in(ADA, NEW).await.unwrap();
            let caller = site.world.caller(&session.tokens.access).await;
            if kind == Kind::MethodRemoved {
                let proof = confirm::recent(app, &caller).unwrap();
                password::remove(app, &proof).await.unwrap();
            }
            (site, browser)
        }
        Kind::NewSignIn => {
            world.sign_up(ADA).await;
            let site = Site::of(world).await;
            let browser = site.signed_in(ADA).await;
            (site, browser)
        }
        Kind::SessionStolen => {
            let mut tokens = vec![world.sign_up(ADA).await.tokens];
            for used in 0..2 {
                let next = exchanged(&world, &tokens[used].refresh).await;
                tokens.push(next.unwrap().tokens);
            }
            world.clock.advance(Duration::from_mins(2));
            assert!(exchanged(&world, &tokens[0].refresh).await.is_err());
            nobody(world).await
        }
        Kind::PasswordChanged => {
            let ada = world.sign_up(ADA).await.user.id;
            let (by, password) = (operator(&world.app), Secret::new(NEW));
            accounts::set_password(&world.app, &by, ada, password).await.unwrap();
            nobody(world).await
        }
        Kind::AccountDisabled | Kind::AccountEnabled => {
            let ada = world.sign_up(ADA).await.user.id;
            accounts::disable(&world.app, &operator(&world.app), ada).await.unwrap();
            accounts::enable(&world.app, &operator(&world.app), ada).await.unwrap();
            nobody(world).await
        }
        Kind::AccountApproved => nobody(approved(world).await).await,
        Kind::RoleChanged => {
            let ada = world.sign_up(ADA).await.user.id;
            let by = operator(&world.app);
            accounts::grant(&world.app, &by, ada, PlatformRole::Admin)
                .await
                .unwrap();
            nobody(world).await
        }
    }
}

async fn nobody(world: World) -> (Site, Browser) {
    let site = Site::of(world).await;
    let browser = site.browser();
    (site, browser)
}

async fn begun(world: World, path: &str, typed: &[(&str, &str)]) -> (Site, Browser) {
    let (site, mut browser) = nobody(world).await;
    begin(&mut browser, path, typed).await;
    (site, browser)
}

async fn begin(browser: &mut Browser, path: &str, typed: &[(&str, &str)]) {
    let page = browser.get(path).await;
    let answer = browser.submit(&page, path, typed).await;
    browser.get(answer.location()).await;
}

/// Enters the code of the newest letter of that kind, by its link.
async fn enter(site: &Site, browser: &mut Browser, kind: Kind, path: &str) {
    let links = links(&letter(site, kind).await);
    let link = links.iter().find(|link| link.contains("code=")).unwrap();
    let page = browser.get(link).await;
    assert_eq!(browser.submit(&page, path, &[]).await.status, 303);
}

async fn exchanged(world: &World, token: &Secret) -> authara::flows::Result<authara::flows::tokens::SignedIn> {
    let by = By::nobody(&client(), world.app.now());
    refresh::with_token(&world.app, &by, token, Audience::App).await
}

/// The newest letter of that kind, sent.
async fn letter(site: &Site, kind: Kind) -> Entry {
    let app = &site.world.app;
    workers::letters::round(app.clone()).await.unwrap();
    let sent = letters::list(app, None, None, 100).await.unwrap();
    let sent = sent.iter().find(|sent| sent.letter.kind == kind);
    let id = sent.unwrap_or_else(|| panic!("no {kind:?}")).letter.id.to_string();
    let inbox = letters::inbox(app).unwrap();
    inbox.into_iter().find(|entry| entry.id == id).unwrap()
}

/// Every address in a letter, as text and as HTML, which have the same.
fn links(letter: &Entry) -> Vec<String> {
    let html = tags(&letter.html);
    let attributes = html.iter().flat_map(|tag| &tag.attributes);
    let mut found: Vec<_> = attributes
        .filter(|(_, value)| value.contains("://"))
        .map(|(_, value)| value.clone())
        .collect();
    let mut in_text: Vec<_> = letter
        .text
        .split_whitespace()
        .filter(|word| word.contains("://"))
        .map(str::to_owned)
        .collect();
    for links in [&mut found, &mut in_text] {
        links.sort();
        links.dedup();
    }
    assert_eq!(found, in_text, "{}", letter.text);
    found
        .iter()
        .map(|link| link.strip_prefix(ORIGIN).expect("a link to this site").to_owned())
        .collect()
}

/// Opens a link as scanners do, also with the cookies of the person (their mail program may show a preview).
async fn scan(site: &Site, person: &Browser, link: &str) {
    for mut browser in [site.browser(), person.clone()] {
        browser.navigate(Method::HEAD, link).await;
        browser.get(link).await;
        for _ in 0..2 {
            browser = browser.with("user-agent", "");
            let page = browser.get(link).await;
            assert!(page.status < 400, "{link}: {}", page.status);
        }
    }
    // The one that presses whatever there is to press.
    let mut presser = site.browser();
    let page = presser.get(link).await;
    let is_of_the_frame = |action: &str| action.starts_with("/auth/preferences");
    for form in page.tags().iter().filter(|tag| tag.name == "form") {
        let action = form.attribute("action").unwrap();
        let path = action.split('?').next().unwrap();
        if !is_of_the_frame(path) {
            presser.submit(&page, path, &[]).await;
        }
    }
}

/// What the person does with the code, and again with the same page.
async fn entered_twice(person: &mut Browser, link: &str, path: &str, more: &[(&str, &str)]) {
    let mut again = person.clone();
    let page = person.get(link).await;
    let code = page.tag("id", "code").unwrap();
    assert_eq!(code.attribute("value").map(str::len), Some(6), "it is filled in");

    assert_eq!(person.submit(&page, path, more).await.status, 303, "it works");
    assert_eq!(again.submit(&page, path, more).await.status, 422, "once");
}

both!(
    every_link_of_every_letter_is_safe_from_scanners,
    async |world: World| {
        for kind in Kind::ALL.iter().copied().filter(|kind| *kind != Kind::Test) {
            let (site, mut person) = caused(world.fresh(|_| {}).await, kind).await;
            let letter = letter(&site, kind).await;
            let before = dump(site.world.database()).await;

            for link in links(&letter) {
                scan(&site, &person, &link).await;
            }

            assert_eq!(dump(site.world.database()).await, before, "{kind:?}");
            let with_code = links(&letter).into_iter().find(|link| link.contains("code="));
            match kind {
                Kind::SignUpCode => {
                    entered_twice(&mut person, &with_code.unwrap(), SIGN_UP, &[]).await;
                    assert!(person.is_signed_in().await);
                }
                Kind::SignInCode => {
                    entered_twice(&mut person, &with_code.unwrap(), LOGIN, &[]).await;
                    assert!(person.is_signed_in().await);
                }
                Kind::EmailChangeCode => {
                    entered_twice(&mut person, &with_code.unwrap(), ADDRESS, &[]).await;
                    assert_eq!(site.browser().sign_in(BOB, PASSWORD).await.status, 303);
                }
                Kind::PasswordResetCode => {
                    entered_twice(&mut person, &with_code.unwrap(), RESET, &[("password", NEW)]).await;
                    assert_eq!(site.browser().sign_in(ADA, NEW).await.status, 303);
                }
                _ => assert_eq!(with_code, None, "{kind:?}"),
            }
        }
    }
);

both!(
    a_code_is_worth_nothing_in_the_browser_of_another,
    async |world: World| {
        let sign_up = [("email", BOB), ("password", PASSWORD)];
        for (kind, start, begin, more) in [
            (Kind::SignUpCode, "/auth/signup", &sign_up[..], None),
            (
                Kind::PasswordResetCode,
                "/auth/password-reset",
                &sign_up[..1],
                Some(("password", NEW)),
            ),
        ] {
            let (site, mut person) = caused(world.fresh(|_| {}).await, kind).await;
            let link = links(&letter(&site, kind).await).pop().unwrap();
            let (path, code) = link.split_once("?code=").unwrap();
            let typed: Vec<_> = [("code", code)].into_iter().chain(more).collect();

            // An attempt of their own, for another address, is no help.
            let mut other = site.browser();
            let page = other.get(start).await;
            let begun = other.submit(&page, start, begin).await;
            let page = other.get(begun.location()).await;
            assert_eq!(other.submit(&page, path, &typed).await.status, 422, "{kind:?}");

            let page = person.get(&link).await;
            assert_eq!(person.submit(&page, path, &typed).await.status, 303, "{kind:?}");
        }
    }
);
