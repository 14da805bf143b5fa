//! The command line: `shop`, which opens the shop, and `shop tour`, which walks through it.

use std::{
    ffi::OsString,
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use larder_report::Reporter;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{
    database::{self, StartError},
    keeper::Keeper,
    pages,
    store::{Place, Tier},
    tour::{self, TourError},
};

/// Exit status when the shop cannot start.
const CANNOT_START: u8 = 2;

/// Exit status when the tour found something wrong.
const FAILED: u8 = 1;

/// A record shop that reads its database through larder.
#[derive(Debug, Parser)]
#[command(name = "shop", version)]
struct Arguments {
    /// Where to listen for browsers.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
    listen: String,
    /// The database that holds the shop: a file of SQLite, made and filled if there is none, or
    /// postgres://USER:PASSWORD@HOST/NAME, mysql://… or mariadb://…, filled if it is empty.
    #[arg(long, value_name = "FILE|URL", default_value = "sqlite://shop.db")]
    database: String,
    #[command(flatten)]
    store: StoreArguments,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Where answers are kept. Shops that share a store should share the database too, or each
/// have a namespace of its own.
#[derive(Debug, clap::Args)]
struct StoreArguments {
    /// Where answers are kept: memory, redis://HOST:PORT (rediss:// with TLS),
    /// redis+cluster://HOST,HOST, redis+sentinel://HOST,HOST/MASTER, unix:///SOCKET,
    /// memcached://HOST:PORT,HOST:PORT.
    #[arg(long, value_name = "ADDRESS", default_value = "memory")]
    store: String,
    /// Memory in front of a store on a server: validated by it at every hit, or kept right by what
    /// the server tells of changes (pushed).
    #[arg(
        long,
        value_name = "validated|pushed",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "validated"
    )]
    near: Option<Tier>,
    /// The name under which this shop's answers are kept.
    #[arg(long, value_name = "NAME", default_value = "shop")]
    namespace: String,
    /// Speak to a server on another machine without encryption: the network is trusted.
    #[arg(long)]
    plaintext: bool,
    /// A file with at least 16 random bytes that sign what is kept: whoever else can write to the
    /// server cannot make answers up.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl From<StoreArguments> for Place {
    fn from(arguments: StoreArguments) -> Place {
        Place {
            address: arguments.store,
            near: arguments.near,
            namespace: arguments.namespace,
            plaintext: arguments.plaintext,
            secret: arguments.secret_file,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Walks through the shop in the terminal and counts statements, on scratch databases: files, or
    /// on the server that --database (before this word) names.
    Tour,
}

/// Runs the program with these arguments, the program's name first, on a runtime of its own.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    match Runtime::new() {
        Ok(runtime) => runtime.block_on(answer(arguments)),
        Err(error) => fail(CANNOT_START, &format!("no runtime could be made: {error}")),
    }
}

async fn answer(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        // `--help` and `--version` are answers, not faults.
        Err(answer) if !answer.use_stderr() => {
            print!("{answer}");
            return ExitCode::SUCCESS;
        }
        Err(fault) => return fail(CANNOT_START, &first_sentence(&fault.to_string())),
    };
    match arguments.command {
        Some(Command::Tour) => match walk(&arguments.database).await {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever was reading has seen enough.
            Err(TourError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
                ExitCode::SUCCESS
            }
            Err(TourError::Start(error)) => fail(CANNOT_START, &error.to_string()),
            Err(error) => fail(FAILED, &error.to_string()),
        },
        None => match serve(
            &arguments.listen,
            &arguments.database,
            arguments.store.into(),
        )
        .await
        {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(CANNOT_START, &error.to_string()),
        },
    }
}

fn fail(status: u8, sentence: &str) -> ExitCode {
    eprintln!("shop: {sentence}");
    ExitCode::from(status)
}

/// What clap found wrong, without its usage text.
fn first_sentence(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    format!(
        "{} (--help shows what there is)",
        line.strip_prefix("error: ").unwrap_or(line)
    )
}

async fn walk(database: &str) -> Result<(), TourError> {
    let address = database::locate(database)?;
    Box::pin(tour::walk(&address, &mut std::io::stdout())).await
}

async fn serve(listen: &str, database: &str, place: Place) -> Result<(), StartError> {
    // The port and the store first: loading data for a shop that cannot open helps nobody.
    let database = database::locate(database)?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| cannot_listen(listen, &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| cannot_listen(listen, &error))?;
    let keeper = Keeper::hired().map_err(StartError)?;
    let reporter = Reporter::named(&format!("the shop at {address}"));
    let cache = place.open().await?.observer(reporter.clone());
    let db = database::open(&database, cache).await?;
    let reporting = reporter.start(db.cache());
    let closing =
        closing_time().map_err(|error| StartError(format!("cannot listen for Ctrl-C: {error}")))?;
    // In one piece: whoever reads the first line may go away then.
    let opened = format!(
        "The shop is open at http://{address} (Ctrl-C closes it)\nIts cache: http://{address}/cache, {}\n",
        keeper.hint()
    );
    print!("{opened}");
    let hosts = names_of(address);
    let router = pages::with_cache(db.clone(), &place.name(), keeper, &reporting, &hosts);
    axum::serve(listener, router)
        .with_graceful_shutdown(closing)
        .await
        .map_err(|error| StartError(format!("the shop had to close: {error}")))?;
    // Other shops need not wait until this one's report has grown old. If the store is away they do.
    let _ = reporting.end().await;
    // Folds the write-ahead log back into a file.
    database::close(db).await;
    println!("The shop is closed");
    Ok(())
}

/// The names under which browsers may ask for the cache's pages; none where the usual ones of this
/// machine do.
fn names_of(address: SocketAddr) -> Vec<String> {
    if address.ip().is_loopback() {
        return Vec::new();
    }
    let own = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    vec![own, "localhost".to_owned(), "127.0.0.1".to_owned()]
}

fn cannot_listen(listen: &str, error: &std::io::Error) -> StartError {
    StartError(match error.kind() {
        ErrorKind::AddrInUse => {
            format!(
                "something else is already listening on {listen}: choose another address with --listen"
            )
        }
        ErrorKind::PermissionDenied => {
            format!("the system does not let the shop listen on {listen}")
        }
        _ => format!("cannot listen on {listen}: {error}"),
    })
}

/// Listens for Ctrl-C, and for the system's wish that the program ends. It listens from this call
/// on, not only once the future is polled: who sees the shop open may close it at once.
#[cfg(unix)]
fn closing_time() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Listens for Ctrl-C, from this call on.
#[cfg(windows)]
fn closing_time() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
