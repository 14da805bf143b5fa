//! A private PostgreSQL server.

mod builder;
mod installed;
mod replica;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub use builder::PostgresBuilder;

use crate::daemon::Daemon;
use crate::sql;

/// The server's one user, who may do everything and has no password.
const USER: &str = "postgres";
/// The database that is there from the beginning.
const FIRST: &str = "postgres";

/// A private PostgreSQL server: a cluster of its own in a temporary folder. Ended when dropped.
///
/// Its text is UTF-8 and compares byte by byte, unless a database is [made](Self::icu_database) to
/// compare otherwise. Nothing is flushed to the disk, and yet no acknowledged commit is lost when the
/// server is [killed](Self::kill): only the machine itself may not die. Logical replication and
/// prepared transactions are on.
///
/// ```
/// use larder_servers::Postgres;
///
/// let server = Postgres::shared();
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
pub struct Postgres {
    daemon: Daemon,
    programs: PathBuf,
    settings: Vec<(String, String)>,
}

impl Postgres {
    /// A collation of every [ICU database](Self::icu_database) by which `a` equals `A`: a
    /// nondeterministic one.
    pub const CASE_INSENSITIVE: &'static str = "case_insensitive";

    /// A PostgreSQL server.
    pub fn start() -> Postgres {
        Postgres::builder().start()
    }

    /// The server of this process: started by whoever asks first, and ended with the process. For
    /// tests that need no more than a [database](Self::database) of their own, and break nothing.
    pub fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Postgres::start)
    }

    /// A server with settings.
    pub fn builder() -> PostgresBuilder {
        PostgresBuilder::default()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.daemon.port()
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        self.daemon.address()
    }

    /// `postgres://user@127.0.0.1:port/database`.
    pub fn url(&self, database: &str) -> String {
        self.url_at(&self.address(), database)
    }

    /// The same at another address: that of a [`Proxy`](crate::Proxy) in front of it.
    pub fn url_at(&self, address: &str, database: &str) -> String {
        format!("postgres://{USER}@{address}/{}", sql::plain(database))
    }

    /// Its temporary folder, which is also that of its unix socket.
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
        // Nobody is ever connected to template0, so it can always be copied.
        self.create(name, "TEMPLATE template0")
    }

    /// The same as a copy of another database, to which nobody may be connected meanwhile.
    pub fn database_like(&self, name: &str, template: &str) -> String {
        self.create(name, &format!("TEMPLATE \"{}\"", sql::plain(template)))
    }

    /// The same, empty, with text that compares as people who speak the language `locale` (`en-US`)
    /// sort it. In it is the collation [`CASE_INSENSITIVE`](Self::CASE_INSENSITIVE), for columns: no
    /// database can have a nondeterministic one as its own. Needs PostgreSQL 15.
    pub fn icu_database(&self, name: &str, locale: &str) -> String {
        let options =
            format!("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE '{locale}' LOCALE 'C'");
        let url = self.create(name, &options);
        let collation = format!(
            "CREATE COLLATION {} (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            Self::CASE_INSENSITIVE
        );
        self.run_sql(name, &collation);
        url
    }

    /// Runs SQL, as many statements as there are, each in a transaction of its own unless the text
    /// says otherwise. What the last ones returned: a line for each row, with `|` between columns.
    #[track_caller]
    pub fn run_sql(&self, database: &str, text: &str) -> String {
        self.try_run_sql(database, text)
            .unwrap_or_else(|error| panic!("PostgreSQL refused: {error}"))
    }

    /// The same.
    ///
    /// # Errors
    ///
    /// What the server complained of; statements after the one that failed are not run.
    pub fn try_run_sql(&self, database: &str, text: &str) -> Result<String, String> {
        let mut client = Command::new(self.programs.join("psql"));
        client
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set=ON_ERROR_STOP=1", "--username", USER, "--host"])
            .arg(self.folder())
            .args(["--port", &self.port().to_string()])
            .args(["--dbname", sql::plain(database)]);
        sql::run(&mut client, text)
    }

    /// Kills it and its children with SIGKILL. What it has acknowledged is on its disk.
    pub fn kill(&self) {
        self.daemon.kill();
        self.forget_memory();
    }

    /// Starts it again on its port, after [`kill`](Self::kill) or instead of it. It finds what it
    /// had.
    pub fn restart(&self) {
        self.kill();
        self.daemon.restart(|| self.launch());
    }

    /// Stops it and its children with SIGSTOP: its connections stay open, and nothing answers.
    pub fn pause(&self) {
        self.daemon.pause();
    }

    /// Lets it go on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.daemon.resume();
    }

    fn create(&self, name: &str, options: &str) -> String {
        let name = sql::plain(name);
        self.run_sql(
            FIRST,
            &format!(
                "SET client_min_messages = warning;
                 DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE);
                 CREATE DATABASE \"{name}\" {options};"
            ),
        );
        self.url(name)
    }

    /// Starts the process and waits until it answers. Whether it did; if not, its port was taken.
    fn launch(&self) -> bool {
        self.daemon.write("data/postgresql.conf", &self.lines());
        let mut command = self.daemon.command(&self.programs.join("postgres"));
        command.arg("-D").arg(self.data());
        let answers = || self.try_run_sql(FIRST, "SELECT 1").is_ok();
        self.daemon.launch(&mut command, answers)
    }

    fn lines(&self) -> String {
        let port = self.port().to_string();
        let folder = self.folder().display().to_string();
        let own = [("port", &port), ("unix_socket_directories", &folder)];
        let given = self.settings.iter().map(|(name, value)| (&**name, value));
        own.into_iter()
            .chain(given)
            .map(|(name, value)| format!("{name} = '{}'\n", value.replace('\'', "''")))
            .collect()
    }

    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// A few bytes of System V memory outlive a server that was killed, and the machine has room for
    /// some thousands of them. The server noted which in the last but one line of its lock file.
    fn forget_memory(&self) {
        let lock = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let Some(id) = lock
            .lines()
            .nth(6)
            .and_then(|line| line.split(' ').next_back())
        else {
            return;
        };
        Command::new("ipcrm")
            .args(["-m", id])
            .stderr(Stdio::null())
            .status()
            .ok();
    }
}
