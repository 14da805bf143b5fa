//! A terminal that is drawn on, and given back as it was.

use std::io::{Write as _, stdout};
use std::time::Duration;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode, size,
};
use crossterm::{execute, queue, style};
use larder_report::shown;
use tokio::time::Instant;

use crate::failure::Failure;

/// A key is looked for so long at a time: a signal waits for no longer.
const LOOKED_FOR: Duration = Duration::from_millis(100);

/// What stands below the view.
const FOOT: &str = "q ends";

/// The terminal, for as long as it is drawn on. However it is dropped, the terminal is as it was.
pub(super) struct Screen {
    asked_to_end: tokio::sync::watch::Receiver<bool>,
}

/// What somebody has pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// To end.
    Quit,
    /// To see it anew: another key, or a window of another size.
    Redraw,
}

impl Screen {
    pub(super) fn open() -> Result<Screen, Failure> {
        let asked_to_end = ends().map_err(failed)?;
        enable_raw_mode().map_err(failed)?;
        let screen = Screen { asked_to_end };
        execute!(stdout(), EnterAlternateScreen, Hide).map_err(failed)?;
        Ok(screen)
    }

    /// Draws lines, as many as there is room for, each as far as there is room.
    pub(super) fn draw(&mut self, lines: &[String]) -> Result<(), Failure> {
        let (columns, rows) = size().unwrap_or((80, 24));
        let room = usize::from(rows.saturating_sub(1));
        let mut out = stdout().lock();
        let lines = lines
            .iter()
            .flat_map(|line| wrapped(line, usize::from(columns)));
        for (row, line) in (0_u16..).zip(lines.take(room)) {
            queue!(
                out,
                MoveTo(0, row),
                style::Print(line),
                Clear(ClearType::UntilNewLine)
            )
            .map_err(failed)?;
        }
        queue!(
            out,
            Clear(ClearType::FromCursorDown),
            MoveTo(0, rows.saturating_sub(1)),
            style::Print(FOOT)
        )
        .map_err(failed)?;
        out.flush().map_err(failed)
    }

    /// What is pressed until then, if anything.
    pub(super) async fn key_until(&mut self, until: Instant) -> Option<Key> {
        while Instant::now() < until {
            if *self.asked_to_end.borrow() {
                return Some(Key::Quit);
            }
            let wait = until
                .saturating_duration_since(Instant::now())
                .min(LOOKED_FOR);
            let pressed = tokio::task::spawn_blocking(move || pressed(wait)).await;
            match pressed {
                Ok(Ok(Some(key))) => return Some(key),
                Ok(Ok(None)) => {}
                // A terminal that is gone, or gives no keys.
                Ok(Err(_)) | Err(_) => tokio::time::sleep(wait).await,
            }
        }
        None
    }
}

impl Screen {
    /// Waits until the process is asked to end, other than by a key.
    pub(super) async fn asked_to_end(&self) {
        let mut asked = self.asked_to_end.clone();
        if asked.wait_for(|asked| *asked).await.is_err() {
            // Nobody is left to ask.
            std::future::pending().await
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nothing can be done where the terminal is gone.
        let _ = execute!(stdout(), Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

/// One line on as many as it needs, if it is a sentence; a row of a table is cut.
fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let line = shown::short(line, columns.max(1) * 4);
    let is_row = line.contains("  ");
    let mut rest: Vec<char> = line.chars().collect();
    let mut lines = Vec::new();
    while rest.len() > columns && columns > 1 && !is_row {
        let blank = rest[..columns].iter().rposition(|c| *c == ' ');
        let end = blank.filter(|at| *at > 0).unwrap_or(columns);
        lines.push(rest.drain(..end).collect());
        if rest.first() == Some(&' ') {
            rest.remove(0);
        }
    }
    rest.truncate(columns.max(1));
    lines.push(rest.into_iter().collect());
    lines
}

fn pressed(wait: Duration) -> std::io::Result<Option<Key>> {
    if !event::poll(wait)? {
        return Ok(None);
    }
    Ok(match event::read()? {
        Event::Key(key) if key.kind == KeyEventKind::Press => {
            let control = key.modifiers.contains(KeyModifiers::CONTROL);
            let quits = match key.code {
                KeyCode::Char('q' | 'Q') | KeyCode::Esc => true,
                KeyCode::Char('c' | 'd') => control,
                _ => false,
            };
            Some(if quits { Key::Quit } else { Key::Redraw })
        }
        Event::Resize(..) => Some(Key::Redraw),
        _ => None,
    })
}

/// Whether the process was asked to end: it gives the terminal back first.
#[cfg(unix)]
fn ends() -> std::io::Result<tokio::sync::watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (tell, asked) = tokio::sync::watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    // Ctrl-C and Ctrl-\ are keys while the terminal is drawn on: these come from elsewhere.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
            _ = interrupt.recv() => {}
            _ = quit.recv() => {}
        }
        let _ = tell.send(true);
        tell.closed().await;
    });
    Ok(asked)
}

/// Elsewhere Ctrl-C is a key, and nothing else asks.
#[cfg(not(unix))]
fn ends() -> std::io::Result<tokio::sync::watch::Receiver<bool>> {
    let (tell, asked) = tokio::sync::watch::channel(false);
    tokio::spawn(async move { tell.closed().await });
    Ok(asked)
}

fn failed(error: std::io::Error) -> Failure {
    Failure::new(format!(
        "cannot draw on this terminal: {error}; `larder stats` prints the same once"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_wrapped_and_rows_are_cut() {
        assert_eq!(
            wrapped("no process reports here", 12),
            ["no process", "reports here"]
        );
        assert_eq!(wrapped("GROUP  HITS  MISSES", 12), ["GROUP  HITS "]);
        assert_eq!(wrapped("", 12), [""]);
        assert_eq!(wrapped("\u{1b}[2J", 20), ["\\u{1b}[2J"]);
    }
}
