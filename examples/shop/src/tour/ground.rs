//! What the walk stands on: two databases of its own, one for each way, gone afterwards.

use tempfile::TempDir;

use crate::database::{Address, Server, StartError};

/// Two databases of the walk's own.
pub(super) enum Ground {
    /// Files in a temporary folder.
    Folder(TempDir),
    /// Databases beside another one on its server.
    Server { server: Server, made: [Server; 2] },
}

impl Ground {
    /// Two databases of the same kind as this one, which stays as it is.
    pub(super) async fn beside(address: &Address) -> Result<Ground, StartError> {
        let Address::Server(server) = address else {
            let folder = tempfile::tempdir();
            return folder.map(Ground::Folder).map_err(|error| {
                StartError(format!("cannot make a folder for the tour: {error}"))
            });
        };
        let first = server.make_another().await?;
        match server.make_another().await {
            Ok(second) => Ok(Ground::Server {
                server: server.clone(),
                made: [first, second],
            }),
            Err(error) => {
                server.drop_another(&first).await?;
                Err(error)
            }
        }
    }

    /// Where they are.
    pub(super) fn addresses(&self) -> [Address; 2] {
        match self {
            Ground::Folder(folder) => {
                ["without.db", "with.db"].map(|name| Address::File(folder.path().join(name)))
            }
            Ground::Server { made, .. } => made.clone().map(Address::Server),
        }
    }

    /// Leaves nothing of them.
    pub(super) async fn clear(self) -> Result<(), StartError> {
        if let Ground::Server { server, made } = self {
            for another in &made {
                server.drop_another(another).await?;
            }
        }
        Ok(())
    }
}
