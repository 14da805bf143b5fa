//! What pages read, one file a subject. Every function is one query, cached, under a name that the
//! page's foot shows.

pub mod albums;
pub mod artists;
pub mod customers;
pub mod genres;
pub mod invoices;
pub mod playlists;
pub mod tracks;
mod wording;

/// Rows on one page of a long list.
pub const PAGE_ROWS: u64 = 25;

/// One page of a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page(u64);

impl Page {
    /// The first page.
    pub const FIRST: Page = Page(1);

    /// The page of this number, counted from one.
    pub fn new(number: u64) -> Option<Page> {
        // The offset must stay a number that the database knows.
        (1..=u64::from(u32::MAX))
            .contains(&number)
            .then_some(Page(number))
    }

    /// Its number, counted from one.
    pub fn number(self) -> u64 {
        self.0
    }

    /// How many rows stand before it.
    pub fn offset(self) -> u64 {
        (self.0 - 1) * PAGE_ROWS
    }
}
