//! What the two people and the operator do.

use authara::app::App;
use authara::domain::{Audience, Caller, ChallengeId, Refusal, Secret, UserId};
use authara::flows::entry::password::{Credentials, with_password};
use authara::flows::entry::sign_up::{Application, direct};
use authara::flows::entry::{code, confirm};
use authara::flows::tokens::{FreshTokens, SignedIn};
use authara::flows::{Result, access, account, accounts, address, appeals, password, reset};

use super::{Act, Person, Session};
use crate::kit::world::{by, operator};

/// What an act that was answered with yes has done.
#[derive(Debug, Clone)]
pub(super) enum Done {
    Opened(UserId, String, String),
    SignedIn,
    Password(UserId, String),
    /// The same by a code, which proves the address and ends all sessions.
    Reset(UserId, String),
    /// The account has that address, proved.
    Address(UserId, String),
    /// The address is proved; if it was not before, password and sessions are gone.
    Proved(UserId),
    TakenBack(UserId, String),
    Deleted(UserId),
    Disabled(UserId),
    Enabled(UserId),
    /// Nothing that others see.
    Begun,
}

/// What is chosen before an act begins, so that two at once share nothing.
pub(super) struct Plan {
    pub(super) who: Person,
    pub(super) act: Act,
    pub(super) address: String,
    pub(super) password: String,
    pub(super) session: Option<Session>,
    pub(super) caller: Option<Caller>,
    pub(super) pending: Option<(ChallengeId, String)>,
    pub(super) code: Option<String>,
    pub(super) link: Option<Secret>,
    pub(super) account: Option<UserId>,
}

/// What an act gave.
pub(super) struct Outcome {
    pub(super) done: Done,
    pub(super) session: Option<SignedIn>,
    pub(super) begun: Option<(Act, ChallengeId, String)>,
}

impl From<Done> for Outcome {
    fn from(done: Done) -> Self {
        Self {
            done,
            session: None,
            begun: None,
        }
    }
}

impl Plan {
    pub(super) fn told(&self) -> String {
        let Self {
            who,
            act,
            address,
            account,
            pending,
            ..
        } = self;
        format!(
            "{who:?} {act:?} {address} {account:?} {:?}",
            pending.as_ref().map(|(_, to)| to)
        )
    }

    /// Who they are by the session that was chosen.
    pub(super) async fn call(&mut self, app: &App) {
        if let Some(session) = &self.session {
            self.caller = access::caller(app, &by(app), Audience::App, session.access.expose())
                .await
                .ok();
        }
    }

    fn caller(&self) -> Result<&Caller> {
        Ok(self.caller.as_ref().ok_or(Refusal::SignInRequired)?)
    }

    /// The attempt and the code to enter; a person who cannot read it may guess.
    fn entered(&self) -> Result<(ChallengeId, &str)> {
        let (id, _) = self.pending.as_ref().ok_or(Refusal::CodeWrong)?;
        Ok((*id, self.code.as_deref().unwrap_or("00000x")))
    }

    pub(super) async fn run(&self, app: &App) -> Result<Outcome> {
        let by = by(app);
        match self.act {
            Act::SignUp => {
                let signed_in = direct(app, &by, application(&self.address, &self.password), Audience::App).await?;
                let done = Done::Opened(signed_in.user.id, self.address.clone(), self.password.clone());
                Ok(Outcome {
                    session: Some(signed_in),
                    ..done.into()
                })
            }
            Act::SignIn => {
                let signed_in =
                    with_password(app, &by, credentials(&self.address, &self.password), Audience::App).await?;
                let done = Done::SignedIn;
                Ok(Outcome {
                    session: Some(signed_in),
                    ..done.into()
                })
            }
            Act::BeginReset => Ok(self.begun(reset::start(app, &by, &self.address, None).await?)),
            Act::BeginCode => Ok(self.begun(code::start(app, &by, &self.address).await?)),
            Act::BeginChange => Ok(self.begun(address::start(app, self.caller()?, &self.address).await?)),
            Act::EndReset => {
                let (id, code) = self.entered()?;
                let user = about(app, id).await;
                reset::complete_with(app, &by, id, code, &Secret::new(self.password.as_str())).await?;
                Ok(Done::Reset(user.unwrap(), self.password.clone()).into())
            }
            Act::EndCode => {
                let (id, code) = self.entered()?;
                let signed_in = code::complete(app, &by, id, code, Audience::App).await?;
                let done = Done::Proved(signed_in.user.id);
                Ok(Outcome {
                    session: Some(signed_in),
                    ..done.into()
                })
            }
            Act::EndChange => {
                let (id, code) = self.entered()?;
                let renewed = address::complete(app, self.caller()?, id, code, None).await?;
                let to = self.pending.as_ref().map(|(_, to)| to.clone());
                Ok(Done::Address(renewed.user, to.unwrap()).into())
            }
            Act::ChangePassword => {
                let caller = self.caller()?;
                let input = password::Change {
                    new: Secret::new(self.password.as_str()),
                    current: None,
                    refresh: None,
                };
                let renewed = password::change(app, caller, input).await?;
                assert!(matches!(renewed.tokens, FreshTokens::Access { .. }));
                Ok(Done::Password(renewed.user, self.password.clone()).into())
            }
            Act::Appeal => self.appeal(app).await,
            Act::Delete => {
                let proof = confirm::earned(app, self.caller()?).await?;
                let user = proof.caller().user.id;
                account::delete(app, &proof).await?;
                Ok(Done::Deleted(user).into())
            }
            Act::Disable => {
                let user = self.account.ok_or(Refusal::NotFound)?;
                accounts::disable(app, &operator(app), user).await?;
                Ok(Done::Disabled(user).into())
            }
            Act::Enable => {
                let user = self.account.ok_or(Refusal::NotFound)?;
                accounts::enable(app, &operator(app), user).await?;
                Ok(Done::Enabled(user).into())
            }
        }
    }

    fn begun(&self, id: ChallengeId) -> Outcome {
        Outcome {
            begun: Some((self.act, id, self.address.clone())),
            ..Done::Begun.into()
        }
    }

    async fn appeal(&self, app: &App) -> Result<Outcome> {
        let link = self.link.as_ref().ok_or(Refusal::LinkOver)?;
        let hash = authara::crypto::token::hash(link).unwrap();
        let mut conn = app.store.read().await?;
        let appeal = conn.appeals().by_hash(&hash).await?.ok_or(Refusal::LinkOver)?;
        drop(conn);
        let to = appeal.address.as_str().to_owned();
        let id = appeals::redeem(app, &by(app), link, &to).await?;
        let done = Done::TakenBack(appeal.user, to.clone());
        Ok(Outcome {
            begun: Some((Act::BeginReset, id, to)),
            ..done.into()
        })
    }
}

/// The account that an attempt is about.
async fn about(app: &App, id: ChallengeId) -> Option<UserId> {
    let mut conn = app.store.read().await.unwrap();
    conn.challenges().by_id(id).await.unwrap()?.user
}

pub(super) fn application(address: &str, password: &str) -> Application {
    Application {
        email: address.to_owned(),
        password: Secret::new(password),
        invitation_code: None,
    }
}

pub(super) fn credentials(address: &str, password: &str) -> Credentials {
    Credentials {
        identifier: address.to_owned(),
        password: Secret::new(password),
        device: None,
    }
}
