//! What a function returns: a `Result`, or a value.

use std::fmt;
use std::marker::PhantomData;

/// A `Result`, by whatever name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named `Result` and is none",
    note = "a cached function that returns a type of this name keeps the value in its `Ok`: give a type of your own another name"
)]
pub trait Fallible {
    /// What is in its `Ok`.
    type Value;
    /// What is in its `Err`.
    type Error;
}

impl<T, E> Fallible for Result<T, E> {
    type Value = T;
    type Error = E;
}

/// A type that a function returns, to be asked what it is.
///
/// The question is put as `(&Returns::<R>::new()).what()`: of the two traits that have the method,
/// the compiler takes the one that needs fewer references, which is there for a `Result` only.
pub struct Returns<R>(PhantomData<fn() -> R>);

impl<R> Returns<R> {
    /// The question.
    #[expect(clippy::new_without_default, reason = "only macros make one")]
    pub fn new() -> Returns<R> {
        Returns(PhantomData)
    }
}

impl<R> fmt::Debug for Returns<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Returns")
    }
}

/// The answer for a `Result`.
#[derive(Debug)]
pub struct AliasOfResult;

/// The answer for all else.
#[derive(Debug)]
pub struct Value;

/// Asked first.
pub trait ReturnsResult {
    /// The answer.
    fn what(&self) -> AliasOfResult;
}

impl<T, E> ReturnsResult for Returns<Result<T, E>> {
    fn what(&self) -> AliasOfResult {
        AliasOfResult
    }
}

/// Asked last.
pub trait ReturnsValue {
    /// The answer.
    fn what(&self) -> Value;
}

impl<R> ReturnsValue for &Returns<R> {
    fn what(&self) -> Value {
        Value
    }
}

/// A value that is kept whole.
#[diagnostic::on_unimplemented(
    message = "this function returns a `Result` under another name",
    label = "a `Result`, whose errors must not be kept",
    note = "write it as `Result<…>`, or name the alias `Result`: a cached function keeps what is in `Ok`, and sees by the name that there is one"
)]
pub trait Plain {}

impl Plain for Value {}

/// Compiles for a plain value only.
pub fn plain<P: Plain>(_: P) {}
