//! The attributes, and what they do.

/// Keeps what a function or method returns, and gives it to whoever calls with equal arguments.
///
/// The function keeps its name, its arguments, its return type and its documentation.
///
/// # Example: a function, and what is beside it
///
/// ```
/// use larder::{Cache, cached};
///
/// #[cached(ttl = "60s")]
/// async fn nearest(cache: &Cache, town: &str, cuisine: u32) -> Option<String> {
///     // Something slow.
///     (cuisine < 10).then(|| format!("Number {cuisine} in {town}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// let cache = Cache::memory();
/// let found = nearest(&cache, "Ulm", 7).await;
/// assert_eq!(found.as_deref(), Some("Number 7 in Ulm"));
///
/// // What is kept, without running it; its arguments are those that count.
/// assert_eq!(nearest::get(&cache, "Ulm", 7).await?, Some(found));
/// nearest::invalidate(&cache, "Ulm", 7).await?; // this call's result
/// nearest::invalidate_all(&cache).await?; // all calls' results
/// nearest::prime(&cache, "Ulm", 7, None).await?; // put a result
/// nearest::refresh(&cache, "Ulm", 7).await; // drop and call again
/// # Ok(())
/// # }
/// ```
///
/// # Example: a method
///
/// The functions beside a method have its name in front. `on` says what counts of `self`.
///
/// ```
/// use larder::{Cache, cached};
///
/// #[derive(Clone)]
/// struct Home {
///     cache: Cache,
///     address: String,
///     owner: String,
/// }
///
/// impl Home {
///     #[cached(on(self.address), ttl = "1h", cache = self.cache)]
///     async fn geocode(&self, language: &str) -> String {
///         format!("{} in {language}", self.address)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// # let cache = Cache::memory();
/// # let home = Home { cache: cache.clone(), address: "Ulm".into(), owner: "Ann".into() };
/// home.geocode("de").await;
/// let neighbour = Home { owner: "Bob".into(), ..home.clone() };
/// assert!(neighbour.geocode_get(&cache, "de").await?.is_some());
/// home.geocode_invalidate(&cache, "de").await?;
/// Home::geocode_invalidate_all(&cache).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Example: a trait's methods
///
/// The attribute stands on the block, too, and the functions beside the methods become methods of
/// the type. A block for a type of another crate says `#[cached(no_companions)]`. Functions of a
/// block without `self` need it on the block as well.
///
/// ```
/// use larder::{Cache, cached};
///
/// trait Prices {
///     async fn price(&self, id: u64) -> u64;
/// }
///
/// #[derive(Clone)]
/// struct Shop(Cache);
///
/// #[cached]
/// impl Prices for Shop {
///     #[cached(on(), cache = self.0)]
///     async fn price(&self, id: u64) -> u64 {
///         id * 100
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// let shop = Shop(Cache::memory());
/// assert_eq!(shop.price(7).await, 700);
/// shop.price_invalidate(&shop.0, 7).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Options
///
/// | option | meaning |
/// |---|---|
/// | `ttl = "60s"` | how long a result is fresh: a whole number and one of `ms`, `s`, `m`, `h`, `d`, or an expression of type `Duration`; the cache's policy if not said. `"0s"` keeps nothing: calls at the same time share a run, later ones do not. Any longer time is a time: `"365000d"` is a thousand years |
/// | `policy = expr` | all times and rules, a [`Policy`](crate::Policy) |
/// | `wait = "2s"` | how long a caller waits; then it gets the error that `From<larder::Error>` makes of it, and the run goes on |
/// | `skip(db)` | these arguments do not count |
/// | `map(id = id.0)` | this counts of an argument, an expression that is evaluated where the body begins |
/// | `key = (id, language)` | this counts, and nothing else of arguments and `self`; what it does not mention is skipped |
/// | `on(self.id)` | this counts of `self`; `on()` nothing; all of it if not said |
/// | `cache = expr` | where results are kept: an argument's name, `self.cache`, anything that gives a `Cache` |
/// | `tags(Tag::named("prices"))` | what the result depends on; expressions that may name arguments |
/// | `name = "…"` | the function's name in keys: no two functions may have the same |
/// | `group = "…"` | under which name reads are counted; the function's if not said |
/// | `local` | for values without serde: they stay in this process's memory |
///
/// # Which cache
///
/// What `cache = …` says; else the first argument of type `Cache` or `&Cache`; else the one that the
/// application has installed with `larder::install`. There is no cache of the function's own. Until
/// one is installed (or where `cache = …` gives `None`) the function runs uncached, as it does while
/// the cache is off, is closed, or there is no runtime to load on: a cache that cannot work breaks no
/// call. `larder::installed` tells at start whether there is one.
///
/// The functions beside it are told their cache, all but `refresh`, which is called like the
/// function itself.
///
/// # The key
///
/// A key has two parts: the function's name, and the list of what counts. So `invalidate_all` costs
/// one round trip, however many results there are. It drops the tree of the name: keys of your own
/// whose first part is the same text are in it.
///
/// The name is `crate::module::function`, for
/// methods `crate::module::Type::method`, for a trait's `<crate::module::Type as Trait>::method`,
/// with a type's parameters, also where the trait itself gives the method. It changes when the function
/// moves; say `name` where other programs or older builds share the store. A function inside another has
/// that one's name before its own, and behind it what tells it from others of its name there: a mark of
/// what it says and where it stands, which changes when its file is edited.
///
/// What counts must be `larder::KeyPart`. Type and constant parameters of the function count by
/// themselves.
///
/// # What is kept
///
/// Of a `Result` the value in its `Ok`, else all: `None` and `Ok(None)` are kept like anything else.
/// An `Err` is not kept. That a function returns a `Result` is seen by the name: an alias called
/// otherwise is refused. `None` and `Ok(None)` live by the policy's `negative_ttl`, if that is set.
///
/// Every caller gets a clone of the value. Return an `Arc<T>` where that costs too much: all callers
/// get the same, and a store keeps the `T`.
///
/// # Concurrent calls
///
/// Calls with equal keys share one run, in all processes that share the store. An `Err` reaches all
/// who wait for the run, so it must be `Clone`; declare `Result<T, Arc<E>>` where it is not, and `?`
/// makes the `Arc`. A caller that comes after an invalidation does not get what was begun before.
///
/// # The run
///
/// It happens on a task of its own (for a function that is not `async`, on a thread for blocking
/// work), which may outlive the caller. So it owns what it uses: arguments are moved into it, and of
/// borrowed ones (`&T`, `Option<&T>`, `&self`) it takes a copy, if it runs. `&self` needs
/// `Self: Clone`; take `self: &Arc<Self>` where there is none. Arguments that the body does not name
/// are not copied.
///
/// Limits to waiting that a policy sets count only with `wait`: without it there is no error to give.
///
/// # Functions that block
///
/// They and the functions beside them wait as `cache.blocking()` does, and may be called with or
/// without a runtime. One that calls itself holds a thread for each depth.
///
/// # Cancel safety
///
/// A caller that goes away stops nothing.
///
/// # Panics
///
/// If the run panics, all callers that wait for it panic with its message. If the runtime that it
/// runs on is shut down meanwhile, they panic too, or get an error where `wait` is said.
#[doc(inline)]
pub use larder_macros::cached;

/// Keeps what a form's method returns, by the form's cleaned data: inputs that clean to the same
/// value share a result.
///
/// The method takes the form as `&self` or `self`; its body sees the clean form. A form that is not
/// valid runs nothing and keeps nothing: the method returns its errors.
///
/// # Example: a search
///
/// ```
/// use larder::{Cache, Form, FormError, cached_form};
///
/// #[derive(Clone)]
/// struct Search {
///     text: String,
/// }
///
/// impl Form for Search {
///     type Errors = &'static str;
///
///     fn clean(&self) -> Result<Search, &'static str> {
///         let text = self.text.trim().to_lowercase();
///         if text.is_empty() {
///             return Err("say what you look for");
///         }
///         Ok(Search { text })
///     }
/// }
///
/// impl Search {
///     #[cached_form(on(self.text), ttl = "15m")]
///     async fn hits(&self, cache: &Cache) -> Result<usize, FormError<&'static str>> {
///         Ok(self.text.len())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// let cache = Cache::memory();
/// let search = |text: &str| Search { text: text.into() };
/// assert_eq!(search(" Abba").hits(&cache).await, Ok(4));
/// assert_eq!(search("ABBA").hits_get(&cache).await?, Some(4));
/// let refused = search("  ").hits(&cache).await;
/// assert_eq!(refused, Err(FormError::Invalid("say what you look for")));
/// # Ok(())
/// # }
/// ```
///
/// # Options
///
/// Those of [`cached`](macro@crate::cached). Expressions see the clean form as `self`.
///
/// # The functions beside it
///
/// As of a cached method, `hits_get`, `hits_invalidate` and so on. They clean the form first; for one
/// that is not valid `get` finds nothing, `invalidate` and `prime` do nothing.
///
/// # Errors
///
/// The method returns a `Result` whose error is `larder::FormError`, or one of its own that is
/// `larder::FromInvalid`.
#[doc(inline)]
pub use larder_macros::cached_form;
