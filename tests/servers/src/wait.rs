//! Waiting for something that is asked again and again, with a deadline.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything here may take before it counts as broken. Far more than it needs: the machine
/// may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// Asks until the answer is yes.
///
/// # Panics
///
/// If it is not within half a minute: "gave up waiting until `what`".
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = PAUSE_MIN;
    while !holds() {
        assert!(Instant::now() < deadline, "gave up waiting until {what}");
        thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
