//! What people type to find keys.

use larder::Key;

/// Longer searches are refused.
pub(crate) const SEARCH_BYTES_MAX: usize = 1_000;

/// The first parts of keys, as they are typed ([`Key::from_typed`]).
///
/// # Errors
///
/// What is wrong, as a sentence.
pub(crate) fn prefix(typed: &str) -> Result<Key, String> {
    if typed.len() > SEARCH_BYTES_MAX {
        return Err("Shorter, please: at most 1,000 letters.".to_owned());
    }
    Key::from_typed(typed).map_err(|error| sentence(&error.to_string()))
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(chars)
        .chain(['.'])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_key_or_a_sentence() {
        assert_eq!(prefix("product, 7").unwrap(), Key::new(("product", 7)));
        assert_eq!(
            prefix("'a").unwrap_err(),
            "A quotation mark is missing at the end of a text."
        );
        assert!(prefix(&"a".repeat(1_001)).unwrap_err().ends_with('.'));
    }
}
