//! Turns: of all that wait for the same thing, one goes on at a time, in the order they came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Full, Key, PATIENCE};

/// Holder and waiters of one key; more are turned away at once. So many take longer than anybody waits.
const MOST_MEMBERS: usize = 32;

/// The queues, one for each key that an attempt waits for or holds.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Key, Queue>>);

struct Queue {
    semaphore: Arc<Semaphore>,
    /// Holder and waiters; without any the queue is forgotten.
    members: usize,
}

/// A turn, passed on to the next in the queue when dropped.
#[must_use]
pub struct Turn {
    // Given back before the place in the queue, for fields are dropped in this order.
    _permit: OwnedSemaphorePermit,
    _member: Member,
}

/// A place in a queue.
struct Member {
    turns: Arc<Turns>,
    key: Key,
}

impl Turns {
    /// Waits for the turn. `Busy` if it does not come in time, or too many wait already.
    pub(super) async fn wait(self: &Arc<Self>, key: Key) -> Result<Turn, Full> {
        let (semaphore, member) = self.join(key).ok_or(Full::Busy)?;
        let permit = tokio::time::timeout(PATIENCE, semaphore.acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(Turn {
                _permit: permit,
                _member: member,
            }),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Full::Busy),
        }
    }

    fn join(self: &Arc<Self>, key: Key) -> Option<(Arc<Semaphore>, Member)> {
        let mut queues = self.lock();
        let queue = queues.entry(key).or_insert_with(|| Queue {
            semaphore: Arc::new(Semaphore::new(1)),
            members: 0,
        });
        if queue.members == MOST_MEMBERS {
            return None;
        }
        queue.members += 1;
        let member = Member {
            turns: Arc::clone(self),
            key,
        };
        Some((Arc::clone(&queue.semaphore), member))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut queues = self.turns.lock();
        if let Some(queue) = queues.get_mut(&self.key) {
            queue.members -= 1;
            if queue.members == 0 {
                queues.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::limit::Limit;

    fn key(number: u8) -> Key {
        Key::named(Limit::LoginAccount, [number; 16])
    }

    #[tokio::test(start_paused = true)]
    async fn one_goes_on_at_a_time_and_the_first_to_come_is_the_first_to_go() {
        let turns = Arc::new(Turns::default());
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = turns.wait(key(1)).await.unwrap();
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let (turns, order) = (turns.clone(), order.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(number)).await;
                    let _turn = turns.wait(key(1)).await.unwrap();
                    order.lock().unwrap().push(number);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                })
            })
            .collect();
        let _other = turns.wait(key(2)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(order.lock().unwrap().is_empty());

        drop(first);
        for task in tasks {
            task.await.unwrap();
        }

        assert!(order.lock().unwrap().iter().is_sorted());
        assert_eq!(order.lock().unwrap().len(), 20);
        assert_eq!(turns.lock().len(), 1, "a queue that nobody is in is forgotten");
    }

    #[tokio::test]
    async fn more_than_can_be_served_in_time_are_turned_away_at_once() {
        let turns = Arc::new(Turns::default());
        let members: Vec<_> = (0..MOST_MEMBERS).map(|_| turns.join(key(1)).unwrap()).collect();

        assert!(turns.join(key(1)).is_none() && turns.join(key(2)).is_some());

        drop(members);
        assert!(turns.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_does_not_come_in_time_is_given_up_and_leaves_the_queue() {
        let turns = Arc::new(Turns::default());
        let held = turns.wait(key(1)).await.unwrap();

        assert_eq!(turns.wait(key(1)).await.err(), Some(Full::Busy));
        assert_eq!(turns.lock()[&key(1)].members, 1);

        drop(held);
        assert!(turns.wait(key(1)).await.is_ok());
        assert!(turns.lock().is_empty());
    }
}
