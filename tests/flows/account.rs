//! Another username, and the end of an account.

use std::time::Duration;

use authara::domain::audit::{Action, Actor};
use authara::domain::organization::OrganizationRole;
use authara::domain::{Audience, Caller, OrganizationId, PlatformRole, Refusal, Secret, UserId};
use authara::flows::accounts::directory::{self, Wanted};
use authara::flows::entry::confirm::{self, Recent};
use authara::flows::password::{Change, change};
use authara::flows::tokens::SignedIn;
use authara::flows::{Result, account, accounts, refresh};

use super::refusal;
use crate::kit::dump::{dump, hex};
use crate::kit::world::{PASSWORD, World, both, by, operator};

const ADA: &str = "ada.lovelace@example.com";
const BOB: &str = "bob@example.com";

async fn caller(world: &World, signed_in: &SignedIn) -> Caller {
    try_caller(world, signed_in).await.unwrap()
}

async fn try_caller(world: &World, signed_in: &SignedIn) -> Result<Caller> {
    world.try_caller(&signed_in.tokens.access).await
}

async fn recent(world: &World, signed_in: &SignedIn) -> Recent {
    confirm::recent(&world.app, &caller(world, signed_in).await).unwrap()
}

async fn username(world: &World, user: UserId) -> String {
    let view = directory::show(&world.app, user, world.app.now()).await.unwrap();
    view.user.username.as_str().to_owned()
}

async fn delete(world: &World, signed_in: &SignedIn) -> Result<()> {
    account::delete(&world.app, &recent(world, signed_in).await).await
}

/// Makes somebody a member of an organization, as an invitation will.
async fn join(world: &World, organization: OrganizationId, user: UserId, role: OrganizationRole) {
    let now = world.app.now();
    world
        .app
        .store
        .write(async |tx| tx.organizations().join(organization, user, role, now).await)
        .await
        .unwrap();
}

both!(
    r022_a_username_is_changed_to_one_that_nobody_has_in_any_case,
    async |world: World| {
        let ada = world.sign_up(ADA).await;
        let bob = world.sign_up(BOB).await;
        let me = caller(&world, &ada).await;
        let rename = async |name: &str| account::rename(&world.app, &me, name).await;

        assert!(rename(" Ada_L-1 ").await.unwrap());
        assert_eq!(username(&world, ada.user.id).await, "Ada_L-1");
        let other = caller(&world, &bob).await;
        for name in ["ADA_l-1", "Ada_L-1", "admin", "Sup-Port"] {
            let refused = account::rename(&world.app, &other, name).await;
            assert_eq!(refusal(refused), Refusal::UsernameTaken, "{name}");
        }
        for name in ["", "ab", "a b c", "äda", "ada@example.com", &"a".repeat(31)] {
            let refused = account::rename(&world.app, &other, name).await;
            assert_eq!(refusal(refused), Refusal::UsernameInvalid, "{name}");
        }
        assert_eq!(
            username(&world, bob.user.id).await,
            bob.user.username.as_str(),
            "nothing has changed"
        );

        let lines = world.audit(Action::UsernameChanged).await;
        assert_eq!(lines.len(), 1);
        assert_eq!(
            (lines[0].actor, lines[0].subject, lines[0].session, &*lines[0].detail),
            (
                Actor::User(ada.user.id),
                Some(ada.user.id),
                Some(ada.tokens.session),
                ""
            )
        );
    }
);

both!(
    a_username_that_stays_or_changes_its_case_is_fine,
    async |world: World| {
        let ada = world.sign_up(ADA).await;
        let name = ada.user.username.as_str().to_owned();
        let me = caller(&world, &ada).await;

        assert!(!account::rename(&world.app, &me, &name).await.unwrap());
        assert!(world.audit(Action::UsernameChanged).await.is_empty());
        assert!(account::rename(&world.app, &me, &name.to_uppercase()).await.unwrap());

        assert_eq!(username(&world, ada.user.id).await, name.to_uppercase());
    }
);

both!(nobody_tries_usernames_without_end, async |world: World| {
    let ada = world.sign_up(ADA).await;
    let me = caller(&world, &ada).await;
    for number in 0..20 {
        let name = if number % 2 == 0 {
            "root"
        } else {
            &format!("ada-{number}")
        };
        let _ = account::rename(&world.app, &me, name).await;
    }

    let refused = refusal(account::rename(&world.app, &me, "ada-21").await);
    assert_eq!(refused, Refusal::TooMany { retry_after: 3600 });
    assert_eq!(username(&world, ada.user.id).await, "ada-19");

    world.clock.advance(Duration::from_hours(1));
    let me = caller(&world, &world.sign_in(ADA).await).await;
    assert!(account::rename(&world.app, &me, "ada-21").await.unwrap());
});

both!(
    of_many_renames_of_one_account_at_once_none_breaks,
    async |world: World| {
        let ada = world.sign_up(ADA).await;
        let other = world.another_instance().await;
        for round in 0..2 {
            let me = caller(&world, &ada).await;
            let asked: Vec<_> = (0..8).map(|number| format!("ada-{round}-{number}")).collect();

            let rename = |(number, name): (usize, &String)| {
                let app = if number % 2 == 0 { &world.app } else { &other }.clone();
                let (me, name) = (me.clone(), name.clone());
                tokio::spawn(async move { account::rename(&app, &me, &name).await })
            };
            let tasks: Vec<_> = asked.iter().enumerate().map(rename).collect();

            for task in tasks {
                assert!(task.await.unwrap().unwrap());
            }
            let name = username(&world, ada.user.id).await;
            assert!(asked.contains(&name), "{name}");
        }
    }
);

both!(a_session_that_ended_meanwhile_renames_nobody, async |world: World| {
    let ada = world.sign_up(ADA).await;
    let was = ada.user.username.as_str();
    let me = caller(&world, &ada).await;
    accounts::end_sessions(&world.app, &operator(&world.app), ada.user.id, None)
        .await
        .unwrap();
    let here = caller(&world, &world.sign_in(ADA).await).await;
    assert_eq!(
        refusal(account::rename(&world.app, &me, "countess").await),
        Refusal::SignInRequired
    );
    assert_eq!(username(&world, ada.user.id).await, was);

    accounts::disable(&world.app, &operator(&world.app), ada.user.id)
        .await
        .unwrap();
    assert_eq!(
        refusal(account::rename(&world.app, &here, "countess").await),
        Refusal::SignInRequired
    );
    assert_eq!(username(&world, ada.user.id).await, was);
    assert!(world.audit(Action::UsernameChanged).await.is_empty());
});

both!(
    r026_a_deleted_account_is_out_everywhere_at_once_and_its_address_is_unknown,
    async |world: World| {
        let ada = world.sign_up(ADA).await;
        let elsewhere = world.sign_in(ADA).await;
        let bob = world.sign_up(BOB).await;

        delete(&world, &ada).await.unwrap();

        for session in [&ada, &elsewhere] {
            assert_eq!(refusal(try_caller(&world, session).await), Refusal::SignInRequired);
            let refreshed =
                refresh::with_token(&world.app, &by(&world.app), &session.tokens.refresh, Audience::App).await;
            assert_eq!(refusal(refreshed), Refusal::SessionEnded);
        }
        assert_eq!(
            refusal(world.try_sign_in(ADA, PASSWORD).await),
            Refusal::CredentialsWrong
        );
        let sign_ins = world.audit(Action::SignIn).await;
        let unknown = sign_ins.iter().find(|line| line.detail == "no such account");
        assert_eq!(unknown.unwrap().subject, None);
        caller(&world, &bob).await;

        let again = world.sign_up(ADA).await;
        assert_ne!(again.user.id, ada.user.id);
        assert_eq!(
            directory::list(&world.app, &Wanted::All, None, 9).await.unwrap().len(),
            2
        );
    }
);

both!(
    r028_nothing_of_a_deleted_account_stays_but_ids_in_the_audit,
    async |world: World| {
        let ada = world.sign_up(ADA).await;
        world.sign_up(BOB).await;
        // Leave as many traces as there can be: limits, a role, refusals, another name.
        let _ = world.try_sign_in(ADA, "not the password").await;
        let me = caller(&world, &ada).await;
        let _ = confirm::confirm(&world.app, &me, &Secret::new("not the password"), None, None).await;
        account::rename(&world.app, &me, "Countess").await.unwrap();
        accounts::grant(&world.app, &operator(&world.app), ada.user.id, PlatformRole::Operator)
            .await
            .unwrap();
        let me = recent(&world, &world.sign_in(ADA).await).await;
        let names = [
            "Countess",
            "countess",
            ada.user.email.local_part(),
            ada.user.username.as_str(),
        ];
        let names = names.map(|name| [name.to_owned(), hex(name.as_bytes())]).concat();
        let traces = async || {
            let rows = dump(world.database()).await;
            let is_trace = |row: &&String| names.iter().any(|name| row.contains(name));
            let table = |row: &String| row.split(' ').next().unwrap().to_owned();
            let mut tables: Vec<_> = rows.iter().filter(is_trace).map(table).collect();
            tables.dedup();
            let budgets = rows.iter().filter(|row| row.starts_with("budgets ")).count();
            (tables, budgets)
        };
        let (tables, budgets) = traces().await;
        assert_eq!(
            tables,
            ["letters", "organizations", "users"],
            "the test looks where it should"
        );
        assert_eq!(budgets, 6);

        account::delete(&world.app, &me).await.unwrap();

        assert_eq!(traces().await, (vec![], 1), "one is Bob's");
        let line = &world.audit(Action::UserDeleted).await[0];
        assert_eq!(
            (line.actor, line.subject, &*line.detail),
            (Actor::User(ada.user.id), Some(ada.user.id), "")
        );
        let created = world.audit(Action::UserCreated).await;
        assert!(created.iter().any(|line| line.subject == Some(ada.user.id)));
    }
);

both!(the_last_admin_cannot_delete_their_account, async |world: World| {
    let ada = world.sign_up(ADA).await;
    let bob = world.sign_up(BOB).await;
    for user in [&ada, &bob] {
        accounts::grant(&world.app, &operator(&world.app), user.user.id, PlatformRole::Admin)
            .await
            .unwrap();
    }
    let obstacle = async |signed_in| {
        let me = caller(&world, signed_in).await;
        account::farewell(&world.app, &me).await.unwrap().obstacle
    };
    assert_eq!(obstacle(&ada).await, None);

    let (first, second) = (recent(&world, &ada).await, recent(&world, &bob).await);
    let (first, second) = tokio::join!(
        account::delete(&world.app, &first),
        account::delete(&world.app, &second)
    );

    assert!(first.is_ok() != second.is_ok(), "one goes, one stays");
    let (one, stayed) = if first.is_ok() { (second, &bob) } else { (first, &ada) };
    assert_eq!(refusal(one), Refusal::LastAdmin);
    assert_eq!(obstacle(stayed).await, Some(Refusal::LastAdmin));
    let by_operator = accounts::delete(&world.app, &operator(&world.app), stayed.user.id).await;
    assert_eq!(refusal(by_operator), Refusal::LastAdmin);
    caller(&world, stayed).await;
    assert_eq!(world.audit(Action::UserDeleted).await.len(), 1);
});

both!(r101_the_last_owner_cannot_leave_members_alone, async |world: World| {
    let ada = world.sign_up(ADA).await;
    let bob = world.sign_up(BOB).await;
    let team = ada.membership.clone();
    join(&world, team.organization, bob.user.id, OrganizationRole::Admin).await;
    let refused = Refusal::LastOwner {
        organization: team.name.clone(),
    };

    let farewell = account::farewell(&world.app, &caller(&world, &ada).await)
        .await
        .unwrap();
    assert_eq!(farewell.obstacle, Some(refused.clone()));
    assert_eq!((farewell.ending.len(), &farewell.remaining), (0, &vec![team]));
    assert_eq!(refusal(delete(&world, &ada).await), refused);
    assert_eq!(
        refusal(accounts::delete(&world.app, &operator(&world.app), ada.user.id).await),
        refused
    );
    caller(&world, &ada).await;

    // The admin of the team may go: it has its owner. Their own organization goes with them.
    let farewell = account::farewell(&world.app, &caller(&world, &bob).await)
        .await
        .unwrap();
    assert_eq!(farewell.obstacle, None);
    assert_eq!((farewell.ending.len(), farewell.remaining.len()), (1, 1));
    delete(&world, &bob).await.unwrap();
    delete(&world, &ada).await.unwrap();
    let rows = dump(world.database()).await;
    assert!(!rows.iter().any(|row| row.starts_with("organizations ")), "{rows:?}");
});

both!(
    an_old_proof_or_an_ended_session_deletes_nothing_and_twice_is_once,
    async |world: World| {
        let ada = world.sign_up(ADA).await;
        let proof = recent(&world, &ada).await;
        accounts::end_sessions(&world.app, &operator(&world.app), ada.user.id, None)
            .await
            .unwrap();
        assert_eq!(
            refusal(account::delete(&world.app, &proof).await),
            Refusal::SignInRequired
        );

        let here = world.sign_in(ADA).await;
        let proof = recent(&world, &here).await;
        let (first, second) = tokio::join!(account::delete(&world.app, &proof), account::delete(&world.app, &proof));

        first.unwrap();
        second.unwrap();
        account::delete(&world.app, &proof).await.unwrap();
        assert_eq!(world.audit(Action::UserDeleted).await.len(), 1);
    }
);

/// Runs `flow` while another program deletes the account and has not committed that yet.
async fn during_deletion<T>(world: &World, user: UserId, flow: impl Future<Output = Result<T>>) -> Refusal {
    let mut flow = Box::pin(flow);
    let store = &world.another_instance().await.store;
    store
        .write(async |tx| {
            assert!(tx.users().delete(user).await?);
            let early = tokio::time::timeout(Duration::from_millis(200), &mut flow).await;
            assert!(early.is_err(), "it waits");
            authara::storage::Result::Ok(())
        })
        .await
        .unwrap();
    refusal(flow.await)
}

both!(
    what_meets_the_end_of_an_account_is_refused_and_does_not_break,
    async |world: World| {
        let app = &world.app;
        let sign_up = async || {
            let ada = world.sign_up(ADA).await;
            (ada.user.id, caller(&world, &ada).await)
        };

        let (user, _) = sign_up().await;
        let signed_in = during_deletion(&world, user, world.try_sign_in(ADA, PASSWORD)).await;
        let (user, me) = sign_up().await;
        let renamed = during_deletion(&world, user, account::rename(app, &me, "countess")).await;
        let (user, me) = sign_up().await;
        let input = Change {
            new: Secret::new("another good password"),
            current: None,
            refresh: None,
        };
        let changed = during_deletion(&world, user, change(app, &me, input)).await;
        let (user, _) = sign_up().await;
        let granted = during_deletion(
            &world,
            user,
            accounts::grant(app, &operator(app), user, PlatformRole::Operator),
        )
        .await;

        assert_eq!(signed_in, Refusal::CredentialsWrong);
        assert_eq!((renamed, changed), (Refusal::SignInRequired, Refusal::SignInRequired));
        assert_eq!(granted, Refusal::NotFound);
    }
);

both!(
    a_rename_that_meets_the_deletion_of_the_same_admin_breaks_neither,
    async |world: World| {
        let ada = world.sign_up(ADA).await;
        let user = ada.user.id;
        accounts::grant(&world.app, &operator(&world.app), user, PlatformRole::Admin)
            .await
            .unwrap();
        let me = caller(&world, &ada).await;
        let mut rename = Box::pin(account::rename(&world.app, &me, "countess"));
        let store = &world.another_instance().await.store;

        let deleted = store
            .write(async |tx| {
                // So begins every deletion; the account itself goes after the rename came as far as it could.
                tx.roles().lock_active_admins().await?;
                let early = tokio::time::timeout(Duration::from_millis(200), &mut rename).await;
                assert!(early.is_err(), "it waits");
                tx.users().delete(user).await
            })
            .await;

        assert!(deleted.unwrap());
        assert_eq!(refusal(rename.await), Refusal::SignInRequired);
    }
);

both!(
    an_operator_deletes_an_account_and_is_named_for_it,
    async |world: World| {
        let ada = world.sign_up(ADA).await;

        accounts::delete(&world.app, &operator(&world.app), ada.user.id)
            .await
            .unwrap();

        assert_eq!(refusal(try_caller(&world, &ada).await), Refusal::SignInRequired);
        let line = &world.audit(Action::UserDeleted).await[0];
        assert_eq!((line.actor, line.subject), (Actor::Operator, Some(ada.user.id)));
        assert_eq!(
            refusal(accounts::delete(&world.app, &operator(&world.app), ada.user.id).await),
            Refusal::NotFound
        );
    }
);
