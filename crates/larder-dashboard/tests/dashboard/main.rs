//! The dashboard, asked as browsers ask it and as they never would.

mod browser;
mod hostile;
mod lists;
mod pages;
mod refusals;
mod site;
mod vanished;
