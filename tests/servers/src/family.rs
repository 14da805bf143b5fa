//! The processes that a server has made.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait::until;

/// The children that a process has just now.
pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(Pid::from_raw)
        .filter(|id| stat(*id).is_some_and(|(_, of)| of == parent))
        .collect()
}

/// Sends a signal to each, and waits until every one of them is in one of `states`, or is gone.
pub(crate) fn signal(processes: &[Pid], signal: Signal, states: &str) {
    for process in processes {
        // Who has ended by itself needs no signal.
        kill_process(*process, signal).ok();
    }
    until("a server's children have had a signal", || {
        processes
            .iter()
            .all(|process| stat(*process).is_none_or(|(state, _)| states.contains(state)))
    });
}

/// The state of a process, `T` if it stands and `Z` if it has ended, and its parent.
fn stat(process: Pid) -> Option<(char, Pid)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Its name comes first, in brackets, and may have spaces and brackets in it.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, Pid::from_raw(fields.next()?.parse().ok()?)?))
}
