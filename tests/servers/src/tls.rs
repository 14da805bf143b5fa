//! Certificates that are good for one test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program;

/// A certificate authority of the test's own, and a server's certificate for 127.0.0.1 and
/// `localhost` that it has signed.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority's certificate (PEM), which a client must trust.
    pub authority: PathBuf,
    /// The server's certificate (PEM).
    pub certificate: PathBuf,
    /// The server's private key (PEM).
    pub key: PathBuf,
}

impl Certificates {
    /// Makes them in `folder`.
    ///
    /// # Panics
    ///
    /// If `openssl` is not installed, or refuses.
    pub fn make(folder: &Path) -> Certificates {
        let made = Certificates {
            authority: folder.join("authority.pem"),
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        };
        let authority_key = folder.join("authority.key");
        let openssl = |words: &[&str], files: &[(&str, &Path)]| {
            let mut command = Command::new(program::need("openssl", "openssl"));
            command.args(words).stdin(Stdio::null());
            for (option, file) in files {
                command.arg(option).arg(file);
            }
            let output = command.output().expect("openssl can be started");
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "openssl failed: {errors}");
        };
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
        let begin = ["req", "-x509", "-nodes", "-days", "2"];
        let subject = ["-subj", "/CN=larder test authority"];
        openssl(
            &[&begin[..], &key, &subject].concat(),
            &[("-keyout", &authority_key), ("-out", &made.authority)],
        );
        let subject = ["-subj", "/CN=localhost"];
        let names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
        let leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
        openssl(
            &[&begin[..], &key, &subject, &names, &leaf].concat(),
            &[
                ("-CA", &made.authority),
                ("-CAkey", &authority_key),
                ("-keyout", &made.key),
                ("-out", &made.certificate),
            ],
        );
        made
    }
}
