//! What is made from the definition of the commands: completions, the manual page, help.

use crate::service::Run;

const COMMANDS: [&str; 12] = [
    "explain",
    "try",
    "stats",
    "top",
    "keys",
    "show",
    "rm",
    "invalidate",
    "watch",
    "doctor",
    "completions",
    "man",
];

#[test]
fn every_shell_completes_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script =
            String::from_utf8(crate::larder(&["completions", shell]).stdout).expect("text");
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    let bash = crate::larder(&["completions", "bash"]).stdout;
    let mut shell = std::process::Command::new("bash")
        .args(["-c", "eval \"$(cat)\"; complete -p larder"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("bash runs");
    std::io::Write::write_all(&mut shell.stdin.take().expect("an input"), &bash).expect("written");
    let said = shell.wait_with_output().expect("it ends");
    assert!(
        String::from_utf8_lossy(&said.stdout).contains("larder"),
        "{said:?}"
    );
}

#[test]
fn the_manual_page_has_every_command_and_the_exit_status() {
    let page = String::from_utf8(crate::larder(&["man"]).stdout).expect("text");
    assert!(page.contains(".TH larder 1"), "{page}");
    for command in COMMANDS {
        assert!(
            page.contains(&format!(".SH LARDER {}", command.to_uppercase())),
            "{command}"
        );
    }
    for text in ["Exit status", "sort", "value\\-max"] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[test]
fn help_tells_the_exit_status_and_no_password() {
    let made_of_it = ["completions", "man"];
    for command in COMMANDS
        .into_iter()
        .filter(|command| !made_of_it.contains(command))
    {
        let help = std::process::Command::new(env!("CARGO_BIN_EXE_larder"))
            .args([command, "--help"])
            .env("LARDER_STORE", "redis://:hunter2@localhost")
            .output()
            .expect("larder runs");
        let help = String::from_utf8(help.stdout).expect("text");
        assert!(
            help.contains("Exit status:") && help.contains("--json"),
            "{command}: {help}"
        );
        assert!(!help.contains("hunter2"), "{help}");
    }
    let said = Run::of(&["keys"]).refused_by_clap();
    assert!(
        said.contains("--store") && said.contains("--namespace"),
        "{said}"
    );
}

impl Run {
    /// What is said of arguments that are missing or unknown.
    #[track_caller]
    fn refused_by_clap(self) -> String {
        assert_eq!((self.status, self.out.as_str()), (Some(2), ""), "{self:#?}");
        self.err
    }
}
