//! The shop in process, asked as a browser asks it.
#![recursion_limit = "256"] // futures within futures: a test, a visit, a page, its queries

mod bad_input;
mod browser;
mod cache_pages;
mod cached;
mod client;
mod command_line;
mod edits;
mod fleet;
mod ground;
mod kept;
mod purchases;
mod views;
