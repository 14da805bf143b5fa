//! A real browser without a window, spoken to over its debugging pipe.
//!
//! What a page does wrong in a browser's eyes (a script that fails, something that a content security
//! policy forbids) is remembered: see [`Browser::complaints`].

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Names under which the browser is installed.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Set to go without the browser on a machine that has none.
const WITHOUT: &str = "LARDER_TESTS_WITHOUT_BROWSER";

/// A browser with one empty page.
///
/// # Panics
///
/// Every method panics if the browser cannot do what is asked.
pub struct Browser {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    session: String,
    last: u64,
    complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts one. `None` only where somebody said that there is none.
    ///
    /// # Panics
    ///
    /// When it is missing and nobody said so: a test that did not run must not look passed.
    pub fn start() -> Option<Browser> {
        if std::env::var_os(WITHOUT).is_some() {
            eprintln!("NOT RUN, as {WITHOUT} is set: no browser has looked at the pages");
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
            complaints: Vec::new(),
            _profile: profile,
        };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.ask("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
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
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        let said = &message["params"];
        match message["method"].as_str() {
            Some("Log.entryAdded") if said["entry"]["level"] == "error" => {
                let entry = &said["entry"];
                self.complaints
                    .push(format!("{}: {}", entry["source"], entry["text"]));
            }
            Some("Runtime.exceptionThrown") => {
                self.complaints.push(said["exceptionDetails"].to_string());
            }
            Some("Runtime.consoleAPICalled") if said["type"] == "error" => {
                self.complaints.push(said["args"].to_string());
            }
            _ => {}
        }
        message
    }

    /// What the browser has complained about since it was asked last.
    pub fn complaints(&mut self) -> Vec<String> {
        // Whatever it has to say before it answers, it has said then.
        self.value("0");
        std::mem::take(&mut self.complaints)
    }

    /// Has this cookie for this site, and no other.
    pub fn cookie(&mut self, site: &str, name: &str, value: &str) {
        self.ask("Network.enable", json!({}));
        self.ask("Network.clearBrowserCookies", json!({}));
        let cookie = json!({ "url": site, "name": name, "value": value });
        self.ask("Network.setCookie", cookie);
    }

    /// Sends these headers with every request from now on, but not where it is led on by an answer.
    pub fn headers(&mut self, headers: Value) {
        self.ask("Network.enable", json!({}));
        self.ask("Network.setExtraHTTPHeaders", json!({ "headers": headers }));
    }

    /// Shows pages as for somebody who likes them light, or dark.
    pub fn scheme(&mut self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.ask(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        );
    }

    /// Presses a key, as on a keyboard.
    pub fn press(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let mut event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if key == "Enter" && kind == "keyDown" {
                event["text"] = json!("\r");
            }
            self.ask("Input.dispatchKeyEvent", event);
        }
    }

    /// Makes the window this wide, in CSS pixels.
    pub fn resize(&mut self, width: u32) {
        let mobile = width < 600;
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": mobile });
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    /// Opens a page and waits until it is loaded.
    pub fn open(&mut self, url: &str) {
        self.ask("Page.navigate", json!({ "url": url }));
        self.loaded();
        // What was loaded may have been the empty page that a browser begins with.
        const THERE: &str = "document.readyState == 'complete' && location.href != 'about:blank'";
        while self.value(THERE) != json!(true) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn loaded(&mut self) {
        while self.message()["method"] != json!("Page.loadEventFired") {}
    }

    /// What an expression gives on the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        self.ask("Runtime.evaluate", parameters)["result"]["value"].clone()
    }

    /// Does something on the page that leads to another, and waits until that is loaded.
    pub fn follow(&mut self, expression: &str) {
        let parameters = json!({ "expression": expression });
        self.last += 1;
        let command = json!({ "id": self.last, "method": "Runtime.evaluate", "params": parameters, "sessionId": self.session });
        self.stdin
            .write_all(format!("{command}\0").as_bytes())
            .unwrap();
        self.loaded();
    }

    /// A picture of what the window shows, as the bytes of a PNG in base 64.
    pub fn picture(&mut self) -> String {
        self.ask("Page.captureScreenshot", json!({ "format": "png" }))["data"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Browser").finish_non_exhaustive()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It would end by itself when its pipe closes; the profile folder goes first otherwise.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
