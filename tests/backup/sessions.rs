//! What becomes of sessions when a copy is put back.

use super::servers::until_nobody_is_there;
use super::{Desk, sign_up};
use crate::kit::database::on_postgres;
use crate::live::{self, Client, Server, post, when_not_busy};
use rusqlite::Connection;

const GO_ON: &str = "Sessions and keys go on as they were before";
const AS_IN_THE_COPY: &str = "Sessions and keys are as they were when the copy was made";

macro_rules! both {
    ($name:ident, $test:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                // No other program has its file open.
                ($test)(Desk::new(stringify!($name))).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                on_postgres(async |db| ($test)(Desk::on(stringify!($name), db.url())).await).await;
            }
        }
    };
}

async fn started(desk: &Desk) -> (Server, Client) {
    let (server, _) = desk.deployment.start().await;
    (server, Client::connect(desk.deployment.address).await.unwrap())
}

async fn refreshed(client: &mut Client, token: &str) -> (u16, String) {
    let (status, body) = when_not_busy(client, &live::refresh(token)).await.unwrap();
    let next = if status == 200 {
        live::text_in(&body, "refresh_token")
    } else {
        String::new()
    };
    (status, next)
}

async fn sign_out(client: &mut Client, token: &str) {
    let (_, body) = when_not_busy(client, &live::refresh(token)).await.unwrap();
    let bearer = format!("authorization: Bearer {}\r\n", live::text_in(&body, "access_token"));
    let request = post("/auth/api/v1/sessions/logout", &bearer, &serde_json::json!({}));
    assert_eq!(client.send(&request).await.unwrap().0, 204);
}

both!(
    who_was_signed_in_stays_so_and_what_ended_has_ended,
    async |desk: Desk| {
        let copy = desk.copy("copy.db");
        let (server, mut client) = started(&desk).await;
        let resting = sign_up(&mut client, "resting@example.com").await;
        let going_on = sign_up(&mut client, "going.on@example.com").await;
        let ended = sign_up(&mut client, "ended@example.com").await;
        let deleted = sign_up(&mut client, "deleted@example.com").await;
        desk.done(&["backup", &copy]);
        let mut newest = going_on.clone();
        for _ in 0..3 {
            newest = refreshed(&mut client, &newest).await.1;
        }
        sign_out(&mut client, &ended).await;
        desk.done(&["user", "delete", "deleted@example.com", "--yes"]);
        let later = sign_up(&mut client, "later@example.com").await;
        desk.done(&["key", "rotate", "--now", "--yes"]);
        let keys = desk.done(&["key", "list", "--json"]);
        server.kill();

        let said = until_nobody_is_there(&desk, &copy);

        assert!(said.contains(GO_ON), "{said}");
        assert_eq!(
            desk.done(&["key", "list", "--json"]),
            keys,
            "a key that leaked has ended"
        );
        let (server, mut client) = started(&desk).await;
        for (token, status, who) in [
            (&resting, 200, "resting"),
            (&newest, 200, "going on"),
            (&ended, 401, "ended"),
            (&deleted, 401, "deleted"),
            (&later, 401, "later"),
        ] {
            assert_eq!(refreshed(&mut client, token).await.0, status, "{who}");
        }
        server.kill();
    }
);

both!(
    a_restore_that_is_taken_back_costs_nobody_their_session,
    async |desk: Desk| {
        let [old, new] = ["old.db", "new.db"].map(|name| desk.copy(name));
        let (server, mut client) = started(&desk).await;
        let token = sign_up(&mut client, "ada@example.com").await;
        desk.done(&["backup", &old]);
        let newest = refreshed(&mut client, &token).await.1;
        let newest = refreshed(&mut client, &newest).await.1;
        // Both copies have the same audit, and only the tokens tell which is the later one.
        desk.done(&["backup", &new]);
        server.kill();
        let unrelated = Desk::new("unrelated");
        let said = unrelated.done(&["restore", &old, "--yes"]);
        assert!(said.contains(AS_IN_THE_COPY) && unrelated.people() == 1, "{said}");

        until_nobody_is_there(&desk, &old);
        until_nobody_is_there(&desk, &new);

        let (server, mut client) = started(&desk).await;
        assert_eq!(refreshed(&mut client, &newest).await.0, 200);
        server.kill();
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_operator_ended_stays_ended_also_where_the_copy_is_the_later_one() {
    for somebody_joined in [false, true] {
        let desk = Desk::new("ended");
        let [old, new] = ["old.db", "new.db"].map(|name| desk.copy(name));
        let (server, mut client) = started(&desk).await;
        let token = sign_up(&mut client, "ada@example.com").await;
        desk.done(&["backup", &old]);
        let newest = refreshed(&mut client, &token).await.1;
        if somebody_joined {
            sign_up(&mut client, "bob@example.com").await;
        }
        desk.done(&["backup", &new]);
        server.kill();
        // The disk is lost, and an older copy is found first.
        for end in ["", "-wal", "-shm", "-lock"] {
            let file = format!("{}{end}", desk.deployment.database().display());
            let _ = std::fs::remove_file(file);
        }
        until_nobody_is_there(&desk, &old);

        desk.done(&["user", "sessions", "ada@example.com", "--end-all", "--yes"]);
        let said = until_nobody_is_there(&desk, &new);

        // Only an audit line that the database before lacks shows that the copy is no state before it.
        let words = if somebody_joined { AS_IN_THE_COPY } else { GO_ON };
        assert!(said.contains(words), "{said}");
        let (server, mut client) = started(&desk).await;
        assert_eq!(refreshed(&mut client, &newest).await.0, 401);
        server.kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_used_without_being_exchanged_lasts_as_long_as_it_did() {
    let desk = Desk::new("unexchanged");
    let copy = desk.copy("copy.db");
    let (server, mut client) = started(&desk).await;
    let token = sign_up(&mut client, "ada@example.com").await;
    desk.done(&["backup", &copy]);
    server.kill();
    let file = Connection::open(&copy).unwrap();
    assert_eq!(file.execute("UPDATE refresh_tokens SET expires_at = 1", ()).unwrap(), 1);
    drop(file);

    let said = until_nobody_is_there(&desk, &copy);

    assert!(said.contains(GO_ON), "{said}");
    let (server, mut client) = started(&desk).await;
    assert_eq!(refreshed(&mut client, &token).await.0, 200);
    server.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_does_not_keep_a_copy_of_it_away() {
    let desk = Desk::new("damaged");
    let copy = desk.copy("copy.db");
    let (server, mut client) = started(&desk).await;
    let token = sign_up(&mut client, "ada@example.com").await;
    desk.done(&["backup", &copy]);
    server.kill();
    // Every page of tokens and of their indexes, whatever they hold.
    let file = Connection::open(desk.deployment.database()).unwrap();
    file.pragma_update(None, "journal_mode", "DELETE").unwrap();
    let size: u32 = file.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    let pages = "SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'refresh_tokens'";
    let pages: Vec<u32> = file
        .prepare(pages)
        .unwrap()
        .query_map((), |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    drop(file);
    let mut bytes = std::fs::read(desk.deployment.database()).unwrap();
    for page in pages {
        let [from, to] = [page - 1, page].map(|page| usize::try_from(page * size).unwrap());
        bytes[from..to].fill(7);
    }
    std::fs::write(desk.deployment.database(), bytes).unwrap();

    let said = desk.done(&["restore", &copy, "--yes"]);

    assert!(
        said.contains(AS_IN_THE_COPY) && said.contains("cannot be read"),
        "{said}"
    );
    let (server, mut client) = started(&desk).await;
    assert_eq!(refreshed(&mut client, &token).await.0, 200);
    server.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_are_not_ours_do_not_keep_a_copy_away_from_a_server() {
    on_postgres(async |db| {
        let desk = Desk::on("foreign", db.url());
        let copy = desk.copy("copy.db");
        let (server, mut client) = started(&desk).await;
        let token = sign_up(&mut client, "ada@example.com").await;
        desk.done(&["backup", &copy]);
        server.kill();
        db.tamper("ALTER TABLE authara.refresh_tokens RENAME COLUMN generation TO number")
            .await;

        let said = until_nobody_is_there(&desk, &copy);

        assert!(
            said.contains(AS_IN_THE_COPY) && said.contains("cannot be read"),
            "{said}"
        );
        let (server, mut client) = started(&desk).await;
        assert_eq!(refreshed(&mut client, &token).await.0, 200);
        server.kill();
    })
    .await;
}
