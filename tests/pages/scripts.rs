//! Scripts and HTMX: plain answers for the one, `HX-Redirect` and parts of pages for the other.

use std::time::Duration;

use authara::domain::{Audience, PlatformRole};
use authara::flows::accounts::directory;
use authara::flows::{access, accounts};
use hyper::Method;

use super::ADA;
use super::browser::{Browser, Page, Site};
use crate::kit::world::{PASSWORD, World, both, by, on_sqlite, operator};

const REFRESH: &str = "/auth/sessions/refresh";
const LOGOUT: &str = "/auth/sessions/logout";

fn is_plain(answer: &Page) -> bool {
    answer.header("location").is_none() && answer.body.is_empty()
}

async fn opens(site: &Site, browser: &Browser, audience: Audience) -> bool {
    access::caller(
        &site.world.app,
        &by(&site.world.app),
        audience,
        &browser.jar["authara_access"],
    )
    .await
    .is_ok()
}

both!(
    a_script_refreshes_and_signs_out_without_redirects,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        site.world.clock.advance(Duration::from_hours(1));

        let refreshed = browser.fetch(Method::POST, REFRESH).await;
        let is_live = opens(&site, &browser, Audience::App).await;
        let copy = browser.clone();
        let ended = browser.fetch(Method::POST, LOGOUT).await;
        let again = browser.fetch(Method::POST, LOGOUT).await;
        let guest = browser.fetch(Method::POST, REFRESH).await;
        let void = copy.clone().fetch(Method::POST, REFRESH).await;

        assert_eq!(refreshed.status, 200);
        assert!(is_plain(&refreshed) && is_live);
        assert_eq!(ended.status, 204);
        assert!(is_plain(&ended) && !browser.jar.contains_key("authara_refresh"));
        assert_eq!(again.status, 204, "to be signed out is what was wanted");
        assert_eq!((guest.status, guest.error_code().as_str()), (401, "unauthorized"));
        assert!(
            guest.set_cookie("authara_access").is_none(),
            "there was nothing to clear"
        );
        assert_eq!((void.status, void.error_code().as_str()), (401, "unauthorized"));
        assert!(void.set_cookie("authara_refresh").unwrap().contains("Max-Age=0;"));
        assert!(void.set_cookie("authara_access").unwrap().contains("Max-Age=0;"));
    }
);

both!(a_script_gets_tokens_for_the_audience_it_names, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let user = directory::find(&site.world.app, ADA).await.unwrap();
    let admin = format!("{REFRESH}?audience=admin");

    let refused = browser.fetch(Method::POST, &admin).await;
    let was_kept = browser.has_session();
    accounts::grant(
        &site.world.app,
        &operator(&site.world.app),
        user.id,
        PlatformRole::Admin,
    )
    .await
    .unwrap();
    let before = opens(&site, &browser, Audience::Admin).await;
    let granted = browser.fetch(Method::POST, &admin).await;
    let after = opens(&site, &browser, Audience::Admin).await;
    let unknown = browser.fetch(Method::POST, &format!("{REFRESH}?audience=root")).await;

    assert_eq!((refused.status, refused.error_code().as_str()), (401, "unauthorized"));
    assert!(was_kept, "the session goes on");
    assert!(!before && after);
    assert_eq!(granted.status, 200);
    assert_eq!(
        (unknown.status, unknown.error_code().as_str()),
        (400, "invalid_request")
    );
});

#[tokio::test]
async fn a_script_without_the_proof_is_told_in_json() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let mut forged = browser.clone();
        forged.jar.remove("authara_csrf");

        for path in [LOGOUT, REFRESH] {
            let answer = forged.fetch(Method::POST, path).await;

            assert_eq!((answer.status, answer.error_code().as_str()), (403, "forbidden"));
        }
        assert!(browser.is_signed_in().await);
    })
    .await;
}

both!(htmx_is_redirected_by_its_own_header, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await.with("hx-request", "true");
    let mut stranger = site.browser().with("hx-request", "true");
    let leads = |page: &Page| {
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(is_plain(page));
        page.header("hx-redirect").unwrap().to_owned()
    };

    let guard = stranger.get("/auth/account").await;
    let signed_in = stranger.sign_in(ADA, PASSWORD).await;
    let passed_on = browser.get("/auth/login?return_to=%2Fprivate").await;
    let account = browser.get("/auth/account").await;
    let ended = browser.submit(&account, "/auth/sessions/revoke-other", &[]).await;
    let logout = browser.submit(&account, LOGOUT, &[]).await;

    assert_eq!(leads(&guard), "/auth/login?return_to=%2Fauth%2Faccount");
    assert_eq!(leads(&signed_in), "/");
    assert_eq!(leads(&passed_on), "/private");
    assert_eq!(leads(&ended), "/auth/account");
    assert_eq!(leads(&logout), "/");
    assert!(!browser.has_session());
});

#[tokio::test]
async fn htmx_gets_the_content_without_its_frame() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser();
        let whole = browser.get("/auth/login").await;
        let mut browser = browser.with("hx-request", "true");

        let part = browser.get("/auth/login").await;
        let refused = browser
            .submit(&part, "/auth/login", &[("email", ADA), ("password", PASSWORD)])
            .await;
        let missing = browser.get("/auth/nothing").await;

        for page in [&part, &refused, &missing] {
            assert!(
                !page.body.contains("<html") && !page.body.contains("<main"),
                "{}",
                page.body
            );
            assert!(page.header("vary").unwrap().contains("hx-request"));
        }
        assert!(whole.header("vary").unwrap().contains("hx-request"));
        assert_eq!(refused.status, 422);
        refused.form("/auth/login");
        assert_eq!(missing.status, 404);
    })
    .await;
}
