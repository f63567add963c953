//! Changing the username on the account page.

use super::browser::{Browser, Page, Site, says_it_once};
use super::{ADA, BOB};
use crate::kit::world::{World, both, on_sqlite};

const PATH: &str = "/auth/user/username";
const ACCOUNT: &str = "/auth/account";

async fn rename(browser: &mut Browser, name: &str) -> Page {
    let account = browser.get(ACCOUNT).await;
    browser.submit(&account, PATH, &[("username", name)]).await
}

/// What stands in the field.
fn typed(page: &Page) -> String {
    let field = page.tag("id", "username").unwrap();
    field.attribute("value").unwrap().to_owned()
}

both!(a_new_username_is_told_and_shown, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;

    let answer = rename(&mut browser, "Countess").await;
    let account = browser.get(answer.location()).await;

    assert_eq!(answer.location(), ACCOUNT);
    assert!(account.text().contains("Your username was changed."));
    assert_eq!(typed(&account), "Countess");
    let same = rename(&mut browser, "Countess").await;
    let account = browser.get(same.location()).await;
    assert!(!account.text().contains("Your username was changed."), "it was not");
});

both!(
    what_is_wrong_with_a_username_is_told_at_the_field,
    async |world: World| {
        let site = Site::of(world).await;
        let mut ada = site.signed_up(ADA).await;
        let mut bob = site.signed_up(BOB).await;
        rename(&mut ada, "Countess").await;
        let before = typed(&bob.get(ACCOUNT).await);

        for name in ["", "ab", "äda <b>", "COUNTESS", "admin"] {
            let answer = rename(&mut bob, name).await;

            assert_eq!(answer.status, 422, "{name}");
            says_it_once(&answer, "username");
            assert_eq!(typed(&answer), name, "what was typed stays");
            assert!(answer.text().contains("Where you are signed in"), "the page is whole");
        }
        assert_eq!(typed(&bob.get(ACCOUNT).await), before);
    }
);

#[tokio::test]
async fn too_many_usernames_are_told_with_the_wait() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        for number in 0..20 {
            rename(&mut browser, &format!("ada-{number}")).await;
        }

        let answer = rename(&mut browser, "ada-20").await;

        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("3600")));
        assert_eq!(typed(&answer), "ada-20");
    })
    .await;
}

#[tokio::test]
async fn a_stranger_signs_in_first_and_finds_the_form() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;

        let answer = site.browser().post(PATH, &[("username", "countess")]).await;

        assert_eq!(answer.location(), "/auth/login?return_to=%2Fauth%2Faccount");
    })
    .await;
}
