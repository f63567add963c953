//! Sessions and refresh tokens: when one is live, when it rotates, when it is theft.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::{Client, Methods, OrganizationId, SessionId, Timestamp, TokenHash, UserId};

/// Within this time after its use a consumed token still leads to the head of its chain: the
/// other tabs of one browser, refreshing at once.
pub const PARALLEL_GRACE: Duration = Duration::from_secs(10);
/// Steps to the head of the chain that a consumed token is led over, each of which is to be reckoned. No
/// browser takes so many within the grace.
const FARTHEST: u32 = 1_000;
/// Within this time a lost answer may be asked for again by anybody who holds the token.
pub const LOST_ANSWER_GRACE: Duration = Duration::from_mins(1);

/// A use of a session is noted at most this often, unless it comes from elsewhere than the last: a
/// note touches a row and an index more. A session may end by so much before its idle limit.
pub const USE_NOTED_EVERY: Duration = Duration::from_mins(1);

/// One sign-in of one browser or client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names it.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// In which organization its tokens are issued.
    pub organization: OrganizationId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Its end whatever happens.
    pub expires_at: Timestamp,
    /// When a token was last issued for it.
    pub last_used_at: Timestamp,
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// How they got in.
    pub methods: Methods,
    /// When it was ended early.
    pub revoked_at: Option<Timestamp>,
    /// From where it was opened or last used.
    pub client: Client,
}

impl Session {
    /// Whether its tokens are honoured.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// Whether its use by the client at `now` is noted ([`USE_NOTED_EVERY`]).
    pub fn notes_use(&self, client: &Client, now: Timestamp) -> bool {
        now.since(self.last_used_at) >= USE_NOTED_EVERY
            || (self.client.address, &self.client.user_agent) != (client.address, &client.user_agent)
    }
}

/// A refresh token as the database keeps it. The text itself is known to the client alone; its
/// successor can be derived again from it (`crypto::token`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the text.
    pub hash: TokenHash,
    /// Whose it is.
    pub session: SessionId,
    /// Place in the chain: the first is 0, each successor one more.
    pub generation: i64,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Its end: idle limit or session end, whichever is sooner.
    pub expires_at: Timestamp,
    /// When and by whom it was exchanged for its successor.
    pub consumed: Option<Consumed>,
}

/// The use that made a refresh token a thing of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumed {
    /// When.
    pub at: Timestamp,
    /// From which network ([`Client::network`]).
    pub network: IpAddr,
    /// By which program.
    pub user_agent: String,
}

impl Consumed {
    fn was_by(&self, client: &Client) -> bool {
        self.network == client.network() && self.user_agent == client.user_agent
    }
}

/// When a live refresh token is exchanged for a new one (`AUTHARA_REFRESH_TOKEN_ROTATION_INTERVAL`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// At every use.
    Always,
    /// At the first use once it is this old.
    After(Duration),
    /// Not at all.
    Never,
}

/// What becomes of a refresh token that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is current and due: exchange it.
    Rotate,
    /// It is current and not due: hand it back.
    Keep,
    /// It was exchanged a moment ago or its answer got lost: hand out the token this many
    /// generations further down the chain, which is the current one.
    Successor(u32),
    /// Its time is over.
    Expired,
    /// Somebody else has it too: end the session.
    Theft,
}

impl RefreshToken {
    /// Judges the token as shown by `client`, `head` being the newest generation of its chain
    /// (product, section 5). Whether the session itself is live is for the caller to check.
    pub fn shown(&self, client: &Client, head: i64, rotation: Rotation, now: Timestamp) -> Verdict {
        let Some(consumed) = &self.consumed else {
            return match rotation {
                _ if now >= self.expires_at => Verdict::Expired,
                Rotation::Always => Verdict::Rotate,
                Rotation::After(age) if now.since(self.created_at) >= age => Verdict::Rotate,
                Rotation::After(_) | Rotation::Never => Verdict::Keep,
            };
        };
        let age = if consumed.at.is_ahead_of(now) {
            Duration::MAX
        } else {
            now.since(consumed.at)
        };
        let steps = u32::try_from(head.saturating_sub(self.generation)).unwrap_or(0).max(1);
        let is_parallel = age < PARALLEL_GRACE && steps <= FARTHEST;
        let is_lost_answer = steps == 1 && (consumed.was_by(client) || age < LOST_ANSWER_GRACE);

        if is_parallel || is_lost_answer {
            Verdict::Successor(steps)
        } else {
            Verdict::Theft
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn client(address: &str) -> Client {
        Client::new(address.parse().expect("an address"), "agent")
    }

    fn token(consumed_ago: Option<u64>) -> RefreshToken {
        let owner = client("192.0.2.1");
        let consumed = |ago| Consumed {
            at: NOW - Duration::from_secs(ago),
            network: owner.network(),
            user_agent: owner.user_agent.clone(),
        };
        RefreshToken {
            hash: TokenHash::new([0; 32]),
            session: SessionId::new(uuid::Uuid::nil()),
            generation: 3,
            created_at: NOW - Duration::from_hours(1),
            expires_at: NOW + Duration::from_secs(1),
            consumed: consumed_ago.map(consumed),
        }
    }

    fn verdict(consumed_ago: Option<u64>, from: &str, head: i64) -> Verdict {
        token(consumed_ago).shown(&client(from), head, Rotation::Always, NOW)
    }

    #[test]
    fn a_current_token_is_exchanged_when_its_policy_says_so() {
        let token = token(None);
        let shown = |rotation, now| token.shown(&client("192.0.2.9"), 3, rotation, now);

        assert_eq!(shown(Rotation::Always, NOW), Verdict::Rotate);
        assert_eq!(shown(Rotation::After(Duration::from_hours(1)), NOW), Verdict::Rotate);
        assert_eq!(shown(Rotation::After(Duration::from_secs(3601)), NOW), Verdict::Keep);
        assert_eq!(shown(Rotation::Never, NOW), Verdict::Keep);
        assert_eq!(shown(Rotation::Always, token.expires_at), Verdict::Expired);
    }

    #[test]
    fn parallel_tabs_get_the_head_of_the_chain_from_anywhere() {
        assert_eq!(verdict(Some(9), "198.51.100.1", 4), Verdict::Successor(1));
        assert_eq!(verdict(Some(9), "198.51.100.1", 7), Verdict::Successor(4));
        assert_eq!(verdict(Some(9), "198.51.100.1", 3 + 1_000), Verdict::Successor(1_000));
    }

    #[test]
    fn a_lost_answer_is_given_again_while_its_successor_is_unused() {
        assert_eq!(verdict(Some(59), "198.51.100.1", 4), Verdict::Successor(1));
        assert_eq!(verdict(Some(900_000), "192.0.2.1", 4), Verdict::Successor(1));
    }

    #[test]
    fn everything_else_is_theft() {
        assert_eq!(verdict(Some(60), "198.51.100.1", 4), Verdict::Theft);
        assert_eq!(verdict(Some(10), "198.51.100.1", 5), Verdict::Theft);
        assert_eq!(verdict(Some(10), "192.0.2.1", 5), Verdict::Theft);
        assert_eq!(verdict(Some(9), "192.0.2.1", 3 + 1_001), Verdict::Theft);
    }
}
