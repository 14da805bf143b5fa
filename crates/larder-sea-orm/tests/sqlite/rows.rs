//! Rows of entities on SQLite: what the other databases do not have, or say otherwise.

mod equal_keys;
mod scopes;

use crate::fleet::Server;
use crate::shared::rows::races;

#[tokio::test(flavor = "multi_thread")]
async fn no_row_that_is_read_strictly_is_older_than_the_database() {
    for server in Server::all() {
        races::check(server, true, 100).await;
    }
}
