//! A private MariaDB server.

mod builder;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub use builder::MariaDbBuilder;

use crate::daemon::Daemon;
use crate::program;
use crate::sql;

/// The server's one user, who may do everything and has no password.
const USER: &str = "root";
/// The database that is there from the beginning.
const FIRST: &str = "mysql";
/// The configuration file, in the server's folder.
const SETTINGS: &str = "my.cnf";

/// A private MariaDB server with files of its own in a temporary folder. Killed when dropped.
///
/// Its text is `utf8mb4` with the server's own collation of it, which takes `a` for `A`. Nothing is
/// flushed to the disk, and yet no acknowledged commit is lost when the server is
/// [killed](Self::kill): only the machine itself may not die.
///
/// ```
/// use larder_servers::MariaDb;
///
/// let server = MariaDb::shared();
/// let url = server.database("greetings");
/// server.run_sql("greetings", "CREATE TABLE greeting (text text); INSERT INTO greeting VALUES ('hello')");
/// assert_eq!(server.run_sql("greetings", "SELECT text FROM greeting"), "hello");
/// assert!(url.ends_with("/greetings"));
/// ```
///
/// # Panics
///
/// Every method panics if the server cannot do what is asked, with what it said.
#[derive(Debug)]
pub struct MariaDb {
    daemon: Daemon,
    program: PathBuf,
    client: PathBuf,
    settings: Vec<(String, String)>,
}

impl MariaDb {
    /// A MariaDB server.
    pub fn start() -> MariaDb {
        MariaDb::builder().start()
    }

    /// The server of this process: started by whoever asks first, and ended with the process. For
    /// tests that need no more than a [database](Self::database) of their own, and break nothing.
    pub fn shared() -> &'static MariaDb {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(MariaDb::start)
    }

    /// A server with settings.
    pub fn builder() -> MariaDbBuilder {
        MariaDbBuilder::default()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.daemon.port()
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        self.daemon.address()
    }

    /// `mysql://user@127.0.0.1:port/database`.
    pub fn url(&self, database: &str) -> String {
        self.url_at(&self.address(), database)
    }

    /// The same at another address: that of a [`Proxy`](crate::Proxy) in front of it.
    pub fn url_at(&self, address: &str, database: &str) -> String {
        format!("mysql://{USER}@{address}/{}", sql::plain(database))
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder().join("socket")
    }

    /// Its temporary folder.
    pub fn folder(&self) -> &Path {
        self.daemon.folder()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.daemon.id()
    }

    /// Makes an empty database, in place of one that has the name already, and gives its
    /// [url](Self::url).
    pub fn database(&self, name: &str) -> String {
        let name = sql::plain(name);
        let text = format!("DROP DATABASE IF EXISTS `{name}`; CREATE DATABASE `{name}`;");
        self.run_sql(FIRST, &text);
        self.url(name)
    }

    /// Runs SQL, as many statements as there are, each in a transaction of its own unless the text
    /// says otherwise. What they returned: a line for each row, with a tab between columns.
    #[track_caller]
    pub fn run_sql(&self, database: &str, text: &str) -> String {
        self.try_run_sql(database, text)
            .unwrap_or_else(|error| panic!("MariaDB refused: {error}"))
    }

    /// The same.
    ///
    /// # Errors
    ///
    /// What the server complained of; statements after the one that failed are not run.
    pub fn try_run_sql(&self, database: &str, text: &str) -> Result<String, String> {
        let mut client = Command::new(&self.client);
        client
            .args(["--no-defaults", "--batch", "--skip-column-names"])
            .args(["--default-character-set=utf8mb4", "--user", USER])
            .arg("--socket")
            .arg(self.socket())
            .arg(sql::plain(database));
        sql::run(&mut client, text)
    }

    /// Kills it with SIGKILL. What it has acknowledged is on its disk.
    pub fn kill(&self) {
        self.daemon.kill();
    }

    /// Starts it again on its port, after [`kill`](Self::kill) or instead of it. It finds what it
    /// had.
    pub fn restart(&self) {
        self.daemon.restart(|| self.launch());
    }

    /// Stops it with SIGSTOP: its connections stay open, and nothing answers.
    pub fn pause(&self) {
        self.daemon.pause();
    }

    /// Lets it go on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.daemon.resume();
    }

    /// Makes the files of a new server.
    fn install(&self) {
        self.configure();
        let install = program::need("mariadb-install-db", "mariadb-server");
        let mut command = self.daemon.command(&install);
        command
            .arg(self.defaults())
            .args(["--auth-root-authentication-method=normal"])
            .args(["--skip-test-db", "--skip-name-resolve"]);
        self.daemon.run(&mut command);
    }

    /// Starts the process and waits until it answers. Whether it did; if not, its port was taken.
    fn launch(&self) -> bool {
        self.configure();
        let mut command = self.daemon.command(&self.program);
        command.arg(self.defaults());
        let answers = || self.try_run_sql(FIRST, "SELECT 1").is_ok();
        self.daemon.launch(&mut command, answers)
    }

    /// The argument that names the configuration file, in place of those of the system.
    fn defaults(&self) -> String {
        format!("--defaults-file={}", self.folder().join(SETTINGS).display())
    }

    fn configure(&self) {
        self.daemon.write(SETTINGS, &self.lines());
    }

    fn lines(&self) -> String {
        let folder = self.folder().display();
        let mut lines = format!(
            "[mariadbd]\nport = {}\nsocket = {folder}/socket\ndatadir = {folder}/data\n\
             pid-file = {folder}/id\n",
            self.port()
        );
        for (name, value) in &self.settings {
            lines.push_str(&format!("{name} = {value}\n"));
        }
        lines
    }
}
