//! Cached methods of forms: by hand, with garde, with validator, and as axum hands them over.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use larder::{Cache, Form, FormError, FromInvalid, KeyBuilder, KeyPart, Tidy, cached_form};
use serde::Deserialize;

mod handed;

/// Counts what runs.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<AtomicUsize>);

impl Runs {
    pub(crate) fn count(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn so_far(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A form by hand.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Search {
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) page: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NothingToLookFor;

impl Form for Search {
    type Errors = NothingToLookFor;

    fn clean(&self) -> Result<Search, NothingToLookFor> {
        let text = self.text.trim().to_lowercase();
        if text.is_empty() {
            return Err(NothingToLookFor);
        }
        Ok(Search { text, ..*self })
    }
}

impl Search {
    #[cached_form(ttl = "15m", on(self.text, self.page), skip(runs))]
    pub(crate) async fn hits(
        &self,
        cache: &Cache,
        runs: &Runs,
    ) -> Result<String, FormError<NothingToLookFor, std::num::ParseIntError>> {
        runs.count();
        let number = "7".parse::<u32>()?;
        Ok(format!("{}/{}/{number}", self.text, self.page))
    }

    /// Blocks; takes the form whole, and another argument.
    #[cached_form(on(self.text), skip(runs))]
    fn length(
        self,
        cache: &Cache,
        mut add: usize,
        runs: &Runs,
    ) -> Result<usize, FormError<NothingToLookFor>> {
        runs.count();
        add += self.text.len();
        Ok(add)
    }
}

fn search(text: &str) -> Search {
    Search {
        text: text.into(),
        page: 0,
    }
}

#[tokio::test]
async fn bc30_inputs_that_clean_to_the_same_value_share_a_result() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    for text in ["abba", " Abba", "ABBA ", "\tabba\n"] {
        let hits = search(text).hits(&cache, &runs).await;
        assert_eq!(hits, Ok("abba/0/7".into()), "the body sees the clean form");
    }
    assert_eq!(runs.so_far(), 1);
    let other = search("abba 2").hits(&cache, &runs).await;
    assert_eq!(other, Ok("abba 2/0/7".into()));
    let page = Search {
        page: 2,
        ..search("abba")
    };
    assert_eq!(page.hits(&cache, &runs).await, Ok("abba/2/7".into()));
    assert_eq!(runs.so_far(), 3);
}

#[tokio::test]
async fn bc30_an_invalid_form_runs_nothing_keeps_nothing_and_says_why() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    for _ in 0..2 {
        let refused = search("  ").hits(&cache, &runs).await;
        assert_eq!(refused, Err(FormError::Invalid(NothingToLookFor)));
    }
    assert_eq!(runs.so_far(), 0);
    assert!(cache.stats().is_empty(), "the cache was not asked");
    let kept = search("  ").hits_get(&cache).await;
    assert_eq!(kept.expect("memory answers"), None);
    let primed = search("  ").hits_prime(&cache, "x".into()).await;
    primed.expect("there is nothing to do");
    assert!(cache.stats().iter().all(|group| group.inserts == 0));
}

#[tokio::test]
async fn bc24_bc30_results_of_forms_are_looked_at_dropped_put_and_made_again() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    let kept = async |text: &str| search(text).hits_get(&cache).await.expect("memory answers");
    assert_eq!(kept("abba").await, None);
    search("ABBA")
        .hits_prime(&cache, "primed".into())
        .await
        .expect("memory answers");
    assert_eq!(kept(" abba").await.as_deref(), Some("primed"));
    let again = search("abba ").hits_refresh(&cache, &runs).await;
    assert_eq!(again, Ok("abba/0/7".into()));
    search("Abba")
        .hits_invalidate(&cache)
        .await
        .expect("memory answers");
    assert_eq!(kept("abba").await, None);
    search("abba")
        .hits(&cache, &runs)
        .await
        .expect("it is valid");
    Search::hits_invalidate_all(&cache)
        .await
        .expect("memory answers");
    assert_eq!(kept("abba").await, None);
}

#[test]
fn bc30_a_form_is_cleaned_for_methods_that_block_too() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    assert_eq!(search(" Abba ").length(&cache, 1, &runs), Ok(5));
    assert_eq!(search("abba").length(&cache, 1, &runs), Ok(5));
    assert_eq!(search("abba").length(&cache, 2, &runs), Ok(6));
    assert_eq!(runs.so_far(), 2);
    let kept = search("ABBA").length_get(&cache, 2);
    assert_eq!(kept.expect("memory answers"), Some(6));
}

#[derive(Clone, Debug, garde::Validate)]
struct ByGarde {
    #[garde(length(min = 1, max = 10))]
    text: String,
    #[garde(range(min = 1))]
    page: u32,
}

impl Tidy for ByGarde {
    fn tidy(&mut self) {
        self.text = self.text.trim().to_lowercase();
    }
}

impl KeyPart for ByGarde {
    fn append(&self, key: &mut KeyBuilder) {
        key.push((self.text.as_str(), self.page));
    }
}

impl ByGarde {
    /// The whole form counts.
    #[cached_form(skip(runs))]
    async fn hits(
        &self,
        cache: &Cache,
        runs: &Runs,
    ) -> Result<String, FormError<garde::Report, Infallible>> {
        runs.count();
        Ok(self.text.clone())
    }
}

#[tokio::test]
async fn bc30_types_that_derive_gardes_validate_are_forms() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    let form = |text: &str, page| ByGarde {
        text: text.into(),
        page,
    };
    for text in [" Abba", "abba            "] {
        let hits = form(text, 1).hits(&cache, &runs).await;
        assert_eq!(hits.expect("it is valid once it is tidy"), "abba");
    }
    let refused = form(" ", 0)
        .hits(&cache, &runs)
        .await
        .expect_err("it is not valid");
    let report = refused.invalid().expect("the form is to blame");
    assert_eq!(report.iter().count(), 2, "{report}");
    assert_eq!(runs.so_far(), 1);
}

#[derive(Clone, Debug, validator::Validate)]
struct ByValidator {
    #[validate(length(min = 1))]
    text: String,
}

impl Tidy for ByValidator {}

/// An error of the application's own.
#[derive(Clone, Debug, PartialEq)]
enum Failure {
    Fields(Vec<String>),
}

impl FromInvalid<validator::ValidationErrors> for Failure {
    fn invalid(errors: validator::ValidationErrors) -> Failure {
        let fields = errors.field_errors();
        Failure::Fields(fields.keys().map(ToString::to_string).collect())
    }
}

impl ByValidator {
    #[cached_form(on(self.text), skip(runs))]
    async fn hits(&self, cache: &Cache, runs: &Runs) -> Result<String, Failure> {
        runs.count();
        Ok(self.text.clone())
    }
}

#[tokio::test]
async fn bc30_types_that_derive_validators_validate_are_forms() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    let form = |text: &str| ByValidator { text: text.into() };
    assert_eq!(form("abba").hits(&cache, &runs).await, Ok("abba".into()));
    assert_eq!(form("abba").hits(&cache, &runs).await, Ok("abba".into()));
    let refused = form("").hits(&cache, &runs).await;
    assert_eq!(refused, Err(Failure::Fields(vec!["text".into()])));
    assert_eq!(runs.so_far(), 1);
}
