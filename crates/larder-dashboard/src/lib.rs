//! Pages that show what a fleet's cache holds, and why something is gone: an axum router to mount under any
//! path of an application, behind the application's own authorisation.
//!
//! ```
//! use axum::{Router, http::request::Parts};
//! use larder::Cache;
//! use larder_dashboard::{Access, Dashboard};
//! use larder_report::Reporter;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> larder::Result<()> {
//! let reporter = Reporter::new();
//! let cache = Cache::builder().observer(reporter.clone()).build()?;
//! let reporting = reporter.start(&cache);
//!
//! // Whatever the application knows people by: here a cookie that only its login gives.
//! let authorise = async |request: Parts| match request.headers.get("cookie") {
//!     Some(cookie) if cookie == "session=ada" => Access::read("ada").actions(),
//!     _ => Access::none(),
//! };
//! let dashboard = Dashboard::new(&reporting, authorise).host("admin.example");
//! let app: Router = Router::new().nest("/cache", dashboard.router());
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! There is no way to build it without an answer to who may see it, and none that lets everybody in by
//! default. What is protected how, and what was tried against it, stands in `docs/dashboard.md`.

mod access;
mod actions;
mod assets;
mod chart;
mod dashboard;
mod guard;
mod origin;
mod page;
mod pages;
mod search;
mod token;

pub use access::{Access, Authorise};
pub use dashboard::{
    Auditor, Dashboard, LISTED_WITHIN, LISTS_AT_ONCE, SECRET_BYTES_MIN, STORE_ANSWERS_WITHIN,
};
pub use pages::entries::ENTRIES_SHOWN_MAX;
pub use pages::entry::VALUE_BYTES_MAX;
pub use pages::{FLEET_KEPT, LISTED_ENOUGH};
pub use token::FORM_LIFE;
