//! What the thread for short transactions promises.

use std::pin::pin;
use std::sync::mpsc::channel;
use std::time::Duration;

use rusqlite::Connection as Handle;

use super::super::lane::PANICS;
use super::super::writer::tests::{advance, begun, things, with_handle, writer};
use super::*;
use crate::storage::backend::{Connection as _, Statement, Step};

fn step(sql: &'static str, name: &str) -> Statement {
    let args = if sql.contains('$') { vec![name.into()] } else { vec![] };
    Statement { sql, args }
}

fn job(sqlite: Vec<Step>) -> Job {
    let postgres = step("", "");
    Job { sqlite, postgres }
}

const INSERT: &str = "INSERT INTO things VALUES ($1)";

fn adds(name: &str) -> Job {
    let found = "SELECT name FROM things WHERE name = $1";
    job(vec![Step::Must(step(INSERT, name)), Step::Rows(step(found, name))])
}

/// Adds a row and then stops at its condition.
fn stops(name: &str) -> Job {
    let condition = "DELETE FROM things WHERE name = 'not there' AND $1 = $1";
    job(vec![Step::Do(step(INSERT, name)), Step::Must(step(condition, name))])
}

/// Adds a row and then one that is there.
fn fails(name: &str) -> Job {
    job(vec![Step::Do(step(INSERT, name)), Step::Do(step(INSERT, name))])
}

/// What a full disk does.
fn loses_all(name: &str) -> Job {
    let steps = [step(INSERT, name), step("ROLLBACK", ""), step("nonsense", "")];
    job(steps.map(Step::Do).into())
}

fn panics() -> Job {
    let mut job = adds("panic");
    job.postgres.sql = PANICS;
    job
}

type Answer = oneshot::Receiver<Result<Vec<Row>>>;

fn send(jobs: &Jobs, job: Job) -> Answer {
    let (answer, answered) = oneshot::channel();
    jobs.send(Queued { job, answer }).unwrap();
    answered
}

/// Sends jobs that share a commit: until all are there, the writing connection is in use.
async fn together<const N: usize>(writer: &Arc<Writer>, jobs: &Jobs, each: [Job; N]) -> [Answer; N] {
    let tx = writer.begin().await.unwrap();
    let answers = each.map(|job| send(jobs, job));
    while writer.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    drop(tx);
    answers
}

fn is_unavailable(result: Result<Vec<Row>>) -> bool {
    result.is_err_and(|error| error.is_unavailable())
}

#[tokio::test]
async fn jobs_that_wait_together_share_a_commit_and_each_has_its_own_end() {
    let (writer, _folder) = writer("jobs");
    let jobs = Jobs::new(writer.clone());
    let names: Vec<_> = (0..100).map(|number| format!("{number:03}")).collect();
    let tx = writer.begin().await.unwrap();
    let answers: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(number, name)| match number {
            n if n % 3 == 0 => send(&jobs, fails(name)),
            n if n % 5 == 0 => send(&jobs, stops(name)),
            _ => send(&jobs, adds(name)),
        })
        .collect();
    drop(tx);

    let mut there = Vec::new();
    for ((number, name), answer) in names.into_iter().enumerate().zip(answers) {
        match answer.await.unwrap() {
            Err(error) => assert!(number % 3 == 0 && matches!(error, Error::Taken(_)), "{error}"),
            Ok(rows) if rows.is_empty() => assert!(number % 3 != 0 && number % 5 == 0),
            Ok(mut rows) => {
                assert!(number % 3 != 0 && number % 5 != 0);
                assert_eq!(rows[0].next::<String>("name").unwrap(), name);
                there.push(name);
            }
        }
    }

    assert_eq!(things(&writer), there);
    assert!(writer.commits() <= 3, "{}", writer.commits());
}

#[tokio::test]
async fn an_error_is_told_before_the_commit_and_everything_else_after_it() {
    let (writer, _folder) = writer("told");
    let jobs = Jobs::new(writer.clone());
    let (entered, commit_entered) = channel();
    let (let_go, gate) = channel::<()>();
    let hook = move || {
        entered.send(()).unwrap();
        gate.recv().unwrap();
        false
    };
    with_handle(&writer, |handle| handle.commit_hook(Some(hook)).unwrap()).await;
    let each = [adds("a"), stops("b"), fails("c")];
    let [mut done, mut without_effect, mut failed] = together(&writer, &jobs, each).await;

    tokio::task::spawn_blocking(move || commit_entered.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(failed.try_recv(), Ok(Err(Error::Taken(_)))));
    assert!(done.try_recv().is_err());
    assert!(without_effect.try_recv().is_err(), "its winner may be undone yet");
    let_go.send(()).unwrap();

    assert_eq!(done.await.unwrap().unwrap().len(), 1);
    assert_eq!(without_effect.await.unwrap().unwrap().len(), 0);
}

#[tokio::test]
async fn a_failed_commit_is_unavailable_to_all_who_waited_for_it() {
    let (writer, _folder) = writer("failed");
    let jobs = Jobs::new(writer.clone());
    with_handle(&writer, |handle| handle.commit_hook(Some(|| true)).unwrap()).await;
    let answers = together(&writer, &jobs, [adds("a"), stops("b"), adds("c")]).await;

    for answer in answers {
        assert!(is_unavailable(answer.await.unwrap()), "it is nobody's fault");
    }
    assert!(things(&writer).is_empty());
    jobs.run(adds("d")).await.unwrap();
    assert_eq!(things(&writer), ["d"]);
}

#[tokio::test]
async fn when_sqlite_rolls_all_back_by_itself_finished_jobs_have_failed_too() {
    let (writer, _folder) = writer("full");
    let jobs = Jobs::new(writer.clone());
    let each = [adds("a"), stops("b"), loses_all("c"), adds("d")];
    let [before, stopped, lost, after] = together(&writer, &jobs, each).await;

    assert!(is_unavailable(before.await.unwrap()));
    assert!(is_unavailable(stopped.await.unwrap()));
    assert!(lost.await.unwrap().is_err());
    assert_eq!(after.await.unwrap().unwrap().len(), 1);
    assert_eq!(things(&writer), ["d"]);
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_what_was_acknowledged_stays() {
    let (writer, _folder) = writer("disk");
    let jobs = Jobs::new(writer.clone());
    jobs.run(adds("a")).await.unwrap();
    let full = "PRAGMA max_page_count = 1";
    with_handle(&writer, |handle| handle.execute_batch(full).unwrap()).await;
    let large = "x".repeat(100_000);
    let answers = together(&writer, &jobs, [adds("b"), adds(&large), adds("c")]).await;

    let [small, large, _] = answers;
    assert!(is_unavailable(large.await.unwrap()));
    let is_there = small.await.unwrap().is_ok();
    let there = things(&writer);
    assert!(there.contains(&"a".to_owned()));
    assert_eq!(there.contains(&"b".to_owned()), is_there);
}

#[tokio::test]
async fn a_thread_that_waits_for_its_turn_is_in_line() {
    let (writer, _folder) = writer("in_line");
    let jobs = Jobs::new(writer.clone());
    let first = begun(&writer, "a").await;
    let answer = send(&jobs, adds("b"));
    while writer.waiting() == 0 {
        tokio::task::yield_now().await;
    }

    first.commit().await.unwrap();
    answer.await.unwrap().unwrap();

    assert_eq!(writer.commits(), 1, "the transaction left its commit to the thread");
    assert_eq!(things(&writer), ["a", "b"]);
}

#[tokio::test]
async fn a_batch_that_was_left_is_committed_though_the_only_job_has_gone() {
    let (writer, _folder) = writer("gone");
    let jobs = Jobs::new(writer.clone());
    let first = begun(&writer, "a").await;
    let answer = send(&jobs, adds("b"));
    while writer.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let mut committed = pin!(first.commit());
    drop(answer);

    assert!(!advance(committed.as_mut()).await || writer.commits() == 1);
    committed.await.unwrap();

    assert_eq!(things(&writer), ["a"], "who went before the job began took it back");
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_told_to_all_and_tried_again() {
    let (writer, folder) = writer("away");
    let jobs = Jobs::new(writer.clone());
    let (there, away) = (folder.0.join("test.db"), folder.0.join("away.db"));
    std::fs::rename(&there, &away).unwrap();

    let answers = [send(&jobs, adds("a")), send(&jobs, adds("b"))];
    for answer in answers {
        assert!(is_unavailable(answer.await.unwrap()));
    }
    std::fs::rename(&away, &there).unwrap();

    jobs.run(adds("c")).await.unwrap();
    assert_eq!(things(&writer), ["c"]);
}

#[tokio::test]
async fn a_file_that_another_process_writes_to_is_waited_for() {
    let (writer, folder) = writer("busy");
    let jobs = Jobs::new(writer.clone());
    let other = Handle::open(folder.0.join("test.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let mut answer = send(&jobs, adds("a"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(answer.try_recv().is_err());
    other.execute_batch("COMMIT").unwrap();

    answer.await.unwrap().unwrap();
    assert_eq!(things(&writer), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_not_begun_in_time_is_taken_back() {
    let (writer, _folder) = writer("late");
    let jobs = Jobs::new(writer.clone());
    let tx = begun(&writer, "a").await;

    assert!(is_unavailable(jobs.run(adds("b")).await));
    tx.commit().await.unwrap();

    send(&jobs, adds("c")).await.unwrap().unwrap();
    assert_eq!(things(&writer), ["a", "c"]);
}

#[tokio::test]
async fn a_panic_harms_its_batch_alone() {
    let (writer, _folder) = writer("panic");
    let jobs = Jobs::new(writer.clone());
    let [before, panicked, after] = together(&writer, &jobs, [adds("a"), panics(), adds("b")]).await;

    assert!(is_unavailable(before.await.unwrap()));
    assert!(is_unavailable(panicked.await.unwrap()));
    after.await.unwrap().unwrap();
    assert_eq!(things(&writer), ["b"]);
}

#[tokio::test]
async fn dropping_it_does_what_waits_ends_the_thread_and_leaves_one_file() {
    let (writer, folder) = writer("drop");
    let jobs = Jobs::new(writer.clone());
    let tx = begun(&writer, "a").await;
    let mut committed = pin!(tx.commit());
    assert!(!advance(committed.as_mut()).await);
    let answer = send(&jobs, adds("b"));
    committed.await.unwrap();

    drop(jobs);
    answer.await.unwrap().unwrap();
    assert_eq!(Arc::strong_count(&writer), 1);
    drop(writer);

    let left: Vec<_> = std::fs::read_dir(&folder.0)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(left, ["test.db"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn jobs_and_conversations_that_are_cancelled_or_panic_leave_whole_pairs() {
    let (writer, _folder) = writer("cancelled");
    let jobs = Arc::new(Jobs::new(writer.clone()));
    let tasks: Vec<_> = (0..300_u32)
        .map(|number| {
            let (writer, jobs) = (writer.clone(), jobs.clone());
            let [one, two] = ["one", "two"].map(|half| format!("{number:03} {half}"));
            let work = async move {
                if number % 3 == 0 {
                    let mut tx = begun(&writer, &one).await;
                    tokio::task::yield_now().await;
                    assert!(number % 12 != 0, "some panic");
                    tx.execute(INSERT, vec![two.into()]).await.unwrap();
                    tx.commit().await.unwrap();
                } else {
                    let pair = [one, two].map(|name| Step::Do(step(INSERT, &name)));
                    jobs.run(job(pair.into())).await.unwrap();
                }
            };
            (number, tokio::spawn(work))
        })
        .collect();
    let mut acknowledged = Vec::new();
    for (number, task) in tasks {
        if number % 2 == 0 {
            tokio::time::sleep(Duration::from_micros(u64::from(number) * 37 % 500)).await;
            task.abort();
        }
        if task.await.is_ok() {
            acknowledged.push(number);
        }
    }
    drop(jobs);
    jobs_are_over(&writer).await;

    let there = things(&writer);
    for pair in there.chunks(2) {
        assert_eq!(pair[0][..3], pair[1][..3], "{pair:?}");
    }
    for number in acknowledged {
        assert!(there.contains(&format!("{number:03} two")), "{number}");
    }
    assert!(there.len() >= 200, "{}", there.len());
}

/// Takes a turn after all others.
async fn jobs_are_over(writer: &Arc<Writer>) {
    begun(writer, "").await.commit().await.unwrap();
    let mut tx = writer.begin().await.unwrap();
    tx.execute("DELETE FROM things WHERE name = ''", vec![]).await.unwrap();
    Box::new(tx).commit().await.unwrap();
}
