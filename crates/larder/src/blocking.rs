//! Waiting on threads that have no runtime: the calling thread polls, a helper runtime does the rest.
//!
//! There is one core, and it is async. A thread without a runtime polls its future itself, within
//! the context of a *helper*: a runtime of larder's own with one thread, started by the first call
//! that needs it and never stopped. Loads, connections and timers live there, and loaders that
//! block on its blocking threads, so that a thread that waits holds up nobody's load but its own
//! runtime's.
//!
//! What can go wrong, and why it does not:
//! - The thread is within a runtime: `block_on` would panic. Nothing is blocked on here; a context
//!   is entered, which may be done anywhere.
//! - It is a worker of a multi-thread runtime, and what it waits for stands in its own queue: it
//!   gives the queue away first (`block_in_place`).
//! - A task's budget ends while it polls: it would be woken at once, with the same empty budget,
//!   for ever. It polls unconstrained.
//! - A wake-up is eaten by somebody else who parks on this thread: the flag says what has happened,
//!   the token only ends the sleep.

use std::future::{Future, IntoFuture};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio::task::{self, JoinHandle};

/// The helper's threads are called so.
const HELPER_NAME: &str = "larder-blocking";

/// So many loaders that block run at one time, in the helper. The next ones wait for their turn:
/// loaders that wait for each other more than so many deep never end.
const BLOCKING_LOADS_MAX: usize = 512;

/// Waits for a future on this thread, which may have a runtime or not.
pub fn wait<F: IntoFuture>(future: F) -> F::Output {
    let future = future.into_future();
    let mut waiting = Some(|| {
        let helper = helper();
        // Should the helper not have started, loads say that there is no runtime.
        let _entered = helper.as_ref().map(Handle::enter);
        sleep_until_ready(task::unconstrained(future))
    });
    let mut start = || waiting.take().map(|waiting| waiting());
    let is_worker = Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    let mut output = None;
    if is_worker {
        // It panics in a `LocalSet`, which cannot give its tasks away, and only before it calls us.
        let tried = catch_unwind(AssertUnwindSafe(|| {
            output = task::block_in_place(&mut start);
        }));
        if let Err(panic) = tried {
            output = start();
            if output.is_none() {
                resume_unwind(panic);
            }
        }
    } else {
        output = start();
    }
    output.expect("it was waited for")
}

/// Polls on this thread, and sleeps in between.
fn sleep_until_ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let sleeper = Arc::new(Sleeper {
        thread: thread::current(),
        woken: AtomicBool::new(false),
    });
    let waker = Waker::from(sleeper.clone());
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        while !sleeper.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

struct Sleeper {
    thread: Thread,
    /// Set before the thread is unparked.
    woken: AtomicBool,
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// The helper runtime of this process. Nothing if its thread cannot be started: tried again by the
/// next call.
///
/// It is the process's and not the cache's, because loads and connections that began in it outlive
/// whoever waited, and a runtime cannot be dropped where nothing may block.
fn helper() -> Option<Handle> {
    static HELPER: Mutex<Option<Handle>> = Mutex::new(None);
    let mut helper = HELPER.lock();
    if helper.is_none() {
        *helper = start_helper().ok();
    }
    helper.clone()
}

fn start_helper() -> std::io::Result<Handle> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .thread_name(HELPER_NAME)
        .max_blocking_threads(BLOCKING_LOADS_MAX)
        .build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name(HELPER_NAME.into())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}

/// A loader that blocks, as one that does not: it runs on a blocking thread of the runtime that
/// the load runs on.
pub fn off_thread<T, E, L>(load: L) -> impl FnOnce() -> OffThread<T, E> + Send + 'static
where
    T: Send + 'static,
    E: Send + 'static,
    L: FnOnce() -> Result<T, E> + Send + 'static,
{
    move || OffThread::run(load)
}

/// A call on a blocking thread, on its way.
///
/// # Cancel safety
///
/// Dropped before it has begun it never runs. Dropped later it runs to its end, and its value is
/// dropped: a thread cannot be stopped.
#[derive(Debug)]
#[must_use = "a call that nobody waits for may never run"]
pub struct OffThread<T, E>(JoinHandle<Result<T, E>>);

impl<T: Send + 'static, E: Send + 'static> OffThread<T, E> {
    pub(crate) fn run(call: impl FnOnce() -> Result<T, E> + Send + 'static) -> OffThread<T, E> {
        OffThread(task::spawn_blocking(call))
    }
}

impl<T, E> Future for OffThread<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T, E>> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|ended| match ended {
                Ok(answer) => answer,
                // Its runtime is shut down; whoever waits for the load is told so.
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(error) => panic!("a load did not run to its end: {error}"),
                },
            })
    }
}

impl<T, E> Drop for OffThread<T, E> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
