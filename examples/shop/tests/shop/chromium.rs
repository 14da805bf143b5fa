//! A real browser without a window, spoken to over its debugging pipe.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Names under which the browser is installed.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Set to go without the browser on a machine that has none.
const WITHOUT: &str = "SHOP_TESTS_WITHOUT_BROWSER";

/// A browser with one empty page.
pub(crate) struct Browser {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    session: String,
    last: u64,
    _profile: TempDir,
}

impl Browser {
    /// Starts one. `None` only where somebody said that there is none.
    ///
    /// # Panics
    ///
    /// When it is missing and nobody said so: a test that did not run must not look passed.
    pub(crate) fn start() -> Option<Browser> {
        if std::env::var_os(WITHOUT).is_some() {
            eprintln!("NOT RUN, as {WITHOUT} is set: no browser has looked at the shop");
            return None;
        }
        let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok();
        let Some(name) = NAMES.into_iter().find(is_there) else {
            panic!(
                "chromium is missing: `apt-get install -y chromium`, or set {WITHOUT}=1 to go without"
            );
        };
        let profile = tempfile::tempdir().unwrap();
        // The browser reads commands from descriptor 3 and answers on 4.
        let script = format!(
            "exec {name} --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
             --disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars \
             --remote-debugging-pipe --user-data-dir=\"$1\" about:blank 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null"
        );
        let mut process = Command::new("sh")
            .args(["-c", &script, "sh"])
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = process.stdin.take().unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let mut browser = Browser {
            process,
            stdin,
            stdout,
            session: String::new(),
            last: 0,
            _profile: profile,
        };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.ask("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        browser.ask("Page.enable", json!({}));
        Some(browser)
    }

    /// Sends a command and waits for its answer.
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": parameters });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        self.stdin
            .write_all(format!("{command}\0").as_bytes())
            .unwrap();
        loop {
            let message = self.message();
            if message["id"] == json!(self.last) {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    fn message(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.stdout.read_until(0, &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0), "the browser ended");
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Makes the window this wide, in CSS pixels.
    pub(crate) fn resize(&mut self, width: u32) {
        let mobile = width < 600;
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": mobile });
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    /// Opens a page and waits until it is loaded.
    pub(crate) fn open(&mut self, url: &str) {
        self.ask("Page.navigate", json!({ "url": url }));
        self.loaded();
    }

    fn loaded(&mut self) {
        while self.message()["method"] != json!("Page.loadEventFired") {}
    }

    /// What an expression gives on the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        self.ask("Runtime.evaluate", parameters)["result"]["value"].clone()
    }

    /// Does something on the page that leads to another, and waits until that is loaded.
    pub(crate) fn follow(&mut self, expression: &str) {
        let parameters = json!({ "expression": expression });
        self.last += 1;
        let command = json!({ "id": self.last, "method": "Runtime.evaluate", "params": parameters, "sessionId": self.session });
        self.stdin
            .write_all(format!("{command}\0").as_bytes())
            .unwrap();
        self.loaded();
    }

    /// A picture of the page, as the bytes of a PNG in base 64.
    pub(crate) fn picture(&mut self) -> String {
        self.ask("Page.captureScreenshot", json!({ "format": "png" }))["data"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It would end by itself when its pipe closes; the profile folder goes first otherwise.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
