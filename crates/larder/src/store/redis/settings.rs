//! What all connections of a store have in common.

use std::sync::OnceLock;
use std::time::Duration;

use super::endpoint::Endpoint;
use super::password::Password;
use super::tls::Tls;
use crate::error::Result;

/// A user's name and password, as far as they are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) username: Option<String>,
    pub(super) password: Option<Password>,
}

/// What all connections of a store have in common.
pub(super) struct Settings {
    pub(super) login: Login,
    pub(super) database: u32,
    pub(super) tls: Option<Tls>,
    pub(super) plaintext: bool,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
    pub(super) value_bytes_max: usize,
    /// What a server has said would have to be granted for news.
    pub(super) news_need: OnceLock<String>,
}

impl Settings {
    /// Whether a password and values may be sent there.
    pub(super) fn check(&self, endpoint: &Endpoint) -> Result<()> {
        endpoint.check_secrecy(self.tls.is_some(), self.plaintext)
    }
}
