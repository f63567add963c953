//! Sign-ins that are under way while the account changes: what was proved is compared again when it is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use authara::app::App;
use authara::domain::audit::{Action, Outcome};
use authara::domain::{Audience, Caller, PlatformRole, Refusal, Secret, UserId};
use authara::flows::entry::confirm;
use authara::flows::password::{Change, change};
use authara::flows::tokens::SignedIn;
use authara::flows::{Result, access, accounts, refresh};

use super::refusal;
use crate::kit::database::Database;
use crate::kit::proxy::{Proxy, Wire};
use crate::kit::world::{PASSWORD, World, both, by, on_sqlite, operator, pair};

const ADA: &str = "ada@example.com";
const ROUNDS: usize = 20;

async fn caller(app: &App, access: &Secret) -> Result<Caller> {
    access::caller(app, &by(app), Audience::App, access.expose()).await
}

/// Signs in with the old password again and again until `stop`, then a few times more. Returns every session.
async fn keep_signing_in(world: Arc<World>, email: String, stop: Arc<AtomicBool>) -> Vec<SignedIn> {
    let mut opened = Vec::new();
    let mut left = 3;
    while left > 0 {
        if stop.load(Ordering::SeqCst) {
            left -= 1;
        }
        opened.extend(world.try_sign_in(&email, PASSWORD).await.ok());
    }
    opened
}

/// The ways to set another password, each by its owner or an operator.
async fn set_another(world: &World, way: usize, me: &Caller, refresh: &Secret) {
    let new = Secret::new(format!("a new and better password {way}"));
    let by_owner = |current: Option<&str>| Change {
        new: new.clone(),
        current: current.map(Secret::new),
        refresh: Some(refresh.clone()),
    };
    match way {
        0 => drop(change(&world.app, me, by_owner(Some(PASSWORD))).await.unwrap()),
        1 => drop(change(&world.app, me, by_owner(None)).await.unwrap()),
        _ => {
            let by = operator(&world.app);
            accounts::set_password(&world.app, &by, me.user.id, new).await.unwrap();
        }
    }
}

both!(
    no_session_that_the_old_password_opened_survives_a_change,
    async |world: World| {
        let world = Arc::new(world);
        let mut opened = 0;
        for round in 0..ROUNDS {
            let email = format!("ada{round}@example.com");
            let tokens = world.sign_up(&email).await.tokens;
            let me = caller(&world.app, &tokens.access).await.unwrap();
            let stop = Arc::new(AtomicBool::new(false));
            let threads = [(); 2].map(|()| tokio::spawn(keep_signing_in(world.clone(), email.clone(), stop.clone())));
            tokio::task::yield_now().await;

            set_another(&world, round % 3, &me, &tokens.refresh).await;
            stop.store(true, Ordering::SeqCst);

            for thread in threads {
                for old in thread.await.unwrap() {
                    opened += 1;
                    let by_access = caller(&world.app, &old.tokens.access).await;
                    assert_eq!(refusal(by_access), Refusal::SignInRequired, "round {round}");
                    let by_refresh =
                        refresh::with_token(&world.app, &by(&world.app), &old.tokens.refresh, Audience::App).await;
                    assert_eq!(refusal(by_refresh), Refusal::SessionEnded, "round {round}");
                }
            }
        }
        assert!(opened > 0, "the old password was right until it was changed");
    }
);

/// Goes on refreshing with a copy until that is refused. The last token that was given.
async fn keep_refreshing(world: Arc<World>, mut token: Secret) -> Secret {
    let mut thief = by(&world.app);
    thief.client.address = [203, 0, 113, 66].into();
    while let Ok(refreshed) = refresh::with_token(&world.app, &thief, &token, Audience::App).await {
        token = refreshed.tokens.refresh;
        tokio::task::yield_now().await;
    }
    token
}

both!(
    whoever_refreshes_with_a_copy_meanwhile_is_cut_off_by_a_change,
    async |world: World| {
        let world = Arc::new(world);
        for round in 0..ROUNDS {
            let tokens = world.sign_up(&format!("ada{round}@example.com")).await.tokens;
            let me = caller(&world.app, &tokens.access).await.unwrap();
            let thief = tokio::spawn(keep_refreshing(world.clone(), tokens.refresh.clone()));
            tokio::time::sleep(Duration::from_millis(round as u64)).await;

            let by_owner = Change {
                new: Secret::new("a new and better password"),
                current: Some(Secret::new(PASSWORD)),
                refresh: Some(tokens.refresh.clone()),
            };
            let fresh = pair(change(&world.app, &me, by_owner).await.unwrap());

            let last = tokio::time::timeout(Duration::from_mins(5), thief).await;
            let last = last.expect("the copy still works").unwrap();
            assert_ne!(last.expose(), fresh.refresh.expose());
            let mine = refresh::with_token(&world.app, &by(&world.app), &fresh.refresh, Audience::App).await;
            assert!(mine.is_ok(), "round {round}");
        }
    }
);

both!(
    what_was_confirmed_with_the_old_password_is_refused_after_a_change,
    async |world: World| {
        let tokens = world.sign_up(ADA).await.tokens;
        let me = caller(&world.app, &tokens.access).await.unwrap();
        // The password is set in this transaction, and compared before it is committed.
        let other = world.another_instance().await;
        let old = Secret::new(PASSWORD);
        let mut confirmed = Box::pin(confirm::confirm(&world.app, &me, &old, None, None));
        let mut changed = Box::pin(change(
            &world.app,
            &me,
            Change {
                new: Secret::new("the thief's own password"),
                current: Some(Secret::new(PASSWORD)),
                refresh: None,
            },
        ));
        other
            .store
            .write(async |tx| {
                tx.users().lock(me.user.id).await?;
                tx.users().set_password(me.user.id, "another", world.app.now()).await?;
                let early = tokio::time::timeout(Duration::from_millis(300), async {
                    tokio::join!(&mut confirmed, &mut changed)
                });
                assert!(early.await.is_err(), "they wait");
                authara::storage::Result::Ok(())
            })
            .await
            .unwrap();

        assert_eq!(refusal(confirmed.await), Refusal::CurrentPasswordWrong);
        assert_eq!(refusal(changed.await), Refusal::CurrentPasswordWrong);
        let noted = world.audit(Action::Reauthentication).await;
        assert!(noted.iter().all(|line| line.outcome == Outcome::Refused));
    }
);

/// What an operator does in an emergency, each with what the account is given before.
const EMERGENCIES: [&str; 5] = [
    "disable",
    "delete",
    "revoke a role",
    "set a password",
    "end all sessions",
];

async fn act(app: &App, user: UserId, emergency: &str) {
    let operator = operator(app);
    let done = match emergency {
        "disable" => accounts::disable(app, &operator, user).await.map(drop),
        "delete" => accounts::delete(app, &operator, user).await,
        "revoke a role" => accounts::revoke(app, &operator, user, PlatformRole::Operator)
            .await
            .map(drop),
        "set a password" => accounts::set_password(app, &operator, user, Secret::new("set by an operator"))
            .await
            .map(drop),
        _ => accounts::end_sessions(app, &operator, user, None).await.map(drop),
    };
    done.unwrap();
}

/// Whether a session is left of a sign-in that began before the action, which is undone where it can be.
async fn nothing_is_left(world: &World, emergency: &str, round: usize, wait: Duration) {
    let app = &world.app;
    let email = format!("ada{round}@example.com");
    let user = world.sign_up(&email).await.user.id;
    let operator = operator(app);
    accounts::grant(app, &operator, user, PlatformRole::Operator)
        .await
        .unwrap();

    let action = async {
        // Each round meets the sign-in at another of its steps.
        tokio::time::sleep(wait).await;
        act(app, user, emergency).await;
    };
    let (signed_in, ()) = tokio::join!(world.try_sign_in(&email, PASSWORD), action);

    if emergency == "disable" {
        accounts::enable(app, &operator, user).await.unwrap();
    }
    let Ok(signed_in) = signed_in else { return };
    let by_access = caller(app, &signed_in.tokens.access).await;
    assert_eq!(
        refusal(by_access),
        Refusal::SignInRequired,
        "{emergency}, round {round}"
    );
    let by_refresh = refresh::with_token(app, &by(app), &signed_in.tokens.refresh, Audience::App).await;
    assert_eq!(refusal(by_refresh), Refusal::SessionEnded, "{emergency}, round {round}");
}

/// Those after which the same sign-in would be refused: whichever came first, nothing may be left.
const REFUSING: [&str; 3] = ["disable", "delete", "set a password"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_emergency_leaves_a_session_of_a_sign_in_under_way() {
    let Some(db) = Database::migrated_postgres().await else {
        return;
    };
    // As far away as another machine.
    let (proxy, db) = Proxy::before(&db).await;
    let world = World::on(db, |_| {}).await;
    proxy.set(Wire::Late(Duration::from_millis(4)));
    for (number, emergency) in REFUSING.into_iter().enumerate() {
        for round in 0..ROUNDS {
            let wait = Duration::from_millis(4) * u32::try_from(round).unwrap();
            nothing_is_left(&world, emergency, number * ROUNDS + round, wait).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_emergency_leaves_a_session_where_there_is_one_writer() {
    on_sqlite(async |world: World| {
        for (number, emergency) in REFUSING.into_iter().enumerate() {
            for round in 0..ROUNDS {
                nothing_is_left(&world, emergency, number * ROUNDS + round, Duration::ZERO).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_emergency_waits_for_a_sign_in_that_is_about_to_be_committed() {
    let Some(db) = Database::migrated_postgres().await else {
        return;
    };
    let direct = World::on(db, |_| {}).await;
    let (proxy, db) = Proxy::before(direct.database()).await;
    let secret = direct.app.config.secret_key.clone();
    let through = World::on(db, |config| config.secret_key = secret).await;
    for (round, emergency) in EMERGENCIES.into_iter().enumerate() {
        let email = format!("ada{round}@example.com");
        let user = direct.sign_up(&email).await.user.id;
        accounts::grant(&direct.app, &operator(&direct.app), user, PlatformRole::Operator)
            .await
            .unwrap();
        // The session is there by then, and its audit line is the last statement.
        proxy.set(Wire::StallBefore(b"session.sign_in"));
        let mut sign_in = Box::pin(through.try_sign_in(&email, PASSWORD));
        let stuck = tokio::time::timeout(Duration::from_millis(400), &mut sign_in).await;
        assert!(stuck.is_err(), "it has not been committed");

        let mut action = Box::pin(act(&direct.app, user, emergency));
        let early = tokio::time::timeout(Duration::from_millis(200), &mut action).await;
        assert!(early.is_err(), "{emergency} waits");
        proxy.set(Wire::Open);
        assert!(sign_in.await.is_err(), "its connection was lost");
        action.await;
    }
}
