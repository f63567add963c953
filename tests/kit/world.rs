//! The program without its doors: flows on a fresh database, with a clock that is moved by hand.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use authara::app::App;
use authara::config::{self, Config};
use authara::crypto::keys::generate_seed;
use authara::crypto::phc::Cost;
use authara::domain::audit::{Action, AuditLine, Filter};
use authara::domain::limit::{Budget, Limit};
use authara::domain::time::ManualClock;
use authara::domain::{Audience, By, Caller, Client, Secret, Timestamp};
use authara::flows::entry::password::{Credentials, with_password};
use authara::flows::entry::sign_up::{Application, direct};
use authara::flows::tokens::{FreshTokens, Renewed, SignedIn, Tokens};
use authara::flows::{Result, access};
use authara::storage::Target;

use crate::kit::database::Database;
use crate::kit::log;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// Cheap, since the real cost is tried where it matters.
pub(crate) const CHEAP: Cost = Cost { log_n: 5, r: 8, p: 1 };

/// Declares one test that runs on both databases: `both!(rule, async |world: World| { … })`.
macro_rules! both {
    ($name:ident, $test:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                crate::kit::world::on_sqlite($test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                crate::kit::world::on_postgres($test).await;
            }
        }
    };
}
pub(crate) use both;

pub(crate) async fn on_sqlite(test: impl AsyncFnOnce(World)) {
    test(World::on(Database::migrated_sqlite().await, |_| {}).await).await;
}

pub(crate) async fn on_postgres(test: impl AsyncFnOnce(World)) {
    if let Some(db) = Database::migrated_postgres().await {
        test(World::on(db, |_| {}).await).await;
    }
}

/// The program on one database.
pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) clock: ManualClock,
    db: Arc<Database>,
}

impl World {
    pub(crate) async fn on(db: Database, change: impl FnOnce(&mut Config)) -> Self {
        let clock = ManualClock::new(Timestamp::from_seconds(1_800_000_000));
        let mut config = settings(&db.target);
        change(&mut config);
        let app = build(config, &clock).await;
        Self {
            app,
            clock,
            db: Arc::new(db),
        }
    }

    /// The caller with that access token of the application.
    pub(crate) async fn caller(&self, access: &Secret) -> Caller {
        self.try_caller(access).await.unwrap()
    }

    /// The same, of a token that may be refused.
    pub(crate) async fn try_caller(&self, token: &Secret) -> Result<Caller> {
        access::caller(&self.app, &by(&self.app), Audience::App, token.expose()).await
    }

    /// The same database under other settings.
    pub(crate) async fn with(self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.app.config.clone();
        change(&mut config);
        let app = build(config, &self.clock).await;
        Self { app, ..self }
    }

    /// Another database of the same kind under other settings.
    pub(crate) async fn fresh(&self, change: impl FnOnce(&mut Config)) -> Self {
        let db = if self.db.is_sqlite() {
            Database::migrated_sqlite().await
        } else {
            Database::migrated_postgres()
                .await
                .expect("there was a server a moment ago")
        };
        Self::on(db, change).await
    }

    /// A second program on the same database, or the same one after a restart.
    pub(crate) async fn another_instance(&self) -> Arc<App> {
        build(self.app.config.clone(), &self.clock).await
    }

    pub(crate) fn database(&self) -> &Database {
        &self.db
    }

    pub(crate) async fn sign_up(&self, email: &str) -> SignedIn {
        log::secret(email);
        log::secret(PASSWORD);
        let input = Application {
            email: email.to_owned(),
            password: Secret::new(PASSWORD),
            invitation_code: None,
        };
        noted(direct(&self.app, &by(&self.app), input, Audience::App).await).unwrap()
    }

    pub(crate) async fn sign_in(&self, email: &str) -> SignedIn {
        self.try_sign_in(email, PASSWORD).await.unwrap()
    }

    pub(crate) async fn try_sign_in(&self, email: &str, password: &str) -> Result<SignedIn> {
        let input = Credentials {
            identifier: email.to_owned(),
            password: Secret::new(password),
            device: None,
        };
        log::secret(email);
        log::secret(password);
        noted(with_password(&self.app, &by(&self.app), input, Audience::App).await)
    }

    /// The audit lines of one kind, newest first.
    pub(crate) async fn audit(&self, action: Action) -> Vec<AuditLine> {
        let lines = self
            .app
            .store
            .read()
            .await
            .unwrap()
            .audit()
            .newest(&Filter::default(), 1000)
            .await
            .unwrap();
        lines.into_iter().filter(|line| line.action == action).collect()
    }
}

/// Somebody's tokens must not be in the log.
fn noted(signed_in: Result<SignedIn>) -> Result<SignedIn> {
    if let Ok(signed_in) = &signed_in {
        log::secret(signed_in.tokens.access.expose());
        log::secret(signed_in.tokens.refresh.expose());
    }
    signed_in
}

/// The one who calls unless a test says otherwise.
pub(crate) fn client() -> Client {
    Client::new(Ipv4Addr::new(192, 0, 2, 1).into(), "a browser")
}

/// The pair of a session that goes on because its refresh token was shown.
pub(crate) fn pair(renewed: Renewed) -> Tokens {
    match renewed.tokens {
        FreshTokens::Pair(tokens) => tokens,
        FreshTokens::Access { .. } => panic!("the refresh token was not exchanged"),
    }
}

/// A person who is not known yet, calling now.
pub(crate) fn by(app: &App) -> By {
    By::nobody(&client(), app.now())
}

/// An operator at the command line, now.
pub(crate) fn operator(app: &App) -> By {
    By::operator(app.now())
}

/// Settings for a database of the tests.
pub(crate) fn settings(target: &Target) -> Config {
    let mut config = Config::dev(8080, Path::new("."), &generate_seed()).expect("the settings fit");
    let plenty = Budget {
        limit: 10_000,
        window: Duration::from_mins(1),
    };
    // Tests of the limits set their own.
    for limit in [
        Limit::LoginAddress,
        Limit::LoginAccount,
        Limit::PasswordSession,
        Limit::SignUpAddress,
        Limit::SignUpAccount,
        Limit::NewAccounts,
    ] {
        config.limits.set(limit, plenty);
    }
    config.database = match target {
        Target::Sqlite(path) => config::Database::Sqlite { path: path.clone() },
        Target::Postgres(target) => config::Database::Postgres(config::Postgres {
            servers: target.servers.clone(),
            database: target.database.clone(),
            username: target.username.clone(),
            password: target.password.clone(),
            schema: target.schema.clone(),
            tls: if target.verify_tls {
                config::Tls::VerifyFull
            } else {
                config::Tls::Disable
            },
            root_certificates: target.root_certificates.clone(),
            max_connections: target.max_connections,
            behind_pooler: target.behind_pooler,
        }),
    };
    config
}

pub(crate) async fn build(config: Config, clock: &ManualClock) -> Arc<App> {
    log::start();
    log::secret(config.secret_key.expose());
    config.tokens.keys.iter().for_each(|(_, key)| log::secret(key.expose()));
    App::build_with_cost(config, Arc::new(clock.clone()), CHEAP)
        .await
        .unwrap()
}
