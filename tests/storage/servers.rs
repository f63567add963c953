//! Which PostgreSQL server is trusted with the database, and what one that does not answer costs.

use std::time::{Duration, Instant};

use authara::domain::Secret;
use authara::storage::{PostgresTarget, Result, Store, Target, about, migrate};

use super::{NOW, add_user, count, try_add, user};
use crate::kit::certificate::{self, openssl};
use crate::kit::cluster::Cluster;
use crate::kit::database::{Database, Folder, on_postgres};
use crate::kit::proxy::{Proxy, Wire};

async fn users_through(target: PostgresTarget) -> Result<i64> {
    let store = Store::open(&Target::Postgres(Box::new(target))).await?;
    store.read().await?.users().count().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r132_only_a_server_with_the_right_certificate_is_spoken_to() {
    let Some(cluster) = Cluster::start(&["tls"]) else {
        return;
    };
    cluster
        .execute("CREATE ROLE app LOGIN PASSWORD 'secret'; CREATE SCHEMA authara AUTHORIZATION app")
        .await;
    let own = cluster.file("server.crt");
    let mut good = cluster.target();
    good.servers[0].0 = "localhost".to_owned();
    good.username = "app".to_owned();
    good.password = Secret::new("secret");
    good.verify_tls = true;
    good.root_certificates = Some(own.clone());
    let store = Store::open(&Target::Postgres(Box::new(good.clone()))).await.unwrap();
    migrate::up(&store).await.unwrap();
    let folder = Folder::new();

    assert_eq!(users_through(good.clone()).await.unwrap(), 0);

    // The file of an authority is filled again while the program runs.
    let mut renewed = good.clone();
    let root = folder.0.join("renewed.crt");
    certificate::own(&folder.0, "renewed", ("localhost", "localhost"), &[]);
    renewed.root_certificates = Some(root.clone());
    let store = Store::open(&Target::Postgres(Box::new(renewed))).await.unwrap();
    let users = async || store.read().await?.users().count().await;
    assert!(users().await.unwrap_err().is_unavailable());
    std::fs::copy(&own, &root).unwrap();
    store.read_certificates().unwrap();
    assert_eq!(users().await.unwrap(), 0);
    std::fs::write(&root, "no certificate").unwrap();
    assert!(store.read_certificates().is_err());

    let other_root = folder.0.join("other.crt");
    certificate::own(&folder.0, "other", ("localhost", "localhost"), &[]);
    for (change, why) in [
        (
            (|target, _| target.servers[0].0 = "127.0.0.1".to_owned()) as fn(&mut PostgresTarget, _),
            "another name than the certificate's",
        ),
        (
            |target, other| target.root_certificates = Some(other),
            "another authority",
        ),
        (
            |target, _| target.root_certificates = None,
            "only the public authorities",
        ),
        (|target, _| target.verify_tls = false, "a client without TLS"),
        (|target, _| target.password = Secret::new("wrong"), "a wrong password"),
    ] {
        let mut target = good.clone();
        change(&mut target, other_root.clone());
        let error = users_through(target).await.expect_err(why);
        assert!(error.is_unavailable(), "{why}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r132_a_server_without_tls_is_never_fallen_back_to() {
    on_postgres(async |db| {
        let Target::Postgres(target) = &db.target else {
            unreachable!()
        };
        let mut target = (**target).clone();
        target.verify_tls = true;

        let error = users_through(target).await.unwrap_err();

        assert!(error.to_string().contains("does not support TLS"), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r132_an_authoritys_certificate_counts_and_an_expired_one_does_not() {
    let folder = Folder::new();
    certificate::own(&folder.0, "own", ("localhost", "localhost"), &[]);
    std::fs::write(
        folder.0.join("own.names"),
        "subjectAltName=DNS:localhost\nbasicConstraints=CA:TRUE\n",
    )
    .unwrap();
    openssl(
        &folder.0,
        &[
            "x509",
            "-in",
            "own.crt",
            "-signkey",
            "own.key",
            "-days",
            "0",
            "-extfile",
            "own.names",
            "-out",
            "own.crt",
        ],
    );
    let made = Instant::now();
    let Some(cluster) = Cluster::start(&["tls"]) else {
        return;
    };
    cluster
        .execute("CREATE ROLE app LOGIN PASSWORD 'secret'; CREATE SCHEMA authara AUTHORIZATION app")
        .await;
    let mut target = cluster.target();
    target.servers[0].0 = "localhost".to_owned();
    target.username = "app".to_owned();
    target.password = Secret::new("secret");
    target.verify_tls = true;
    // The tables need not be there: to be told so, one must have been let in.
    let told = async |target: PostgresTarget| users_through(target).await.unwrap_err().to_string();

    // Its own authority, whose only second is over.
    install(&cluster, &folder, "own").await;
    tokio::time::sleep(Duration::from_millis(1100).saturating_sub(made.elapsed())).await;
    target.root_certificates = Some(folder.0.join("own.crt"));
    let expired = told(target.clone()).await;

    // Of an authority that signs servers' certificates and shows none itself.
    certificate::own(&folder.0, "authority", ("Authority", "localhost"), &[]);
    issued(&folder, "authority", "server");
    install(&cluster, &folder, "server").await;
    target.root_certificates = Some(folder.0.join("authority.crt"));
    let issued = told(target.clone()).await;
    certificate::own(&folder.0, "other", ("Authority", "localhost"), &[]);
    target.root_certificates = Some(folder.0.join("other.crt"));
    let forged = told(target).await;

    assert!(expired.contains("xpired"), "{expired}");
    assert!(issued.contains("statement failed: 42P01"), "{issued}");
    assert!(forged.contains("certificate"), "{forged}");
}

/// A server's certificate, issued by that authority.
fn issued(folder: &Folder, authority: &str, name: &str) {
    std::fs::write(folder.0.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        &folder.0,
        &[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-keyout",
            &format!("{name}.key"),
            "-out",
            "request",
        ],
    );
    openssl(
        &folder.0,
        &[
            "x509",
            "-req",
            "-in",
            "request",
            "-CA",
            &format!("{authority}.crt"),
            "-CAkey",
            &format!("{authority}.key"),
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "names",
            "-out",
            &format!("{name}.crt"),
        ],
    );
}

/// Lets the server show another certificate from its next connection on.
async fn install(cluster: &Cluster, folder: &Folder, name: &str) {
    for ending in ["crt", "key"] {
        let text = std::fs::read(folder.0.join(format!("{name}.{ending}"))).unwrap();
        // Into the file that is there, which belongs to the server's user.
        std::fs::write(cluster.file(&format!("server.{ending}")), text).unwrap();
    }
    cluster.execute("SELECT pg_reload_conf()").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_stalls_is_given_up_in_time_and_used_again_at_once() {
    on_postgres(async |db| {
        let (proxy, db) = Proxy::before(db).await;
        add_user(&db.store, &user(0)).await;

        proxy.set(Wire::Stalled);
        let begun = Instant::now();
        // More than there are connections, so that some find none that is free.
        let tries: Vec<_> = (1..=20)
            .map(|number| {
                let store = db.store.clone();
                tokio::spawn(async move { try_add(&store, &user(number)).await })
            })
            .collect();
        for tried in tries {
            assert!(tried.await.unwrap().unwrap_err().is_unavailable());
        }
        let took = begun.elapsed();
        proxy.set(Wire::Open);
        let open = Instant::now();
        assert_eq!(count(&db.store).await, 1);
        add_user(&db.store, &user(1)).await;

        assert!(took < Duration::from_secs(12), "{took:?}");
        assert!(open.elapsed() < Duration::from_secs(3), "{:?}", open.elapsed());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_lets_connect_and_says_nothing_is_passed_over() {
    on_postgres(async |db| {
        let Target::Postgres(real) = &db.target else {
            unreachable!()
        };
        let (silent, front) = Proxy::of(real).await;
        let Target::Postgres(mut target) = front else {
            unreachable!()
        };
        target.servers.extend(real.servers.clone());
        silent.set(Wire::Stalled);

        let store = Store::open(&Target::Postgres(target)).await.unwrap();

        add_user(&store, &user(1)).await;
        let begun = Instant::now();
        add_user(&store, &user(2)).await;
        assert!(begun.elapsed() < Duration::from_secs(3), "the good one is remembered");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pooler_that_nobody_named_is_noticed_before_anything_is_done() {
    on_postgres(async |db| {
        let (proxy, behind) = Proxy::before(db).await;
        proxy.set(Wire::WithoutOptions);

        let read = behind.store.read().await.err().unwrap().to_string();
        let migrated = migrate::up(&behind.store).await.unwrap_err().to_string();

        for error in [read, migrated] {
            assert!(error.contains("AUTHARA_DB_POOLER=true"), "{error}");
        }
        let elsewhere = "SELECT CAST(count(*) AS text) FROM pg_tables WHERE schemaname = 'public'";
        assert_eq!(db.text(elsewhere).await, "0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_odd_about_a_server_is_said() {
    on_postgres(async |db| {
        let found = about::about(&db.store, NOW).await.unwrap();

        assert!(found.version.starts_with("PostgreSQL "), "{found:?}");
        assert!(
            found.encoding == "UTF8" && found.may_migrate && found.bytes > 1_000_000,
            "{found:?}"
        );
        assert_ne!(found.clock_ahead, Some(0), "the tests have a time of their own");
        // As `scripts/postgres` starts it.
        let off = "fsync, full_page_writes, synchronous_commit";
        assert_eq!(found.durability_lost_by.as_deref(), Some(off));
        assert_eq!(
            about::durability_lost_by(&db.store).await.unwrap().as_deref(),
            Some(off)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_cannot_keep_all_text_is_refused() {
    let Some(db) = Database::postgres_with("ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'").await else {
        return;
    };

    let error = migrate::up(&db.store).await.unwrap_err().to_string();

    assert!(error.contains("LATIN1") && error.contains("ENCODING 'UTF8'"), "{error}");
    let made = "SELECT CAST(count(*) AS text) FROM pg_namespace WHERE nspname = 'authara'";
    assert_eq!(db.text(made).await, "0", "nothing was made");
    db.remove().await;
}
