//! Cached functions: what `#[cached]` expands to calls. Only macros name what is in here.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::key::{Key, KeyBuilder, KeyPart};

mod call;
mod installed;
mod kept;
mod name;
mod returns;
mod run;

pub use crate::blocking::wait;
pub use crate::mode::Shared;
pub use call::{Call, invalidate_all};
pub use installed::{install, installed as installed_cache};
pub use kept::{Answer, Fails, FailsForAll, Kept, SaysTooLong, fails, fails_or_is_late, kept};
pub use name::{free_name, member_name};
pub use returns::{
    AliasOfResult, Fallible, Plain, Returns, ReturnsResult, ReturnsValue, Value, plain,
};
pub use run::{forget, hit, run, run_blocking, try_run, try_run_blocking};

use crate::cache::Cache;
use crate::form::Form;
pub(crate) use installed::get as installed_ref;

/// The installed cache, if there is one.
pub fn installed() -> Option<&'static Cache> {
    installed_ref()
}

/// A key of two parts: a function's name, given in pieces, and the list of what counts.
pub fn key(name: &[&str], count: usize, fill: impl FnOnce(&mut KeyBuilder)) -> Key {
    let mut key = KeyBuilder::default().name(name).list(count);
    fill(&mut key);
    key.build()
}

/// Appends what counts.
pub fn push<P: Counts + ?Sized>(key: &mut KeyBuilder, part: &P) {
    key.push(part);
}

/// What can count for the key of a cached function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a cached function's key",
    label = "what of this tells two calls apart?",
    note = "implement `larder::KeyPart` for it, say what of it counts (`map(argument = …)`, for `self`: `on(self.…)`), or leave it out (`skip(argument)`, for `self`: `on()`)"
)]
pub trait Counts: KeyPart {}

#[diagnostic::do_not_recommend]
impl<P: KeyPart + ?Sized> Counts for P {}

/// Where a cached function finds its cache: what `cache = …` may name.
///
/// # Example: a service's state
///
/// ```
/// use larder::{Cache, HasCache, cached};
///
/// #[derive(Clone)]
/// struct Shop {
///     cache: Cache,
/// }
///
/// impl HasCache for Shop {
///     fn cache(&self) -> Option<&Cache> {
///         Some(&self.cache)
///     }
/// }
///
/// #[cached(cache = shop)]
/// async fn price(shop: &Shop, id: u64) -> u64 {
///     id * 100
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// let shop = Shop { cache: Cache::memory() };
/// assert_eq!(price(&shop, 7).await, 700);
/// assert_eq!(price::get(&shop.cache, 7).await?, Some(700));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no cache",
    label = "this is to be the function's cache",
    note = "`cache = …` takes a `larder::Cache`, a reference or an `Arc` of one, an option of these, or a type of yours that is `larder::HasCache`"
)]
pub trait HasCache {
    /// The cache; without one the function runs uncached.
    fn cache(&self) -> Option<&Cache>;
}

impl HasCache for Cache {
    fn cache(&self) -> Option<&Cache> {
        Some(self)
    }
}

impl<C: HasCache + ?Sized> HasCache for &C {
    fn cache(&self) -> Option<&Cache> {
        (**self).cache()
    }
}

impl<C: HasCache + ?Sized> HasCache for Arc<C> {
    fn cache(&self) -> Option<&Cache> {
        (**self).cache()
    }
}

impl<C: HasCache> HasCache for Option<C> {
    fn cache(&self) -> Option<&Cache> {
        self.as_ref()?.cache()
    }
}

/// The cache that an expression gives.
pub fn cache_of<C: HasCache + ?Sized>(source: &C) -> Option<&Cache> {
    source.cache()
}

/// A handle of one's own, which outlives whatever the cache was found in.
pub fn handle(cache: Option<&Cache>) -> Option<Cache> {
    cache.cloned()
}

/// A borrowed argument that can be kept for a load.
#[diagnostic::on_unimplemented(
    message = "a cached function cannot borrow `{Self}`",
    label = "cannot be copied for the load",
    note = "the load runs on a task of its own and may outlive the caller, so it takes a copy of what is borrowed: derive `Clone` for `{Self}`, or take an `Arc<{Self}>`"
)]
pub trait Keep {
    /// The copy.
    type Kept: Borrow<Self> + Send + 'static;
    /// Makes it.
    fn keep(&self) -> Self::Kept;
}

#[diagnostic::do_not_recommend]
impl<T: ToOwned + ?Sized> Keep for T
where
    T::Owned: Send + 'static,
{
    type Kept = T::Owned;
    fn keep(&self) -> T::Owned {
        self.to_owned()
    }
}

/// Copies a borrowed argument for a load.
pub fn keep<T: Keep + ?Sized>(borrowed: &T) -> T::Kept {
    borrowed.keep()
}

/// A borrowed `self` that can be kept for a load.
#[diagnostic::on_unimplemented(
    message = "a cached method cannot borrow `{Self}`",
    label = "cannot be copied for the load",
    note = "the load runs on a task of its own and may outlive the caller, so it takes a copy of `self`: derive `Clone` for `{Self}`, or take `self: &Arc<Self>`"
)]
pub trait KeepSelf: Sized {
    /// Makes the copy.
    fn keep(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + 'static> KeepSelf for T {
    fn keep(&self) -> T {
        self.clone()
    }
}

/// Copies a borrowed `self` for a load.
pub fn keep_self<T: KeepSelf>(borrowed: &T) -> T {
    borrowed.keep()
}

/// Cleans a form, by whichever way it has.
///
/// # Errors
///
/// It is not valid.
pub fn clean<F: Form<By>, By>(form: &F) -> Result<F, F::Errors> {
    form.clean()
}
