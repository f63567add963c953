//! Attempts to prove an address with a code.

use authara::domain::challenge::{Challenge, Purpose};
use authara::domain::{ChallengeId, Email, TokenHash};
use authara::storage::{Result, Store, Tx};
use uuid::Uuid;

use super::{HOUR, NOW, add_user, user};
use crate::kit::database::{Database, both};

const CODE: TokenHash = TokenHash::new([7; 32]);
const OTHER: TokenHash = TokenHash::new([8; 32]);

fn challenge(number: u128) -> Challenge {
    Challenge {
        id: ChallengeId::new(Uuid::from_u128(number)),
        purpose: Purpose::SignUp,
        address: Email::parse("ada@example.com").unwrap(),
        user: None,
        code: Some(CODE),
        code_ends_at: NOW + HOUR,
        sealed: vec![1, 0, 255],
        attempts: 0,
        resends: 0,
        sent_at: NOW,
        created_at: NOW,
        ends_at: NOW + HOUR * 2,
        redeemed_at: None,
    }
}

async fn write<T>(store: &Store, work: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> T {
    store.write(work).await.unwrap()
}

async fn found(store: &Store, id: ChallengeId) -> Option<Challenge> {
    store.read().await.unwrap().challenges().by_id(id).await.unwrap()
}

both!(a_challenge_is_kept_as_it_began_and_counts, async |db: &Database| {
    let one = challenge(1);
    write(&db.store, async |tx| tx.challenges().add(&one).await).await;
    assert_eq!(found(&db.store, one.id).await, Some(one.clone()));

    let locked = write(&db.store, async |tx| {
        tx.challenges().count_attempt(one.id).await?;
        tx.challenges()
            .renew(one.id, Some(&OTHER), NOW + HOUR * 2, NOW + HOUR)
            .await?;
        tx.challenges().lock(one.id).await
    })
    .await
    .unwrap();

    let renewed = Challenge {
        code: Some(OTHER),
        code_ends_at: NOW + HOUR * 2,
        sent_at: NOW + HOUR,
        attempts: 1,
        resends: 1,
        ..one
    };
    assert_eq!(locked, renewed);
});

both!(a_challenge_is_redeemed_once_and_keeps_nothing, async |db: &Database| {
    let one = challenge(1);
    write(&db.store, async |tx| tx.challenges().add(&one).await).await;

    assert!(write(&db.store, async |tx| tx.challenges().redeem(one.id, NOW).await).await);
    assert!(!write(&db.store, async |tx| tx.challenges().redeem(one.id, NOW).await).await);

    let redeemed = found(&db.store, one.id).await.unwrap();
    assert_eq!((redeemed.redeemed_at, redeemed.code), (Some(NOW), None));
    assert!(redeemed.sealed.is_empty());
});

both!(
    codes_of_an_address_or_an_account_become_worthless,
    async |db: &Database| {
        let ada = user(1);
        add_user(&db.store, &ada).await;
        let mut of_ada = challenge(1);
        of_ada.user = Some(ada.id);
        of_ada.purpose = Purpose::PasswordReset;
        let (sign_up, mut other) = (challenge(2), challenge(3));
        other.address = Email::parse("bob@example.com").unwrap();
        for one in [&of_ada, &sign_up, &other] {
            write(&db.store, async |tx| tx.challenges().add(one).await).await;
        }

        let address = &sign_up.address;
        let void = async |tx: &mut Tx| tx.challenges().void_of_address(Purpose::SignUp, address).await;
        assert_eq!(write(&db.store, void).await, 1);
        assert_eq!(write(&db.store, void).await, 0);
        assert!(found(&db.store, of_ada.id).await.unwrap().code.is_some());
        assert!(found(&db.store, other.id).await.unwrap().code.is_some());
        assert_eq!(
            write(&db.store, async |tx| tx.challenges().void_of_user(ada.id).await).await,
            1
        );

        assert!(found(&db.store, of_ada.id).await.unwrap().code.is_none());
        write(&db.store, async |tx| tx.users().delete(ada.id).await).await;
        assert!(found(&db.store, of_ada.id).await.is_none());
    }
);

both!(challenges_that_are_over_are_deleted, async |db: &Database| {
    for number in 1..=3 {
        write(&db.store, async |tx| tx.challenges().add(&challenge(number)).await).await;
    }
    let delete =
        async |before, limit| write(&db.store, async |tx| tx.challenges().delete_over(before, limit).await).await;

    assert_eq!(delete(NOW + HOUR * 2, 9).await, 0);
    assert_eq!(delete(NOW + HOUR * 3, 2).await, 2);
    assert_eq!(delete(NOW + HOUR * 3, 2).await, 1);
});

both!(challenges_of_an_address_are_deleted, async |db: &Database| {
    let one = challenge(1);
    write(&db.store, async |tx| tx.challenges().add(&one).await).await;

    assert_eq!(
        write(&db.store, async |tx| tx
            .challenges()
            .delete_of_address(&one.address)
            .await)
        .await,
        1
    );
    assert!(found(&db.store, one.id).await.is_none());
});

both!(
    codes_of_one_account_or_one_address_become_worthless,
    async |db: &Database| {
        let ada = user(1);
        add_user(&db.store, &ada).await;
        let all = [
            (1, Purpose::EmailChange, Some(ada.id)),
            (2, Purpose::PasswordReset, Some(ada.id)),
            (3, Purpose::SignUp, None),
        ];
        for (number, purpose, user) in all {
            let added = Challenge {
                purpose,
                user,
                ..challenge(number)
            };
            write(&db.store, async |tx| tx.challenges().add(&added).await).await;
        }
        let good = async || {
            let mut good = Vec::new();
            for (number, ..) in all {
                let id = ChallengeId::new(Uuid::from_u128(number));
                good.push(found(&db.store, id).await.unwrap().code.is_some());
            }
            good
        };

        let void = async |tx: &mut Tx| tx.challenges().void_of_user_for(Purpose::EmailChange, ada.id).await;
        assert_eq!(write(&db.store, void).await, 1);
        assert_eq!(good().await, [false, true, true]);
        let address = challenge(1).address;
        let void = async |tx: &mut Tx| tx.challenges().void_all_of_address(&address).await;
        assert_eq!(write(&db.store, void).await, 2);
        assert_eq!(good().await, [false, false, false]);
    }
);
