//! The line under a long list: which part is shown, and the way to the others.

use crate::{
    error::Error,
    format::Count,
    queries::{PAGE_ROWS, Page},
};

/// The line under a long list.
pub(crate) struct Pager {
    total: u64,
    page: u64,
    /// The address without the page.
    base: String,
}

impl Pager {
    /// For a list of `total` rows at `path` with these fields in its address.
    pub(crate) fn new(
        total: u64,
        page: Page,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Pager, Error> {
        let page = page.number();
        if page > 1 && page > total.div_ceil(PAGE_ROWS) {
            return Err(Error::NotFound(format!(
                "The list has no page {}.",
                Count(page)
            )));
        }
        let mut base = format!("{path}?");
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            base.push_str(&format!("{name}={}&", encode(value)));
        }
        Ok(Pager { total, page, base })
    }

    pub(crate) fn pages(&self) -> u64 {
        self.total.div_ceil(PAGE_ROWS).max(1)
    }

    pub(crate) fn number(&self) -> u64 {
        self.page
    }

    /// `26 to 50 of 3,503`.
    pub(crate) fn range(&self) -> String {
        let first = (self.page - 1) * PAGE_ROWS + 1;
        let last = (self.page * PAGE_ROWS).min(self.total);
        format!(
            "{} to {} of {}",
            Count(first),
            Count(last),
            Count(self.total)
        )
    }

    pub(crate) fn previous(&self) -> Option<String> {
        (self.page > 1).then(|| self.link(self.page - 1))
    }

    pub(crate) fn next(&self) -> Option<String> {
        (self.page < self.pages()).then(|| self.link(self.page + 1))
    }

    fn link(&self, page: u64) -> String {
        match page {
            1 => self.base.trim_end_matches(['&', '?']).to_owned(),
            _ => format!("{}page={page}", self.base),
        }
    }
}

/// Percent-encodes a value for an address.
fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pager(total: u64, page: u64) -> Pager {
        Pager::new(
            total,
            Page::new(page).unwrap(),
            "/tracks",
            &[("q", "a&b ü"), ("genre", "")],
        )
        .unwrap()
    }

    #[test]
    fn the_first_page_has_no_way_back_and_the_last_no_way_on() {
        assert_eq!(pager(60, 1).previous(), None);
        assert_eq!(
            pager(60, 1).next().as_deref(),
            Some("/tracks?q=a%26b%20%C3%BC&page=2")
        );
        assert_eq!(
            pager(60, 2).previous().as_deref(),
            Some("/tracks?q=a%26b%20%C3%BC")
        );
        assert_eq!(pager(60, 3).next(), None);
        assert_eq!(pager(60, 3).range(), "51 to 60 of 60");
    }

    #[test]
    fn a_page_beyond_the_end_is_not_found() {
        assert!(Pager::new(50, Page::new(3).unwrap(), "/", &[]).is_err());
        assert!(Pager::new(0, Page::FIRST, "/", &[]).is_ok());
    }
}
