//! Who may sign up, as people meet it.

use authara::config::SignUp;
use authara::domain::Secret;
use authara::flows::accounts;

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
