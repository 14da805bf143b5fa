//! A connection on which commands are asked.

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, RedisConnectionInfo, RedisError, Value,
};
use tokio::task::AbortHandle;

use super::endpoint::Endpoint;
use super::refusal::{broken, words};
use super::settings::{Login, Settings};
use super::stream;
use crate::error::{Error, Result};

/// So many batches wait at most to be written while the connection is busy; more callers wait
/// before it.
const BATCHES_WAITING_MAX: usize = 256;

/// A connection on which commands are asked. It never reconnects: once broken it stays so.
///
/// # Cancel safety
///
/// Who stops waiting for replies leaves them to be read and thrown away; those of others are not
/// touched.
pub(super) struct Wire {
    connection: MultiplexedConnection,
    driver: AbortHandle,
    pub(super) address: String,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Wire {
    /// Opens a connection, on which nothing has been said.
    pub(super) async fn open(endpoint: &Endpoint, settings: &Settings) -> Result<Wire> {
        let quiet = RedisConnectionInfo::default().set_skip_set_lib_name();
        Wire::open_with(endpoint, settings, quiet, config()).await
    }

    /// Opens a connection with another greeting.
    pub(super) async fn open_with(
        endpoint: &Endpoint,
        settings: &Settings,
        greeting: RedisConnectionInfo,
        config: AsyncConnectionConfig,
    ) -> Result<Wire> {
        settings.check(endpoint)?;
        let stream = stream::open(endpoint, settings).await?;
        let address = endpoint.to_string();
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&greeting, stream, config)
                .await
                .map_err(|error| broken(&address, &error))?;
        Ok(Wire {
            connection,
            driver: tokio::spawn(driver).abort_handle(),
            address,
        })
    }

    /// Asks commands in one round trip: one reply for each, refusals among them.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub(super) async fn ask(&self, mut commands: Vec<Cmd>) -> Result<Vec<Value>, RedisError> {
        // A handle of its own for each caller: the connection itself is shared.
        let mut connection = self.connection.clone();
        match commands.len() {
            0 => Ok(Vec::new()),
            1 => {
                let command = commands.remove(0);
                Ok(vec![connection.send_packed_command(&command).await?])
            }
            count => {
                let mut pipeline = Pipeline::with_capacity(count);
                for command in commands {
                    pipeline.add_command(command);
                }
                connection.send_packed_commands(&pipeline, 0, count).await
            }
        }
    }

    /// Asks, at the beginning of a connection, where a failure mostly tells of a wrong setting.
    pub(super) async fn ask_first(
        &self,
        commands: Vec<Cmd>,
        encrypted: bool,
    ) -> Result<Vec<Value>> {
        self.ask(commands).await.map_err(|error| {
            let address = &self.address;
            match error.kind() {
                ErrorKind::Parse => Error::config(format!(
                    "{address} does not speak the protocol of Redis: is it another service?"
                )),
                ErrorKind::Io if !encrypted => Error::store(format!(
                    "{address} closed the connection at once ({error}): does it want TLS \
                     (rediss://), or is it another service?"
                )),
                // With TLS 1.3 a server looks at our certificate after the handshake.
                ErrorKind::Io => Error::store(format!(
                    "{address} closed the connection right after the TLS handshake ({error}): it \
                     may ask for a certificate of ours, .tls_identity(certificate, key)"
                )),
                _ => broken(address, &error),
            }
        })
    }

    /// Tells who we are and which database we mean.
    ///
    /// # Errors
    ///
    /// [`is_config`](Error::is_config) if the server does not accept it.
    pub(super) async fn log_in(
        &self,
        login: &Login,
        database: u32,
        settings: &Settings,
    ) -> Result<()> {
        let mut commands = Vec::new();
        if let Some(password) = &login.password {
            let mut command = redis::cmd("AUTH");
            if let Some(username) = &login.username {
                command.arg(&**username);
            }
            command.arg(password.reveal());
            commands.push(command);
        }
        let select = commands.len();
        if database != 0 {
            let mut command = redis::cmd("SELECT");
            command.arg(database);
            commands.push(command);
        }
        let replies = self.ask_first(commands, settings.tls.is_some()).await?;
        for (place, reply) in replies.iter().enumerate() {
            let Value::ServerError(error) = reply else {
                continue;
            };
            let address = &self.address;
            let said = words(error);
            return Err(match (place == select, error.code()) {
                (false, "WRONGPASS") => Error::config(format!(
                    "{address} does not accept the user name or the password ({said})"
                )),
                (false, _) => Error::config(format!(
                    "{address} does not let us log in ({said}): it may know no user, and want none"
                )),
                (true, "NOAUTH") => no_password(address),
                (true, _) => Error::config(format!(
                    "{address} has no database {database} for us ({said}): choose another number, \
                     or 0"
                )),
            });
        }
        Ok(())
    }
}

/// A password is wanted and none was given.
pub(super) fn no_password(address: &str) -> Error {
    Error::config(format!(
        "{address} asks for a password: give one, and its user's name if it has one, where \
         the address is given: redis://user:password@…"
    ))
}

/// How connections behave: they wait for an answer as long as whoever asks.
pub(super) fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_connection_timeout(None)
        .set_pipeline_buffer_size(BATCHES_WAITING_MAX)
}
