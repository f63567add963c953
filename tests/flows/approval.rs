//! Accounts that wait until an operator has approved them.

use authara::config::SignUp;
use authara::domain::audit::{Action, Actor, Outcome};
use authara::domain::{Audience, Refusal, Secret, User};
use authara::flows::accounts::directory::{self, Wanted};
use authara::flows::entry::sign_up::{Application, direct};
use authara::flows::{accounts, letters};
use authara::workers;

use super::refusal;
use crate::kit::world::{PASSWORD, World, both, by, operator};

const ADA: &str = "ada@example.com";

async fn with_approval(world: World) -> World {
    world.with(|config| config.accounts.sign_up = SignUp::Approval).await
}

async fn sign_up(world: &World) -> Refusal {
    let input = Application {
        email: ADA.to_owned(),
        password: Secret::new(PASSWORD),
        invitation_code: None,
    };
    refusal(direct(&world.app, &by(&world.app), input, Audience::App).await)
}

async fn waiting(world: &World) -> Vec<User> {
    let listed = directory::list(&world.app, &Wanted::Waiting, None, 9).await.unwrap();
    listed.into_iter().map(|(user, _)| user).collect()
}

both!(an_account_waits_until_an_operator_approves_it, async |world: World| {
    let world = with_approval(world).await;

    assert_eq!(sign_up(&world).await, Refusal::ApprovalPending);
    let right = world.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(refusal(right), Refusal::ApprovalPending);
    let wrong = world.try_sign_in(ADA, "something else entirely").await;
    assert_eq!(refusal(wrong), Refusal::CredentialsWrong, "only its owner is told");
    assert_eq!(sign_up(&world).await, Refusal::EmailTaken, "the account is there");
    let found = waiting(&world).await;
    assert_eq!(found.len(), 1);
    let ada = found[0].id;
    let sessions = directory::show(&world.app, ada, world.app.now())
        .await
        .unwrap()
        .sessions;
    assert!(sessions.is_empty());
    let mut why: Vec<_> = world.audit(Action::SignIn).await;
    why.retain(|line| line.outcome == Outcome::Refused && line.detail == "the account waits for approval");
    assert_eq!(why.len(), 1);

    assert!(accounts::approve(&world.app, &operator(&world.app), ada).await.unwrap());
    assert!(!accounts::approve(&world.app, &operator(&world.app), ada).await.unwrap());

    assert!(world.try_sign_in(ADA, PASSWORD).await.is_ok());
    assert!(waiting(&world).await.is_empty());
    let approved = world.audit(Action::UserApproved).await;
    assert_eq!(approved.len(), 1);
    assert_eq!((approved[0].actor, approved[0].subject), (Actor::Operator, Some(ada)));
    workers::letters::round(world.app.clone()).await.unwrap();
    let inbox = letters::inbox(&world.app).unwrap();
    let told: Vec<_> = inbox
        .iter()
        .filter(|letter| letter.subject.contains("approved"))
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].to.as_str(), ADA);
});

both!(
    an_account_that_was_not_approved_stays_closed_when_the_mode_is_changed,
    async |world: World| {
        let world = with_approval(world).await;
        sign_up(&world).await;

        let world = world.with(|config| config.accounts.sign_up = SignUp::Open).await;

        let refused = world.try_sign_in(ADA, PASSWORD).await;
        assert_eq!(refusal(refused), Refusal::ApprovalPending);
    }
);

both!(
    accounts_that_were_there_before_and_those_of_the_operator_do_not_wait,
    async |world: World| {
        world.sign_up("bob@example.com").await;
        let world = with_approval(world).await;
        accounts::add(&world.app, &operator(&world.app), ADA, Secret::new(PASSWORD), &[])
            .await
            .unwrap();

        for email in ["bob@example.com", ADA] {
            assert!(world.try_sign_in(email, PASSWORD).await.is_ok(), "{email}");
        }
    }
);

both!(
    right_passwords_of_an_account_that_waits_are_no_guesses,
    async |world: World| {
        let world = with_approval(world).await;
        sign_up(&world).await;

        for _ in 0..30 {
            let refused = world.try_sign_in(ADA, PASSWORD).await;
            assert_eq!(refusal(refused), Refusal::ApprovalPending);
        }
    }
);
