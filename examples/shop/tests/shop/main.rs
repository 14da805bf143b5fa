//! The shop in process, asked as a browser asks it.

mod bad_input;
mod browser;
mod cache_pages;
mod cached;
mod client;
mod command_line;
mod edits;
mod fleet;
mod kept;
mod purchases;
mod views;
