//! A shop of its own for each test, and a visitor who remembers cookies.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use larder_report::Reporter;
use larder_sea_orm::larder::Cache;
use sea_orm::{ConnectionTrait, Statement};
use shop::{database, keeper::Keeper, pages};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::ground::{Ground, Kind};

/// What the keeper wants to hear.
pub(crate) const WORD: &str = "the needle and the groove";

/// A shop that is open on a port of its own.
pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    pub(crate) db: database::Db,
    statements: Arc<AtomicU64>,
    ground: Arc<Ground>,
}

impl Shop {
    /// A shop on a file, for tests of what is no database's affair.
    pub(crate) async fn open() -> Shop {
        Shop::open_on(Kind::Sqlite).await
    }

    /// A shop on a database of this kind.
    pub(crate) async fn open_on(kind: Kind) -> Shop {
        Shop::open_at(Arc::new(Ground::new(kind).await)).await
    }

    /// Another shop on the same database, which remembers nothing.
    pub(crate) async fn reopened(&self) -> Shop {
        Shop::open_at(self.ground.clone()).await
    }

    async fn open_at(ground: Arc<Ground>) -> Shop {
        let statements = Arc::new(AtomicU64::new(0));
        let counter = statements.clone();
        let watch = move |_: &sea_orm::metric::Info<'_>| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        let reporter = Reporter::named("the shop");
        let cache = Cache::builder().observer(reporter.clone());
        let (db, _) = database::open_watched(&ground.address(), cache, watch)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let keeper = Keeper::with(WORD.to_owned());
        let reporting = reporter.start(db.cache());
        let router = pages::with_cache(db.clone(), "memory", keeper, &reporting, &[]);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Shop {
            address,
            db,
            statements,
            ground,
        }
    }

    /// How many statements have reached the database, as SeaORM's own connection counts them.
    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    pub(crate) fn visitor(&self) -> Visitor {
        Visitor::at(self.address)
    }

    /// One number, asked of the database itself. A text casts what is no 64-bit number everywhere.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.db.get_database_backend(), sql);
        let row = self.db.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0)
            .or_else(|_| row.try_get_by_index::<i32>(0).map(i64::from))
            .unwrap()
    }
}

/// Someone who looks at pages and sends forms.
pub(crate) struct Visitor {
    address: SocketAddr,
    pub(crate) cookie: Option<String>,
}

/// What the shop answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// The page without its frame and without its tags.
    pub(crate) fn text(&self) -> String {
        let main = self
            .body
            .split("<main")
            .nth(1)
            .and_then(|rest| rest.split("</main>").next())
            .unwrap_or_default();
        let mut text = String::new();
        for part in main.split('<') {
            text.push_str(part.split_once('>').map_or("", |(_, text)| text));
            text.push(' ');
        }
        // How a template writes an apostrophe.
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace("&#39;", "'")
    }

    /// How many statements the page sent to the database, by its own account.
    pub(crate) fn statements(&self) -> u64 {
        let timing = self
            .header("server-timing")
            .expect("every page says what it cost");
        let (_, database) = timing.split_once("db;desc=\"").unwrap();
        database.split(' ').next().unwrap().parse().unwrap()
    }
}

impl Visitor {
    /// Someone at the door of the shop that listens there.
    pub(crate) fn at(address: SocketAddr) -> Visitor {
        Visitor {
            address,
            cookie: None,
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\n"), "").await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        let origin = format!("http://{}", self.address);
        self.post_from(&origin, path, form).await
    }

    pub(crate) async fn post_from(&mut self, origin: &str, path: &str, form: &str) -> Answer {
        let head = format!(
            "POST {path} HTTP/1.1\r\nOrigin: {origin}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        );
        self.send(&head, form).await
    }

    async fn send(&mut self, head: &str, body: &str) -> Answer {
        let cookie = self
            .cookie
            .as_ref()
            .map(|cookie| format!("Cookie: {cookie}\r\n"))
            .unwrap_or_default();
        let length = body.len();
        let host = self.address;
        let request = format!(
            "{head}Host: {host}\r\n{cookie}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let answer = Answer {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        };
        if let Some(cookie) = answer.header("set-cookie") {
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        answer
    }
}
