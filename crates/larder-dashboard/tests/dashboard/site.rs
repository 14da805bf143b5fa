//! A site with a dashboard, and somebody who asks it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::request::Parts;
use larder::{Cache, CacheBuilder};
use larder_dashboard::{Access, Dashboard};
use larder_report::{Act, ActOutcome, Reporter, Reporting};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where the dashboard is mounted.
pub(crate) const PREFIX: &str = "/inner/cache";

/// Somebody who may do everything, and somebody who may look.
pub(crate) const GRACE: (&str, &str) = ("Cookie", "who=grace");
pub(crate) const ADA: (&str, &str) = ("Cookie", "who=ada");

/// A site on a port of its own.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) cache: Cache,
    pub(crate) reporting: Reporting,
    acts: Arc<Mutex<Vec<Act>>>,
}

/// What the cookie says somebody may do.
pub(crate) async fn authorise(request: Parts) -> Access {
    let cookie = request.headers.get("cookie").map(|value| value.as_bytes());
    match cookie {
        Some(b"who=grace") => Access::read("grace").actions().values(),
        Some(b"who=linus") => Access::read("linus").actions(),
        Some(b"who=ada") => Access::read("ada"),
        _ => Access::none(),
    }
}

impl Site {
    pub(crate) async fn open() -> Site {
        Site::with(Cache::builder(), |dashboard| dashboard).await
    }

    pub(crate) async fn with(
        cache: CacheBuilder,
        settings: impl FnOnce(Dashboard) -> Dashboard,
    ) -> Site {
        let reporter = Reporter::named("the site");
        let cache = cache.observer(reporter.clone()).build().unwrap();
        let reporting = reporter.start(&cache);
        let acts = Arc::new(Mutex::new(Vec::new()));
        let heard = acts.clone();
        let dashboard = Dashboard::new(&reporting, authorise)
            .sign_in_at("/sign-in")
            .auditor(move |act| heard.lock().unwrap().push(act.clone()));
        let router: Router = Router::new().nest(PREFIX, settings(dashboard).router());
        let address = serve(router).await;
        Site {
            address,
            cache,
            reporting,
            acts,
        }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of one of the dashboard's pages.
    pub(crate) fn page(&self, name: &str) -> String {
        format!("{}{}", self.origin(), path(name))
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        page: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        ask(self.address, method, &path(page), headers, body).await
    }

    /// A page, as Grace sees it.
    pub(crate) async fn get(&self, page: &str) -> Answer {
        self.ask("GET", page, &[GRACE], "").await
    }

    /// A form, as Grace's browser sends it.
    pub(crate) async fn post(&self, act: &str, form: &str) -> Answer {
        let origin = self.origin();
        self.ask("POST", act, &[GRACE, ("Origin", &origin)], form)
            .await
    }

    /// What was told since this was asked last: who, what, and why it was refused.
    pub(crate) fn told(&self) -> Vec<(String, String, String)> {
        let acts = std::mem::take(&mut *self.acts.lock().unwrap());
        let why = |outcome| match outcome {
            ActOutcome::Done => "done".to_owned(),
            ActOutcome::Refused(why) | ActOutcome::Failed(why) => why,
            other => format!("{other:?}"),
        };
        acts.into_iter()
            .map(|act| (act.who, act.what, why(act.outcome)))
            .collect()
    }

    /// The token of a form on the page of a key's entry.
    pub(crate) async fn token(&self, key: &larder::Key, act: &str) -> String {
        let page = self.get(&format!("entry?key={}", key.to_opaque())).await;
        page.token(act)
    }
}

/// The path of a page; of no name, that of the dashboard itself.
fn path(page: &str) -> String {
    match page {
        "" => PREFIX.to_owned(),
        page => format!("{PREFIX}/{page}"),
    }
}

pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// What the site answered.
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

    /// The token in the first form that does this.
    pub(crate) fn token(&self, act: &str) -> String {
        let form = self.body.split(&format!("action=\"{act}\"")).nth(1);
        let token = form.and_then(|form| form.split("name=\"token\" value=\"").nth(1));
        let token = token.and_then(|token| token.split('"').next());
        token
            .unwrap_or_else(|| panic!("no form does {act} in {}", self.body))
            .to_owned()
    }

    /// The page without its tags.
    pub(crate) fn text(&self) -> String {
        let main = self.body.split("<main").nth(1).unwrap_or(&self.body);
        let parts = main
            .split('<')
            .map(|part| part.split_once('>').map_or("", |(_, text)| text));
        let text: Vec<&str> = parts.flat_map(str::split_whitespace).collect();
        text.join(" ").replace("&#39;", "'")
    }
}

/// Sends a request, with a `Host` unless one is given. An empty `Host` is left out.
pub(crate) async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let length = body.len();
    head += &format!(
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses a long body may close before it has read all of it.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
