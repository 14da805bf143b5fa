//! Forms: what users send in, and what remains of it once it is clean.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

#[cfg(feature = "garde")]
mod garde;
#[cfg(feature = "validator")]
mod validator;

#[cfg(feature = "garde")]
pub use garde::Garde;
#[cfg(feature = "validator")]
pub use validator::Validator;

/// What users send in: a search, a filter, an order. It can be cleaned, unless it is not valid.
///
/// [`cached_form`](macro@crate::cached_form) on a method caches by the cleaned form, so that
/// `" The Beatles"` and `"the beatles"` are one search.
///
/// With the feature `garde` or `validator` a type that derives that crate's `Validate` and is
/// [`Tidy`] is a form. The parameter `By` says by which of them; nobody needs to name it.
///
/// # Example: by hand
///
/// ```
/// use larder::Form;
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
/// let search = Search { text: " Abba".into() };
/// assert_eq!(search.clean().map(|clean| clean.text), Ok("abba".into()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no form",
    label = "cannot be cleaned",
    note = "implement `larder::Form` for it; or, if it derives `garde::Validate` or `validator::Validate` and larder has that feature, `larder::Tidy`"
)]
pub trait Form<By = ByHand>: Sized {
    /// Why it is not valid.
    type Errors;

    /// What remains of it: two inputs that mean the same give equal forms.
    ///
    /// # Errors
    ///
    /// It is not valid.
    fn clean(&self) -> Result<Self, Self::Errors>;
}

/// Forms that are cleaned by a [`Form`] of their own.
#[derive(Debug)]
pub enum ByHand {}

/// A form whose validity is judged by its derive, and which is tidied before that.
///
/// ```
/// use larder::Tidy;
///
/// #[derive(Clone)]
/// struct Search {
///     text: String,
/// }
///
/// impl Tidy for Search {
///     fn tidy(&mut self) {
///         self.text = self.text.trim().to_lowercase();
///     }
/// }
/// ```
pub trait Tidy: Clone {
    /// Brings inputs that mean the same into one form. Does nothing if not said otherwise.
    fn tidy(&mut self) {}
}

/// An error that can hold why a form is not valid.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold why a form is not valid",
    label = "the form's errors are `{V}`",
    note = "return `Result<…, larder::FormError<{V}, …>>`, or implement `larder::FromInvalid<{V}>` for the error"
)]
pub trait FromInvalid<V> {
    /// The error.
    fn invalid(errors: V) -> Self;
}

/// Why a form's method gave nothing: the form is not valid, or the method failed.
///
/// ```
/// use larder::FormError;
///
/// fn pages() -> Result<u32, FormError<&'static str, std::num::ParseIntError>> {
///     Ok("12".parse::<u32>()?)
/// }
/// assert_eq!(pages(), Ok(12));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormError<V, E = Infallible> {
    /// The form is not valid: nothing ran.
    Invalid(V),
    /// The method's own error.
    Failed(E),
}

impl<V, E> FormError<V, E> {
    /// Why the form is not valid, if it is not.
    pub fn invalid(&self) -> Option<&V> {
        match self {
            FormError::Invalid(errors) => Some(errors),
            FormError::Failed(_) => None,
        }
    }

    /// The method's own error, if it failed.
    pub fn failed(&self) -> Option<&E> {
        match self {
            FormError::Invalid(_) => None,
            FormError::Failed(error) => Some(error),
        }
    }
}

impl<V, E> FromInvalid<V> for FormError<V, E> {
    fn invalid(errors: V) -> Self {
        FormError::Invalid(errors)
    }
}

/// For `?` in a form's method.
impl<V, E> From<E> for FormError<V, E> {
    fn from(error: E) -> Self {
        FormError::Failed(error)
    }
}

impl<V: fmt::Display, E: fmt::Display> fmt::Display for FormError<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormError::Invalid(errors) => write!(f, "the form is not valid: {errors}"),
            FormError::Failed(error) => error.fmt(f),
        }
    }
}

impl<V: fmt::Debug + fmt::Display, E: Error + 'static> Error for FormError<V, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failed().and_then(Error::source)
    }
}
