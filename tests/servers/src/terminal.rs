//! A terminal of the tests' own, in which a command runs: a private tmux.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::program;
use crate::wait::until;

/// A terminal in which one command runs. Closed when dropped, and its command with it.
///
/// # Panics
///
/// Every method panics if the terminal cannot do what is asked, with what it said.
#[derive(Debug)]
pub struct Terminal {
    program: PathBuf,
    folder: TempDir,
}

impl Terminal {
    /// Starts `command` in a terminal of so many columns and rows. When it has ended, the terminal stays, and
    /// shows `ended with N` below what was there before: what a shell would go on with.
    pub fn start(command: &[&str], columns: u16, rows: u16) -> Terminal {
        let terminal = Terminal {
            program: program::need("tmux", "tmux"),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        let quoted: Vec<String> = command
            .iter()
            .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
            .collect();
        // Ctrl-C is the command's own business. In between it is an ordinary shell's terminal: `stty` says whether it was given back as it was.
        let script = format!(
            "trap : INT; stty -a > {folder}/before; echo before; {command}; status=$?; stty -a > {folder}/after; \
             echo \"ended with $status\"; sleep 1000",
            folder = terminal.folder.path().display(),
            command = quoted.join(" ")
        );
        let (columns, rows) = (columns.to_string(), rows.to_string());
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &columns,
            "-y",
            &rows,
            "sh",
            "-c",
            &script,
        ]);
        terminal
    }

    /// What is seen, line by line.
    pub fn shown(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Presses keys, each by tmux's name for it: `q`, `C-c`, `Enter`.
    pub fn press(&self, keys: &[&str]) {
        let mut words = vec!["send-keys"];
        words.extend(keys);
        self.tmux(&words);
    }

    /// Makes it as large as this.
    pub fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// Waits until a text is seen, and gives all that is seen then.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        let mut shown = String::new();
        until(&format!("the terminal shows {text:?}"), || {
            shown = self.shown();
            shown.contains(text)
        });
        shown
    }

    /// Whether the terminal takes keys and shows them as it did before the command, which has ended.
    pub fn is_as_before(&self) -> bool {
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name));
        let (before, after) = (read("before"), read("after"));
        let on = |flag: &str| self.tmux(&["display-message", "-p", flag]);
        before.is_ok_and(|before| after.is_ok_and(|after| before == after))
            && on("#{cursor_flag} #{alternate_on}").trim() == "1 0"
    }

    fn tmux(&self, words: &[&str]) -> String {
        let output = Command::new(&self.program)
            .arg("-S")
            .arg(self.folder.path().join("tmux"))
            .args(words)
            .stdin(Stdio::null())
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .output()
            .expect("tmux runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {words:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Command::new(&self.program)
            .arg("-S")
            .arg(self.folder.path().join("tmux"))
            .arg("kill-server")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
