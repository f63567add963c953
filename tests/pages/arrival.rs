//! Coming back: signed in already, with an old token, with a refused one, or in circles.

use std::time::Duration;

use authara::domain::audit::Action;
use authara::domain::{Audience, PlatformRole};
use authara::flows::accounts::directory;
use authara::flows::{access, accounts};

use super::ADA;
use super::browser::{Browser, Site};
use crate::kit::world::{PASSWORD, World, both, by, on_sqlite, operator};

const FORGED: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn with_refused_cookies(site: &Site) -> Browser {
    let mut browser = site.browser();
    browser.jar.insert("authara_access".to_owned(), "x.y.z".to_owned());
    browser.jar.insert("authara_refresh".to_owned(), FORGED.to_owned());
    browser
}

both!(
    who_is_signed_in_is_sent_on_from_the_pages_for_strangers,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        browser.jar.remove("authara_csrf");

        let from_login = browser.get("/auth/login?return_to=%2Fprivate").await;
        let from_signup = browser.get("/auth/signup").await;

        assert_eq!(from_login.location(), "/private");
        assert_eq!(from_signup.location(), "/");
        assert!(
            from_login.set_cookie("authara_access").is_none(),
            "the token still does"
        );
        assert!(
            browser.jar.contains_key("authara_csrf"),
            "scripts of the application need it"
        );
    }
);

both!(the_refresh_cookie_alone_goes_on_silently, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let first = browser.jar["authara_refresh"].clone();

    browser.jar.remove("authara_access");
    let page = browser.get("/auth/account").await;
    let second = browser.jar["authara_refresh"].clone();
    browser.jar.remove("authara_access");
    let login = browser.get("/auth/login?return_to=%2Fprivate").await;

    assert_eq!(page.status, 200);
    assert!(page.text().contains(ADA));
    assert_ne!(first, second);
    assert_eq!(login.location(), "/private");
    assert_ne!(second, browser.jar["authara_refresh"]);
    assert!(browser.has_session());
});

both!(
    an_access_token_that_ran_out_is_replaced_on_the_way,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let access = browser.jar["authara_access"].clone();

        site.world.clock.advance(Duration::from_hours(24));
        let page = browser.get("/auth/account").await;

        assert_eq!(page.status, 200);
        assert_ne!(access, browser.jar["authara_access"]);
    }
);

both!(a_refused_refresh_clears_the_cookies, async |world: World| {
    let site = Site::of(world).await;

    let mut browser = with_refused_cookies(&site);
    let login = browser.get("/auth/login").await;
    let mut other = with_refused_cookies(&site);
    let account = other.get("/auth/account").await;

    assert_eq!(login.status, 200);
    login.form("/auth/login");
    assert_eq!(account.location(), "/auth/login?return_to=%2Fauth%2Faccount");
    for browser in [browser, other] {
        let has = |name| browser.jar.contains_key(name);
        assert!(!has("authara_access") && !has("authara_refresh"));
    }
});

#[tokio::test]
async fn a_page_that_needs_a_sign_in_is_reached_after_it() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        site.signed_up(ADA).await;
        let mut browser = site.browser();

        let page = browser.get("/auth/providers/password/change?a=b").await;
        let login = browser.get(page.location()).await;
        let answer = browser
            .submit(&login, "/auth/login", &[("email", ADA), ("password", PASSWORD)])
            .await;
        let posted = site.browser().post("/auth/sessions/revoke-other", &[]).await;

        assert_eq!(answer.location(), "/auth/providers/password/change?a=b");
        assert_eq!(browser.get(answer.location()).await.status, 200);
        assert_eq!(posted.location(), "/auth/login?return_to=%2Fauth%2Faccount");
    })
    .await;
}

both!(a_form_can_refresh_and_go_on, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let csrf = browser.jar["authara_csrf"].clone();
    let path = "/auth/sessions/refresh?return_to=%2Fprivate";
    let first = browser.jar["authara_refresh"].clone();

    let good = browser.post(path, &[("csrf_token", &csrf)]).await;
    let second = browser.jar["authara_refresh"].clone();
    browser.jar.insert("authara_refresh".to_owned(), FORGED.to_owned());
    let refused = browser.post(path, &[("csrf_token", &csrf)]).await;

    assert_eq!(good.location(), "/private");
    assert_ne!(first, second);
    assert_eq!(refused.location(), "/auth/login?return_to=%2Fprivate");
    assert!(!browser.jar.contains_key("authara_refresh"));
});

#[tokio::test]
async fn a_round_trip_that_never_ends_is_ended_by_a_page() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let path = "/auth/login?return_to=%2Fp%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";

        for _ in 0..4 {
            let bounce = browser.get(path).await;
            assert_eq!(bounce.location(), "/p\"><script>alert(1)</script>");
            let line = bounce.set_cookie("authara_arrivals").unwrap();
            assert!(line.contains("Max-Age=10;"), "{line}");
        }
        let other_target = browser.clone().get("/auth/login?return_to=%2Fother").await;
        let page = browser.get(path).await;
        let next = browser.clone().get(path).await;
        let answer = browser.submit(&page, "/auth/sessions/logout", &[]).await;

        assert_eq!(other_target.location(), "/other", "another target is another trip");
        assert_eq!(page.status, 200);
        assert!(
            page.text()
                .contains("You are signed in, but the application does not accept it")
        );
        assert!(!page.body.contains("<script>alert"));
        assert_eq!(next.status, 303, "counting begins again");
        assert_eq!(answer.location(), "/");
        assert!(!browser.has_session());
    })
    .await;
}

both!(tabs_that_wake_up_together_all_stay_signed_in, async |world: World| {
    let site = Site::of(world).await;
    let browser = site.signed_up(ADA).await;
    site.world.clock.advance(Duration::from_hours(1));

    let mut tabs: Vec<_> = (0..8).map(|_| browser.clone()).collect();
    let loading: Vec<_> = tabs
        .drain(..)
        .map(|mut tab| {
            tokio::spawn(async move {
                let status = tab.get("/auth/account").await.status;
                (status, tab)
            })
        })
        .collect();
    for tab in loading {
        let (status, tab) = tab.await.unwrap();
        assert_eq!(status, 200);
        tabs.push(tab);
    }

    site.world.clock.advance(Duration::from_hours(1));
    assert!(tabs.pop().unwrap().is_signed_in().await);
});

both!(
    a_page_whose_answer_got_lost_can_be_loaded_again,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        site.world.clock.advance(Duration::from_hours(1));

        browser.clone().get("/auth/account").await;
        site.world.clock.advance(Duration::from_hours(1));

        assert!(browser.is_signed_in().await, "with the cookies from before");
    }
);

both!(
    an_account_that_is_off_is_signed_out_and_cannot_come_back,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let wrong = site.browser().sign_in(ADA, "wrong password").await;
        let user = directory::find(&site.world.app, ADA).await.unwrap();

        accounts::disable(&site.world.app, &operator(&site.world.app), user.id)
            .await
            .unwrap();
        let account = browser.get("/auth/account").await;
        let again = site.browser().sign_in(ADA, PASSWORD).await;

        assert_eq!(account.location(), "/auth/login?return_to=%2Fauth%2Faccount");
        assert!(!browser.has_session());
        assert_eq!((again.status, again.text()), (wrong.status, wrong.text()));
    }
);

both!(
    a_person_without_a_role_who_wants_the_admin_area_is_told_so_and_gets_no_session,
    async |world: World| {
        let site = Site::of(world).await;
        site.signed_up(ADA).await;
        let app = &site.world.app;
        let (hashed, noted) = (app.hasher.work_done(), site.world.audit(Action::SignIn).await.len());
        let target = "/auth/login?return_to=%2Fadmin%2Fx";
        site.world.clock.advance(Duration::from_secs(1));

        let mut browser = site.browser();
        let form = browser.get(target).await;
        let fields = [("email", ADA), ("password", PASSWORD)];
        let refused = browser.submit(&form, "/auth/login", &fields).await;

        assert_eq!(refused.status, 422);
        assert!(
            refused.text().contains("This account is not allowed to do that."),
            "{}",
            refused.text()
        );
        assert!(!browser.is_signed_in().await && !browser.jar.contains_key("authara_refresh"));
        let once = app.hasher.work_done() - hashed;
        let lines = site.world.audit(Action::SignIn).await;
        assert_eq!(lines.len(), noted + 1, "one line");
        assert_eq!(lines[0].detail, "no role that opens that area");
        let hashed = app.hasher.work_done();
        browser.sign_in(ADA, PASSWORD).await;
        assert_eq!(app.hasher.work_done() - hashed, once, "as much work as one sign-in");
    }
);

both!(nobody_signs_up_for_the_admin_area, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.browser();
    let form = browser.get("/auth/signup?return_to=%2Fadmin").await;
    let fields = [("email", ADA), ("password", PASSWORD)];

    let refused = browser.submit(&form, "/auth/signup", &fields).await;

    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("This account is not allowed to do that."),
        "{}",
        refused.text()
    );
    assert!(!browser.jar.contains_key("authara_refresh"));
    assert!(
        directory::find(&site.world.app, ADA).await.is_err(),
        "no account was made"
    );
});

both!(
    the_admin_area_gets_a_token_that_opens_it_if_there_is_a_role,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let user = directory::find(&site.world.app, ADA).await.unwrap();
        let opens = async |browser: &Browser| {
            let token = &browser.jar["authara_access"];
            let caller = access::caller(&site.world.app, &by(&site.world.app), Audience::Admin, token).await;
            caller.is_ok()
        };

        let without = browser.get("/auth/login?return_to=%2Fadmin%2Fusers").await;
        assert_eq!(without.status, 403, "sent on, they would be sent back");
        assert!(browser.is_signed_in().await && !opens(&browser).await);

        accounts::grant(
            &site.world.app,
            &operator(&site.world.app),
            user.id,
            PlatformRole::Admin,
        )
        .await
        .unwrap();
        let with = browser.get("/auth/login?return_to=%2Fadmin%2Fusers").await;
        assert_eq!(with.location(), "/admin/users");
        assert!(opens(&browser).await);

        let mut other = site.browser();
        let form = other.get("/auth/login?return_to=%2Fadmin").await;
        let answer = other
            .submit(&form, "/auth/login", &[("email", ADA), ("password", PASSWORD)])
            .await;
        assert_eq!(answer.location(), "/admin");
        assert!(opens(&other).await && other.is_signed_in().await);
    }
);

both!(
    a_person_with_both_roles_goes_from_one_area_to_the_other,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let app = &site.world.app;
        let user = directory::find(app, ADA).await.unwrap();
        for role in PlatformRole::ALL {
            accounts::grant(app, &operator(app), user.id, role).await.unwrap();
        }

        for (page, audience) in [
            ("admin", Audience::Admin),
            ("operator", Audience::Operator),
            ("admin", Audience::Admin),
        ] {
            let passed = browser.get(&format!("/auth/login?return_to=%2F{page}%2Fx")).await;

            assert_eq!(passed.location(), format!("/{page}/x"));
            let token = &browser.jar["authara_access"];
            let caller = access::caller(app, &by(app), audience, token).await.unwrap();
            assert_eq!(caller.audience, audience);
        }
    }
);
