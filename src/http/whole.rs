//! Work that is done whole: also when nobody waits for it any more, and whatever becomes of it.
//!
//! A request runs in the task of its connection, which costs no wake-up of another thread. When its
//! client hangs up, what is left of it moves to a task of its own: what a request has begun
//! is finished, so that a failure counts and no change is half done.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::http::BoxFuture;

/// The work. Gives `Err` if it panicked; the panic itself has been logged.
pub(super) struct Whole<T: Send + 'static>(Option<BoxFuture<'static, T>>);

/// The work ended in a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Panicked;

impl<T: Send + 'static> Whole<T> {
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<T: Send + 'static> Future for Whole<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.0 else {
            return Poll::Ready(Err(Panicked));
        };
        // Nothing of the work is looked at after a panic but its being dropped.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(done)) => {
                self.0 = None;
                Poll::Ready(Ok(done))
            }
            Err(_) => {
                let broken = self.0.take();
                // A second panic, of what it holds, changes nothing.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(broken)));
                Poll::Ready(Err(Panicked))
            }
        }
    }
}

impl<T: Send + 'static> Drop for Whole<T> {
    fn drop(&mut self) {
        if let Some(work) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_done_all_the_same() {
        let (go_on, told) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let mut work = Box::pin(Whole::new(async move {
            told.await.unwrap();
            done.send(()).unwrap();
        }));
        let begun = std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
        assert!(begun.is_pending());

        drop(work);
        go_on.send(()).unwrap();

        assert_eq!(is_done.await, Ok(()));
    }

    #[tokio::test]
    async fn a_panic_is_an_outcome_and_drops_what_the_work_held() {
        struct Held(Arc<AtomicBool>);
        impl Drop for Held {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let is_dropped = Arc::new(AtomicBool::new(false));
        let held = Held(is_dropped.clone());

        let outcome = Whole::new(async move {
            let _held = held;
            tokio::task::yield_now().await;
            panic!("a test");
        })
        .await;

        assert_eq!(outcome, Err::<(), _>(Panicked));
        assert!(is_dropped.load(Ordering::SeqCst));
    }
}
