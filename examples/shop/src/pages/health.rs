//! Whether the shop is well: its store is given something to keep, its database is asked something.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use larder::{Checkup, Health};
use sea_orm::{ConnectionTrait, Statement};

use super::Shop;
use crate::{
    error::Error,
    format::Microseconds,
    frame::{Section, View},
    trace,
};

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage<'a> {
    store: &'a str,
    checkup: Checkup,
}

impl HealthPage<'_> {
    fn sentence(&self) -> &'static str {
        match self.checkup.health() {
            Health::Good => "It keeps what it is given.",
            Health::Slow => "It keeps what it is given, and takes its time.",
            Health::Forgetful => "It answers, and forgets. The shop asks its database instead.",
            _ => "It does not answer. The shop goes on without it.",
        }
    }

    /// What the store was given: a probe.
    fn probe(&self) -> String {
        let took = |did: &str, time: Option<Duration>| match time {
            Some(time) => format!("{did} in {}", Microseconds(time)),
            None => format!("not {did}"),
        };
        let written = took("written", self.checkup.write_time());
        format!("{written}, {}", took("read", self.checkup.read_time()))
    }
}

pub(crate) async fn show(State(shop): State<Shop>) -> Result<View, Error> {
    let ask = Statement::from_string(shop.db.get_database_backend(), "SELECT 1");
    trace::query("is the database there", shop.db.query_one_raw(ask)).await?;
    let page = HealthPage {
        store: &shop.store,
        checkup: shop.db.cache().check().await,
    };
    View::new(Section::Home, "Health", &page)
}
