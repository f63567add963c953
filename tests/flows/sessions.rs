//! A person's own sessions.

use authara::domain::{Refusal, SessionId};
use authara::flows::entry::confirm::{self, Recent};
use authara::flows::sessions;

use super::refusal;
use crate::kit::world::{World, both};

/// A caller who has just signed in.
async fn recent(world: &World, access: &authara::domain::Secret) -> Recent {
    confirm::recent(&world.app, &world.caller(access).await).unwrap()
}

both!(one_sees_ones_own_sessions_and_this_one_first, async |world: World| {
    let first = world.sign_up("ada@example.com").await.tokens;
    world.clock.advance(std::time::Duration::from_mins(1));
    let second = world.sign_in("ada@example.com").await.tokens;
    world.sign_up("bob@example.com").await;

    let listed = sessions::list(&world.app, &world.caller(&first.access).await)
        .await
        .unwrap();

    let ids: Vec<SessionId> = listed.iter().map(|session| session.id).collect();
    assert_eq!(ids, [first.session, second.session]);
});

both!(a_session_one_ends_is_over_at_once, async |world: World| {
    let here = world.sign_up("ada@example.com").await.tokens;
    let there = world.sign_in("ada@example.com").await.tokens;
    let me = recent(&world, &here.access).await;

    sessions::revoke(&world.app, &me, there.session).await.unwrap();

    let refused = world.try_caller(&there.access).await;
    assert_eq!(refusal(refused), Refusal::SignInRequired);
    assert_eq!(
        refusal(sessions::revoke(&world.app, &me, there.session).await),
        Refusal::NotFound
    );
    assert_eq!(sessions::list(&world.app, me.caller()).await.unwrap().len(), 1);
});

both!(somebody_elses_session_cannot_be_ended, async |world: World| {
    let ada = world.sign_up("ada@example.com").await.tokens;
    let bob = world.sign_up("bob@example.com").await.tokens;

    let refused = sessions::revoke(&world.app, &recent(&world, &ada.access).await, bob.session).await;

    assert_eq!(refusal(refused), Refusal::NotFound);
    world.caller(&bob.access).await;
});

both!(
    ending_the_others_leaves_this_one_and_other_people_alone,
    async |world: World| {
        let here = world.sign_up("ada@example.com").await.tokens;
        for _ in 0..3 {
            world.sign_in("ada@example.com").await;
        }
        let bob = world.sign_up("bob@example.com").await.tokens;
        let me = recent(&world, &here.access).await;

        assert_eq!(sessions::revoke_others(&world.app, &me).await.unwrap(), 3);
        assert_eq!(sessions::revoke_others(&world.app, &me).await.unwrap(), 0);

        world.caller(&here.access).await;
        world.caller(&bob.access).await;
    }
);
