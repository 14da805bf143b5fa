//! The shop's tables as SeaORM entities, one file a table.

pub mod album;
pub mod artist;
pub mod basket_line;
pub mod customer;
pub mod employee;
pub mod genre;
pub mod invoice;
pub mod invoice_line;
pub mod media_type;
pub mod playlist;
pub mod playlist_track;
pub mod track;
