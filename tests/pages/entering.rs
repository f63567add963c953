//! Signing up, in and out.

use authara::domain::audit::Action;

use super::browser::{Site, says_it_once};
use super::{ADA, BOB};
use crate::kit::world::{PASSWORD, World, both, on_sqlite};

both!(who_signs_up_is_signed_in_and_sent_on, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.browser();

    let form = browser.get("/auth/signup?return_to=%2Fprivate%3Fa%3Db").await;
    let answer = browser
        .submit(&form, "/auth/signup", &[("email", ADA), ("password", PASSWORD)])
        .await;
    let account = browser.get("/auth/account").await;
    let again = browser.get("/auth/account").await;

    assert_eq!(answer.location(), "/private?a=b");
    assert!(answer.body.is_empty());
    for cookie in ["authara_access", "authara_refresh"] {
        let line = answer.set_cookie(cookie).unwrap();
        assert!(line.contains("HttpOnly") && line.contains("SameSite=Lax"), "{line}");
    }
    assert_eq!(account.status, 200);
    assert!(account.text().contains(ADA));
    assert_eq!(again.status, 200);
    assert_eq!(site.world.audit(Action::UserCreated).await.len(), 1);
});

both!(
    signing_out_ends_the_session_everywhere_it_is_known,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let mut copy = browser.clone();

        let account = browser.get("/auth/account").await;
        let answer = browser.submit(&account, "/auth/sessions/logout", &[]).await;

        assert_eq!(answer.location(), "/");
        assert!(!browser.has_session() && !browser.jar.contains_key("authara_access"));
        assert!(!browser.is_signed_in().await);
        assert!(!copy.is_signed_in().await, "the tokens themselves are void");
        assert_eq!(browser.sign_in(ADA, PASSWORD).await.location(), "/");
        assert!(browser.is_signed_in().await);
    }
);

both!(
    a_wrong_password_and_an_unknown_address_look_the_same,
    async |world: World| {
        let site = Site::of(world).await;
        site.signed_up(ADA).await;
        let mut browser = site.browser();

        let wrong = browser.sign_in(ADA, "not her password").await;
        let unknown = browser.sign_in(BOB, "not her password").await;

        assert_eq!((wrong.status, unknown.status), (422, 422));
        assert_eq!(wrong.body.replace(ADA, BOB), unknown.body);
        assert_eq!(wrong.tag("id", "email").unwrap().attribute("value"), Some(ADA));
        assert!(!wrong.body.contains("not her password"));
        assert!(wrong.tag("role", "alert").is_some());
        assert_eq!((wrong.problem("email"), wrong.problem("password")), (None, None));
        assert!(!browser.has_session());
    }
);

#[tokio::test]
async fn an_empty_field_is_told_at_the_field() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        for path in ["/auth/login", "/auth/signup"] {
            let mut browser = site.browser();
            let form = browser.get(path).await;

            let both = browser.submit(&form, path, &[("email", " ")]).await;
            let one = browser.submit(&form, path, &[("email", ADA)]).await;

            assert_eq!((form.status, both.status, one.status), (200, 400, 400), "{path}");
            assert!(both.problem("email").unwrap().contains("e-mail address"));
            assert!(both.problem("password").is_some());
            assert_eq!(one.problem("email"), None);
            assert!(one.problem("password").is_some());
            for field in ["#email", "#password"] {
                assert!(both.tag("href", field).is_some(), "the summary leads to the field");
            }
            says_it_once(&one, "password");
            assert!(form.focus("email"), "the first field has the focus");
            assert_eq!(one.tag("id", "email").unwrap().attribute("value"), Some(ADA));
            assert!(one.body.contains("<title>Error: "), "{path}");
            assert!(!form.body.contains("<title>Error: "), "{path}");
        }
    })
    .await;
}

both!(
    what_cannot_be_an_account_is_refused_at_its_field,
    async |world: World| {
        let site = Site::of(world).await;
        site.signed_up(ADA).await;
        let cases = [
            ("Ada@Example.COM", PASSWORD, "email"),
            ("no address", PASSWORD, "email"),
            (BOB, "short", "password"),
            (BOB, &"x".repeat(129), "password"),
            (BOB, "Bob@Example.com", "password"),
        ];
        for (email, password, field) in cases {
            let mut browser = site.browser();
            let form = browser.get("/auth/signup").await;

            let answer = browser
                .submit(&form, "/auth/signup", &[("email", email), ("password", password)])
                .await;

            assert_eq!(answer.status, 422, "{email}");
            says_it_once(&answer, field);
            assert_eq!(answer.tag("id", "email").unwrap().attribute("value"), Some(email));
            assert_eq!(answer.tag("id", "password").unwrap().attribute("value"), None);
            assert!(!browser.has_session());
        }
        assert_eq!(site.world.audit(Action::UserCreated).await.len(), 1);
    }
);

both!(
    an_address_that_is_taken_leads_to_the_sign_in_page_and_on,
    async |world: World| {
        let site = Site::of(world).await;
        site.signed_up(ADA).await;

        for (query, leads_to) in [
            ("", "/auth/login"),
            ("?return_to=%2Fa%3Fb%3Dc", "/auth/login?return_to=%2Fa%3Fb%3Dc"),
        ] {
            let mut browser = site.browser();
            let form = browser.get(&format!("/auth/signup{query}")).await;
            let fields = [("email", ADA), ("password", PASSWORD)];
            let answer = browser.submit(&form, "/auth/signup", &fields).await;

            let tags = answer.tags();
            let at = tags.iter().position(|tag| tag.attribute("id") == Some("email-problem"));
            let link = &tags[at.unwrap() + 1];
            assert_eq!(link.attribute("href"), Some(leads_to));
            assert_eq!(link.text, "If you already have an account, sign in instead.");
        }
    }
);

#[tokio::test]
async fn a_password_is_taken_as_typed() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let odd = "  <b>&amp;\"'+%20 ü  ";
        let mut browser = site.browser();
        let form = browser.get("/auth/signup").await;
        browser
            .submit(&form, "/auth/signup", &[("email", ADA), ("password", odd)])
            .await;

        let trimmed = site.browser().sign_in(ADA, odd.trim()).await;
        let exact = site.browser().sign_in(ADA, odd).await;

        assert_eq!(trimmed.status, 422);
        assert_eq!(exact.status, 303);
    })
    .await;
}
