//! Who may sign up, as people meet it.

use authara::config::SignUp;
use authara::domain::Secret;
use authara::flows::accounts::directory;
use authara::flows::{accounts, letters};
use authara::workers;

use super::browser::Site;
use super::{ADA, BOB};
use crate::kit::world::{PASSWORD, World, both, operator};

async fn with_mode(world: World, mode: SignUp) -> Site {
    Site::of(world.with(|config| config.accounts.sign_up = mode).await).await
}

both!(
    where_nobody_may_sign_up_the_page_says_so_and_leads_back,
    async |world: World| {
        for (mode, title) in [
            (SignUp::Closed, "Sign-up is closed"),
            (SignUp::Invitation, "Sign-up is by invitation only"),
        ] {
            let site = with_mode(world.fresh(|_| {}).await, mode).await;
            let mut browser = site.browser();

            let login = browser.get("/auth/login?return_to=%2Fwelcome").await;
            assert_eq!(login.status, 200);
            assert!(!login.text().contains("/auth/signup"), "{}", login.text());

            let page = browser.get("/auth/signup?return_to=%2Fwelcome").await;
            assert_eq!(page.status, 403);
            assert!(page.text().contains(title), "{}", page.text());
            let way_back = page.tag("href", "/auth/login?return_to=%2Fwelcome");
            assert!(way_back.is_some(), "{}", page.text());
        }
    }
);

both!(
    a_form_that_was_open_when_sign_up_was_closed_opens_no_account,
    async |world: World| {
        for codes in [false, true] {
            let world = world.fresh(|config| {
                config.accounts.sign_up = SignUp::Closed;
                config.challenges.at_sign_up = codes;
            });
            let site = Site::of(world.await).await;
            let mut browser = site.browser();
            let (_, hidden) = browser.get("/auth/login").await.form("/auth/login");
            let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let typed = [("email", ADA), ("password", PASSWORD)];
            let fields: Vec<_> = hidden.filter(|(name, _)| *name == "csrf_token").chain(typed).collect();

            let page = browser.post("/auth/signup", &fields).await;

            assert_eq!(page.status, 403);
            assert!(page.text().contains("Sign-up is closed"), "{}", page.text());
            let mut conn = site.world.app.store.read().await.unwrap();
            assert_eq!(conn.users().count().await.unwrap(), 0);
        }
    }
);

both!(
    an_account_made_by_the_operator_signs_in_where_sign_up_is_closed,
    async |world: World| {
        let site = with_mode(world, SignUp::Closed).await;
        let app = &site.world.app;
        accounts::add(app, &operator(app), BOB, Secret::new(PASSWORD), &[])
            .await
            .unwrap();
        let mut browser = site.browser();

        browser.sign_in(BOB, PASSWORD).await;

        assert!(browser.is_signed_in().await);
        let page = browser.get("/auth/signup?return_to=%2Fwelcome").await;
        assert_eq!(
            (page.status, page.location()),
            (303, "/welcome"),
            "they have an account"
        );
    }
);

both!(
    a_person_whose_account_waits_is_told_so_and_gets_no_session,
    async |world: World| {
        let site = with_mode(world, SignUp::Approval).await;
        let mut browser = site.browser();
        let form = browser.get("/auth/signup").await;
        let fields = [("email", ADA), ("password", PASSWORD)];

        let signed_up = browser.submit(&form, "/auth/signup", &fields).await;
        let form = browser.get("/auth/login").await;
        let signed_in = browser.submit(&form, "/auth/login", &fields).await;

        for page in [&signed_up, &signed_in] {
            assert_eq!(page.status, 403);
            assert!(
                page.text().contains("Your account waits for approval"),
                "{}",
                page.text()
            );
        }
        assert!(!browser.has_session());
        let app = &site.world.app;
        let ada = directory::find(app, ADA).await.unwrap().id;
        assert!(accounts::approve(app, &operator(app), ada).await.unwrap());
        browser.sign_in(ADA, PASSWORD).await;
        assert!(browser.is_signed_in().await);
    }
);

both!(
    an_account_opened_by_a_code_waits_once_the_code_was_entered,
    async |world: World| {
        let world = world.with(|config| config.challenges.at_sign_up = true).await;
        let site = with_mode(world, SignUp::Approval).await;
        let mut browser = site.browser();
        let form = browser.get("/auth/signup").await;
        let fields = [("email", ADA), ("password", PASSWORD)];
        let begun = browser.submit(&form, "/auth/signup", &fields).await;
        let page = browser.get(begun.location()).await;
        workers::letters::round(site.world.app.clone()).await.unwrap();
        let letter = letters::inbox(&site.world.app).unwrap()[0].text.clone();
        let mut lines = letter.lines().map(str::trim).filter(|line| line.len() == 6);
        let code = lines.find(|line| line.parse::<u32>().is_ok()).expect("a code");

        let entered = browser
            .submit(&page, "/auth/verify-challenge/signup", &[("code", code)])
            .await;

        assert_eq!(entered.status, 403);
        assert!(
            entered.text().contains("Your account waits for approval"),
            "{}",
            entered.text()
        );
        assert!(!browser.has_session());
        let ada = directory::find(&site.world.app, ADA).await.unwrap();
        assert!(ada.is_waiting() && ada.email_verified_at.is_some());
    }
);
