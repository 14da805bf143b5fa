//! What larder's macros refuse, and what they say: every message, as the compiler shows it.
//!
//! After a change that is meant: `TRYBUILD=overwrite cargo test -p larder-messages --test ui`, and
//! read what has changed.

#[test]
fn bc1_what_cannot_be_a_cache_model_is_refused_in_a_sentence_that_says_what_to_do() {
    trybuild::TestCases::new().compile_fail("tests/ui/model/*.rs");
}

#[test]
fn bc23_what_cannot_be_cached_is_refused_in_a_sentence_that_says_what_to_do() {
    trybuild::TestCases::new().compile_fail("tests/ui/cached/*.rs");
}

#[test]
fn bc30_what_is_no_form_is_refused_in_a_sentence_that_says_what_to_do() {
    trybuild::TestCases::new().compile_fail("tests/ui/cached_form/*.rs");
}
