//! The page that asks before one signs out: a link alone changes nothing.

use super::ADA;
use super::browser::Site;
use crate::kit::world::{World, on_sqlite};

#[tokio::test]
async fn a_link_asks_and_only_the_button_signs_out() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;

        let asked = browser.get("/auth/sessions/logout?return_to=%2Fgoodbye").await;
        let was_kept = browser.is_signed_in().await;
        let answer = browser.submit(&asked, "/auth/sessions/logout", &[]).await;
        let again = browser.get("/auth/sessions/logout?return_to=%2Fgoodbye").await;

        assert_eq!(asked.status, 200);
        assert!(asked.text().contains("Sign out?") && was_kept);
        assert_eq!(answer.location(), "/goodbye");
        assert!(!browser.has_session());
        assert!(again.text().contains("You are signed out"));
        assert!(
            again.tag("href", "/auth/login?return_to=%2Fgoodbye").is_some(),
            "a way back in"
        );
    })
    .await;
}
