//! Migrations: applied once, and never to what is not ours.

use std::path::Path;

use authara::domain::PlatformRole;
use authara::domain::audit::{Action, Actor, Filter};
use authara::storage::{Error, Store, Target, migrate};

use super::add_user;
use crate::kit::database::{Database, Folder, both, on_postgres};

/// What `check` says of a database, and that it is an error about the schema.
async fn complaint(store: &Store) -> String {
    match migrate::check(store).await {
        Err(Error::Schema(text)) => text,
        other => panic!("{other:?}"),
    }
}

async fn empty_ones() -> Vec<Database> {
    let mut all = vec![Database::empty_sqlite().await];
    all.extend(Database::empty_postgres().await);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_empty_database_is_migrated_once() {
    for db in empty_ones().await {
        assert!(complaint(&db.store).await.contains("run `authara migrate up`"));
        let planned = migrate::status(&db.store).await.unwrap();
        assert!(!planned.is_empty() && planned.iter().all(|step| !step.applied));

        let applied = migrate::up(&db.store).await.unwrap();
        let again = migrate::up(&db.store).await.unwrap();

        assert_eq!(applied.len(), planned.len());
        assert!(applied.iter().all(|step| step.applied));
        assert!(again.is_empty());
        assert!(
            migrate::status(&db.store)
                .await
                .unwrap()
                .iter()
                .all(|step| step.applied)
        );
        migrate::check(&db.store).await.unwrap();
        add_user(&db.store, &super::user(1)).await;
        db.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_programs_that_migrate_at_once_each_step_is_done_by_one() {
    for db in empty_ones().await {
        let mut tasks = Vec::new();
        for _ in 0..6 {
            let store = db.another_store().await;
            tasks.push(tokio::spawn(async move { migrate::up(&store).await.unwrap().len() }));
        }
        let mut applied = 0;
        for task in tasks {
            applied += task.await.unwrap();
        }

        assert_eq!(applied, migrate::status(&db.store).await.unwrap().len());
        migrate::check(&db.store).await.unwrap();
        db.remove().await;
    }
}

/// An empty database, migrated up to the step before `name`.
async fn before(db: &Database, name: &'static str) {
    let store = db.another_store().await;
    // As a program does that is killed between two steps.
    let killed = tokio::spawn(async move {
        let begins = |step: &migrate::Step| assert_ne!(step.name, name);
        migrate::up_telling(&store, begins).await
    });
    assert!(killed.await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn roles_that_are_no_more_go_with_an_audit_line_each() {
    for db in empty_ones().await {
        before(&db, "0007_roles").await;
        for (number, roles) in [(1, &["admin", "auditor"][..]), (2, &["auditor", "monitor"]), (3, &[])] {
            // Not by today's program, which knows later tables.
            let id = super::user(number).id.to_string();
            let (id, now) = if db.is_sqlite() {
                (format!("x'{}'", id.replace('-', "")), "0")
            } else {
                (format!("'{id}'"), "now()")
            };
            db.tamper(&format!(
                "INSERT INTO users (id, email, username, username_normalized, created_at)
                 VALUES ({id}, '{number}@example.com', 'u{number}', 'u{number}', {now})"
            ))
            .await;
            for role in roles {
                db.tamper(&format!("INSERT INTO user_roles VALUES ({id}, '{role}', {now})"))
                    .await;
            }
        }

        let applied = migrate::up(&db.store).await.unwrap();

        assert_eq!(migrate::lost_roles(&db.store, &applied).await.unwrap(), 2);
        assert_eq!(migrate::lost_roles(&db.store, &[]).await.unwrap(), 0);
        let mut conn = db.store.read().await.unwrap();
        let (ada, bob) = (super::user(1).id, super::user(2).id);
        assert_eq!(conn.roles().of_user(ada).await.unwrap(), [PlatformRole::Admin]);
        assert_eq!(conn.roles().of_user(bob).await.unwrap(), []);
        let lines = conn.audit().newest(&Filter::default(), 9).await.unwrap();
        let mut lost: Vec<_> = lines.iter().map(|line| (line.subject, line.detail.as_str())).collect();
        lost.sort_unstable();
        assert_eq!(
            lost,
            [(Some(ada), "auditor"), (Some(bob), "auditor"), (Some(bob), "monitor")]
        );
        for line in &lines {
            assert_eq!((line.action, line.actor), (Action::RoleRevoked, Actor::System));
            assert!(line.at.seconds() > 1_700_000_000, "the time of the upgrade");
        }
        drop(conn);
        db.remove().await;
    }
}

both!(another_text_under_the_same_name_is_refused, async |db: &Database| {
    let other = if db.is_sqlite() { "x'00'" } else { "'\\x00'" };
    db.tamper(&format!("UPDATE authara_migrations SET checksum = {other}"))
        .await;

    assert!(complaint(&db.store).await.contains("0001_init"));
    assert!(matches!(migrate::status(&db.store).await, Err(Error::Schema(_))));
    assert!(matches!(migrate::up(&db.store).await, Err(Error::Schema(_))));
});

both!(a_newer_database_is_used_if_it_says_so, async |db: &Database| {
    let next = migrate::NEEDED + 1;
    db.tamper(&format!(
        "INSERT INTO authara_migrations (number, name, checksum, applied_at, compatible_from)
         SELECT {next}, 'later', checksum, applied_at, 1 FROM authara_migrations WHERE number = 1"
    ))
    .await;
    migrate::check(&db.store).await.unwrap();
    assert!(matches!(migrate::up(&db.store).await, Err(Error::Schema(_))));

    db.tamper(&format!(
        "UPDATE authara_migrations SET compatible_from = {next} WHERE number = {next}"
    ))
    .await;
    assert!(complaint(&db.store).await.contains("newer"));
});

both!(a_history_with_a_gap_is_damaged, async |db: &Database| {
    db.tamper("DELETE FROM authara_migrations WHERE number = 1").await;

    assert!(complaint(&db.store).await.contains("damaged"));
});

both!(a_history_without_a_line_is_an_older_database, async |db: &Database| {
    db.tamper("DELETE FROM authara_migrations").await;

    assert!(complaint(&db.store).await.contains("run `authara migrate up`"));
});

/// Nobody may write to what is not ours, whatever they were asked to do.
async fn leaves_alone(path: &Path) -> String {
    let before = std::fs::read(path).unwrap();
    let store = Store::open(&Target::Sqlite(path.to_owned())).await.unwrap();

    let text = complaint(&store).await;
    assert!(matches!(migrate::status(&store).await, Err(Error::Schema(_))));
    assert!(matches!(migrate::up(&store).await, Err(Error::Schema(_))));
    drop(store);

    assert!(std::fs::read(path).unwrap() == before, "the file was changed");
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    text
}

#[tokio::test]
async fn a_file_of_another_program_is_left_alone() {
    let folder = Folder::new();
    let path = folder.0.join("other.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE users (id INTEGER); INSERT INTO users VALUES (1)")
        .unwrap();

    let text = leaves_alone(&path).await;

    assert!(text.contains("users") && text.contains("another program"), "{text}");
}

#[tokio::test]
async fn a_file_with_the_mark_of_another_program_is_left_alone_even_if_it_is_empty() {
    let folder = Folder::new();
    let path = folder.0.join("other.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA application_id = 7")
        .unwrap();

    leaves_alone(&path).await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let folder = Folder::new();
    let path = folder.0.join("notes.txt");
    std::fs::write(&path, "not a database, but long enough to look at. ".repeat(50)).unwrap();

    let text = leaves_alone(&path).await;

    assert!(text.contains("not an SQLite database"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_schema_with_tables_of_the_older_server_is_left_alone() {
    let Some(db) = Database::empty_postgres().await else {
        return;
    };
    db.tamper("CREATE SCHEMA authara; CREATE TABLE authara.users (id uuid); CREATE TABLE authara.sessions (id uuid)")
        .await;

    let text = complaint(&db.store).await;
    assert!(text.contains("sessions, users"), "{text}");
    assert!(matches!(migrate::up(&db.store).await, Err(Error::Schema(_))));
    db.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_ordinary_role_can_migrate_a_schema_that_was_made_for_it() {
    let Some(db) = Database::empty_postgres().await else {
        return;
    };
    let Target::Postgres(target) = &db.target else {
        unreachable!()
    };
    let role = format!("{}_role", target.database);
    db.tamper(&format!(
        "CREATE ROLE {role} LOGIN; CREATE SCHEMA authara AUTHORIZATION {role}"
    ))
    .await;
    let mut target = target.clone();
    target.username.clone_from(&role);

    let store = Store::open(&Target::Postgres(target)).await.unwrap();
    migrate::up(&store).await.unwrap();

    migrate::check(&store).await.unwrap();
    add_user(&store, &super::user(1)).await;
    drop(store);
    db.remove().await;
}

#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let db = Database::empty_sqlite().await;
    // As somebody left it who made everything readable.
    let lock = db.path().with_file_name("authara.db-lock");
    std::fs::File::create(&lock).unwrap();
    std::fs::set_permissions(&lock, std::fs::Permissions::from_mode(0o644)).unwrap();

    migrate::up(&db.store).await.unwrap();

    assert!(lock.exists());
    for file in std::fs::read_dir(db.path().parent().unwrap()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", file.path().display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failed_statement_is_named_without_its_values() {
    on_postgres(async |db| {
        db.tamper("ALTER TABLE users ADD CONSTRAINT none CHECK (false)").await;
        let result = super::try_add(&db.store, &super::user(1)).await;
        let text = result.unwrap_err().to_string();

        assert!(text.contains("23514 none"), "{text}");
        assert!(!text.contains("example.com"), "{text}");
        migrate::check(&db.store).await.unwrap();
    })
    .await;
}
