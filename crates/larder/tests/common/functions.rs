//! What cached functions promise, on any store: two caches of one namespace, which may be handles of
//! one cache or of two processes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use larder::{Cache, cached};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, yield_now};

/// What a function fails with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Broken(u32);

/// What a function does when it runs, and how often it has.
#[derive(Clone)]
pub(crate) struct Kitchen {
    runs: Arc<AtomicUsize>,
    answers: Arc<Mutex<u64>>,
    begun: Arc<Semaphore>,
    go_on: Arc<Semaphore>,
}

impl Kitchen {
    fn new() -> Kitchen {
        Kitchen {
            runs: Arc::default(),
            answers: Arc::new(Mutex::new(7)),
            begun: Arc::new(Semaphore::new(0)),
            go_on: Arc::new(Semaphore::new(0)),
        }
    }

    /// One whose runs never wait.
    fn open() -> Kitchen {
        let kitchen = Kitchen::new();
        kitchen.go_on.add_permits(1_000_000);
        kitchen
    }

    /// Reads the answer, then waits until it is let on.
    async fn cook(&self) -> u64 {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let answer = *self.answers.lock().expect("nobody panics with it");
        self.begun.add_permits(1);
        self.go_on.acquire().await.expect("never closed").forget();
        answer
    }

    async fn begun(&self) {
        self.begun.acquire().await.expect("never closed").forget();
    }

    fn let_on(&self) {
        self.go_on.add_permits(1);
    }

    fn change(&self, answer: u64) {
        *self.answers.lock().expect("nobody panics with it") = answer;
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

#[cached(ttl = "1h", skip(kitchen))]
async fn dish(cache: &Cache, table: u32, kitchen: &Kitchen) -> u64 {
    let _ = table;
    kitchen.cook().await
}

#[cached(ttl = "1h", skip(kitchen))]
async fn may_fail(cache: &Cache, table: u32, kitchen: &Kitchen) -> Result<Option<u64>, Broken> {
    match kitchen.cook().await {
        0 => Ok(None),
        13 => Err(Broken(table)),
        66 => panic!("the kitchen burns"),
        answer => Ok(Some(answer)),
    }
}

/// A thousand years; nothing says that a store can count so far.
#[cached(ttl = "365000d", skip(kitchen))]
async fn for_ever(cache: &Cache, table: u32, kitchen: &Kitchen) -> u64 {
    let _ = table;
    kitchen.cook().await
}

#[cached(ttl = "0s", skip(kitchen))]
async fn never_kept(cache: &Cache, table: u32, kitchen: &Kitchen) -> u64 {
    let _ = table;
    kitchen.cook().await
}

type Failing = JoinHandle<Result<Option<u64>, Broken>>;

/// Two caches of one namespace.
pub(crate) struct Tables {
    pub(crate) here: Cache,
    pub(crate) there: Cache,
}

impl Tables {
    /// Runs every case. Each has arguments of its own.
    pub(crate) async fn keep_their_promises(&self) {
        self.one_run_serves_both().await;
        self.a_thousand_callers_make_one_run().await;
        self.nothing_is_kept_like_something().await;
        self.an_error_reaches_all_and_stays_with_nobody().await;
        self.a_panic_reaches_all_and_nobody_is_stuck().await;
        self.dropping_one_result_during_its_run_wins().await;
        self.dropping_all_results_during_a_run_wins().await;
        self.a_caller_that_goes_away_stops_nothing().await;
        self.results_are_looked_at_dropped_put_and_made_again()
            .await;
        self.a_thousand_years_are_a_time_and_no_time_keeps_nothing()
            .await;
    }

    async fn one_run_serves_both(&self) {
        let kitchen = Kitchen::open();
        assert_eq!(dish(&self.here, 1, &kitchen).await, 7);
        assert_eq!(dish(&self.there, 1, &kitchen).await, 7);
        assert_eq!(kitchen.runs(), 1);
        assert_eq!(dish(&self.there, 2, &kitchen).await, 7);
        assert_eq!(kitchen.runs(), 2, "another argument is another call");
    }

    async fn a_thousand_callers_make_one_run(&self) {
        let kitchen = Kitchen::new();
        let callers: Vec<JoinHandle<u64>> = (0..1_000)
            .map(|caller| {
                let kitchen = kitchen.clone();
                let cache = [&self.here, &self.there][caller % 2].clone();
                tokio::spawn(async move { dish(&cache, 10, &kitchen).await })
            })
            .collect();
        kitchen.begun().await;
        kitchen.let_on();
        for caller in callers {
            assert_eq!(caller.await.expect("no panic"), 7);
        }
        assert_eq!(kitchen.runs(), 1);
    }

    async fn nothing_is_kept_like_something(&self) {
        let kitchen = Kitchen::open();
        kitchen.change(0);
        assert_eq!(may_fail(&self.here, 20, &kitchen).await, Ok(None));
        kitchen.change(7);
        assert_eq!(may_fail(&self.there, 20, &kitchen).await, Ok(None));
        assert_eq!(kitchen.runs(), 1);
        let kept = may_fail::get(&self.there, 20).await.expect("answered");
        assert_eq!(kept, Some(None), "kept nothing is not nothing kept");
    }

    async fn failing(&self, table: u32, kitchen: &Kitchen) -> Vec<Failing> {
        let callers = (0..10)
            .map(|_| {
                let (kitchen, cache) = (kitchen.clone(), self.here.clone());
                tokio::spawn(async move { may_fail(&cache, table, &kitchen).await })
            })
            .collect();
        kitchen.begun().await;
        for _ in 0..100 {
            yield_now().await;
        }
        kitchen.let_on();
        callers
    }

    async fn an_error_reaches_all_and_stays_with_nobody(&self) {
        let kitchen = Kitchen::new();
        kitchen.change(13);
        for caller in self.failing(30, &kitchen).await {
            assert_eq!(caller.await.expect("no panic"), Err(Broken(30)));
        }
        assert_eq!(kitchen.runs(), 1, "all waiters got one run's error");
        kitchen.change(7);
        kitchen.let_on();
        assert_eq!(may_fail(&self.there, 30, &kitchen).await, Ok(Some(7)));
    }

    async fn a_panic_reaches_all_and_nobody_is_stuck(&self) {
        let kitchen = Kitchen::new();
        kitchen.change(66);
        for caller in self.failing(40, &kitchen).await {
            let ended = caller.await.expect_err("the panic reaches every caller");
            let said = ended.into_panic();
            let said = said.downcast_ref::<String>().expect("its message");
            assert_eq!(said, "the kitchen burns");
        }
        kitchen.change(7);
        kitchen.let_on();
        assert_eq!(may_fail(&self.there, 40, &kitchen).await, Ok(Some(7)));
    }

    fn ordered(&self, table: u32, kitchen: &Kitchen) -> JoinHandle<u64> {
        let (kitchen, cache) = (kitchen.clone(), self.here.clone());
        tokio::spawn(async move { dish(&cache, table, &kitchen).await })
    }

    async fn dropping_one_result_during_its_run_wins(&self) {
        let kitchen = Kitchen::new();
        let early = self.ordered(50, &kitchen);
        kitchen.begun().await;
        kitchen.change(8);
        dish::invalidate(&self.there, 50).await.expect("told");
        kitchen.let_on();
        kitchen.let_on();
        assert_eq!(dish(&self.here, 50, &kitchen).await, 8);
        assert_eq!(dish(&self.there, 50, &kitchen).await, 8);
        // Who asked before may have either: it is not part of the promise.
        early.await.expect("no panic");
        assert_eq!(dish::get(&self.there, 50).await.expect("answered"), Some(8));
    }

    async fn dropping_all_results_during_a_run_wins(&self) {
        let kitchen = Kitchen::new();
        let early = self.ordered(60, &kitchen);
        kitchen.begun().await;
        kitchen.change(8);
        dish::invalidate_all(&self.there).await.expect("told");
        kitchen.let_on();
        kitchen.let_on();
        assert_eq!(dish(&self.here, 60, &kitchen).await, 8);
        assert_eq!(dish(&self.there, 60, &kitchen).await, 8);
        early.await.expect("no panic");
        assert_eq!(dish::get(&self.there, 60).await.expect("answered"), Some(8));
        let earlier = dish::get(&self.there, 1).await.expect("answered");
        assert_eq!(earlier, None, "every call's result has gone");
    }

    async fn a_caller_that_goes_away_stops_nothing(&self) {
        let kitchen = Kitchen::new();
        let gone = self.ordered(70, &kitchen);
        kitchen.begun().await;
        gone.abort();
        gone.await.expect_err("it was aborted");
        let other = self.ordered(70, &kitchen);
        for _ in 0..100 {
            yield_now().await;
        }
        kitchen.let_on();
        assert_eq!(other.await.expect("no panic"), 7);
        assert_eq!(kitchen.runs(), 1);
    }

    async fn results_are_looked_at_dropped_put_and_made_again(&self) {
        let kitchen = Kitchen::open();
        let kept = async |cache| dish::get(cache, 80).await.expect("answered");
        assert_eq!(kept(&self.here).await, None);
        assert_eq!(kitchen.runs(), 0, "a look runs nothing");
        dish::prime(&self.here, 80, 5).await.expect("kept");
        assert_eq!(kept(&self.there).await, Some(5));
        assert_eq!(dish(&self.there, 80, &kitchen).await, 5);
        assert_eq!(dish::refresh(&self.there, 80, &kitchen).await, 7);
        assert_eq!(kept(&self.here).await, Some(7));
        dish::prime(&self.here, 81, 6).await.expect("kept");
        dish::invalidate(&self.there, 80).await.expect("told");
        assert_eq!(kept(&self.here).await, None);
        let other = dish::get(&self.here, 81).await.expect("answered");
        assert_eq!(other, Some(6), "another call's result stays");
        let again = self.here.get::<u64>(dish::key(81)).await.expect("answered");
        assert_eq!(again.as_deref(), Some(&6), "the key finds the entry");
        assert_eq!(kitchen.runs(), 1);
    }

    async fn a_thousand_years_are_a_time_and_no_time_keeps_nothing(&self) {
        let kitchen = Kitchen::open();
        for _ in 0..3 {
            assert_eq!(for_ever(&self.here, 90, &kitchen).await, 7);
        }
        assert_eq!(kitchen.runs(), 1);
        for _ in 0..3 {
            assert_eq!(never_kept(&self.here, 90, &kitchen).await, 7);
        }
        assert_eq!(kitchen.runs(), 4);
    }
}
