//! What is told to people, in the words and numbers that all tools use: text from anywhere, cut, and with
//! nothing in it that is not seen.
//!
//! What HTML means by a character is the business of whoever writes HTML. This is about what people would
//! be shown otherwise: a line that reads backwards, a name with a letter that has no width, characters that
//! drive a terminal.

use std::fmt::Write;
use std::time::Duration;

use larder::{Inspected, TagState, ValueForm, is_unseen};

/// A text to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shown {
    /// The text, or its beginning.
    pub text: String,
    /// What to say if it was cut.
    pub note: Option<String>,
}

/// The first so many characters of a text on one line.
pub fn shown(text: &str, chars_max: usize) -> Shown {
    let mut out = String::new();
    let mut chars = text.chars();
    for next in chars.by_ref().take(chars_max) {
        push(&mut out, next);
    }
    let rest = chars.as_str().len();
    Shown {
        text: out,
        note: (rest > 0).then(|| format!("cut: {} in all", bytes(text.len() as u64))),
    }
}

/// A text of several lines, whole.
pub fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for next in text.chars() {
        match next {
            '\n' => out.push('\n'),
            next => push(&mut out, next),
        }
    }
    out
}

/// A text on one line, cut with an ellipsis.
pub fn short(text: &str, chars_max: usize) -> String {
    let mut shown = shown(text, chars_max);
    if shown.note.is_some() {
        shown.text.push('…');
    }
    shown.text
}

fn push(out: &mut String, next: char) {
    if is_unseen(next) {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\u{{{:x}}}", u32::from(next));
    } else {
        out.push(next);
    }
}

/// A number with its thousands apart.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes.
pub fn bytes(n: u64) -> String {
    let (kib, mib) = (1024.0, 1024.0 * 1024.0);
    let size = n as f64;
    match n {
        0..1_024 => format!("{n} B"),
        1_024..1_048_576 => format!("{:.1} KiB", size / kib),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", size / mib),
        _ => format!("{:.1} GiB", size / mib / kib),
    }
}

/// A time as people say it: the largest unit, and the next one where that is short.
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        86_400..31_536_000_000 => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
        _ => "for ever".to_owned(),
    }
}

/// Microseconds.
pub fn micros(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{:.1} ms", micros as f64 / 1e3),
        10_000..1_000_000 => format!("{:.0} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

/// How long ago something was, both in milliseconds.
pub fn ago(at: u64, now: u64) -> String {
    let passed = now.saturating_sub(at);
    match passed {
        0..1_000 => "just now".to_owned(),
        _ => format!("{} ago", time(Duration::from_secs(passed / 1_000))),
    }
}

/// A part of a whole, in per cent.
pub fn per_cent(part: f64) -> String {
    // All but a few is not all.
    let rounded = (part * 1000.0).round() / 10.0;
    let honest = match rounded {
        100.0 if part < 1.0 => 99.9,
        0.0 if part > 0.0 => 0.1,
        rounded => rounded,
    };
    format!("{honest:.1} %")
}

/// Whether a read would be given an entry, in words, and whether that is good.
pub fn entry_state(entry: &Inspected) -> (&'static str, bool) {
    match entry.state {
        TagState::Current if entry.age >= entry.ttl => ("past its ttl", false),
        TagState::Current => ("fresh", true),
        TagState::Changed => ("invalidated", false),
        TagState::Missing => ("a tag is gone, so it is not served", false),
        TagState::Marked => ("a writer is about to commit", false),
    }
}

/// Whether a tag has the version still that an entry has recorded, in a word, and whether that is good.
pub fn tag_state(state: TagState) -> (&'static str, bool) {
    match state {
        TagState::Current => ("current", true),
        TagState::Changed => ("changed", false),
        TagState::Missing => ("gone", false),
        TagState::Marked => ("marked", false),
    }
}

/// How a store holds a value.
pub fn value_form(form: &ValueForm) -> String {
    match form {
        ValueForm::Memory => "the value itself, in this process's memory".to_owned(),
        ValueForm::Bytes {
            codec,
            fingerprint,
            len,
        } => format!(
            "{}, {}, type {fingerprint:016x}",
            codec.unwrap_or("a codec that this build does not know"),
            bytes(*len as u64)
        ),
        _ => "?".to_owned(),
    }
}

/// How long the loads took that were the fastest `part` of all.
pub fn latency(latencies: &crate::Latencies, part: f64) -> String {
    match latencies.below(part) {
        Some(bound) => format!("≤ {}", micros(bound)),
        None if latencies.is_empty() => "–".to_owned(),
        None => "> 5 s".to_owned(),
    }
}

/// The part of the look-ups that found something, in per cent.
pub fn hit_ratio(counts: &crate::Counts) -> String {
    counts.hit_ratio().map_or("–".to_owned(), per_cent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unseen_is_shown_as_it_is() {
        let hostile = "a\u{202e}b\u{0}c\u{200b}d\te\u{2066}f\nüß漢🎵";
        assert_eq!(
            shown(hostile, 100).text,
            "a\\u{202e}b\\u{0}c\\u{200b}d\\u{9}e\\u{2066}f\\u{a}üß漢🎵"
        );
        assert_eq!(lines("a\n\u{202e}"), "a\n\\u{202e}");
    }

    #[test]
    fn a_long_text_is_cut_with_a_note() {
        let text = "x".repeat(1 << 20);
        let cut = shown(&text, 10);
        assert_eq!(cut.text, "xxxxxxxxxx");
        assert_eq!(cut.note.as_deref(), Some("cut: 1.0 MiB in all"));
        assert_eq!(shown("xx", 2).note, None);
        assert_eq!(short("xyz", 2), "xy…");
    }

    #[test]
    fn numbers_are_shown_as_people_write_them() {
        assert_eq!(
            [number(0), number(999), number(1_234_567)],
            ["0", "999", "1,234,567"]
        );
        assert_eq!([bytes(1_023), bytes(1_024)], ["1023 B", "1.0 KiB"]);
        assert_eq!(
            [per_cent(0.9999), per_cent(1.0), per_cent(0.00001)],
            ["99.9 %", "100.0 %", "0.1 %"]
        );
        assert_eq!(ago(5, 5), "just now");
        assert_eq!(time(Duration::from_secs(61)), "1 min 1 s");
        assert_eq!(time(Duration::MAX), "for ever");
    }
}
