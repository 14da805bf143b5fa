//! Stands in for `hook.rs` in a build without the feature `sqlite-hook`: there are no hooks.

use larder::adapter::Changes;
use sea_orm::{ConnectOptions, DatabaseTransaction, DbErr};

use crate::schema::Schema;
use crate::shared::Shared;

/// No connection has hooks.
pub(crate) enum Hooks {}

/// Nothing is captured.
pub(crate) struct Capture(());

impl Hooks {
    pub(crate) fn install(options: ConnectOptions) -> (ConnectOptions, Option<Hooks>) {
        (options, None)
    }
}

impl Shared {
    pub(crate) async fn capture(&self, _: &DatabaseTransaction) -> Result<Capture, DbErr> {
        Ok(Capture(()))
    }
}

impl Capture {
    pub(crate) fn add_to(&mut self, _: &Shared, _: &Schema, _: &mut Changes) {
        let Capture(()) = self;
    }
}
