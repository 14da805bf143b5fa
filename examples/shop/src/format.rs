//! How amounts are written for people.

use std::{fmt, time::Duration};

/// Whole cents, shown as dollars.
///
/// ```
/// assert_eq!(shop::format::Money(123_456).to_string(), "$1,234.56");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub i64);

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}${}.{:02}", Count(cents / 100), cents % 100)
    }
}

/// Milliseconds, shown as minutes and seconds, with hours where there are any.
///
/// ```
/// assert_eq!(shop::format::Length(343_719).to_string(), "5:43");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length(pub i64);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000;
        match seconds / 3600 {
            0 => write!(f, "{}:{:02}", seconds / 60, seconds % 60),
            hours => write!(f, "{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
        }
    }
}

/// A number of things, with commas between thousands.
///
/// ```
/// assert_eq!(shop::format::Count(3503).to_string(), "3,503");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A short time, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Microseconds(pub Duration);

impl fmt::Display for Microseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} µs", Count(self.0.as_micros() as u64))
    }
}

/// `"1 statement"`, `"2 statements"`: a count with its noun, which takes an `s`.
///
/// ```
/// assert_eq!(shop::format::plural(1, "track"), "1 track");
/// ```
pub fn plural(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", Count(count))
}

/// Cents as a form shows and takes them: `0.99`.
pub fn price_field(cents: i32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The highest price that a form accepts, in cents.
pub const PRICE_CENTS_MAX: i32 = 99_999;

/// Reads a price from a form: `1`, `1.5`, `0.99`, with or without a dollar sign.
///
/// # Errors
///
/// A sentence for the visitor, when the text is no such price.
pub fn parse_price(text: &str) -> Result<i32, &'static str> {
    const WRONG: &str = "Write a price in dollars and cents, such as 0.99.";
    let text = text.trim();
    let text = text.strip_prefix('$').unwrap_or(text);
    let (dollars, cents) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if dollars.is_empty() || !digits(dollars) || !digits(cents) || cents.len() > 2 {
        return Err(WRONG);
    }
    let whole: i32 = dollars.parse().map_err(|_| WRONG)?;
    let part: i32 = format!("{cents:0<2}").parse().map_err(|_| WRONG)?;
    match whole.checked_mul(100).and_then(|sum| sum.checked_add(part)) {
        Some(cents) if cents <= PRICE_CENTS_MAX => Ok(cents),
        _ => Err("A price is at most $999.99."),
    }
}

/// Reads a length from a form: minutes (`3`) or minutes and seconds (`3:30`). Gives milliseconds.
///
/// # Errors
///
/// A sentence for the visitor, when the text is no such length.
pub fn parse_length(text: &str) -> Result<i32, &'static str> {
    const WRONG: &str = "Write a length in minutes, such as 3 or 3:30.";
    let (minutes, seconds) = text.trim().split_once(':').unwrap_or((text.trim(), "0"));
    let minutes: i32 = number(minutes).ok_or(WRONG)?;
    let seconds: i32 = number(seconds).filter(|&s| s < 60).ok_or(WRONG)?;
    minutes
        .checked_mul(60)
        .and_then(|sum| sum.checked_add(seconds))
        .and_then(|sum| sum.checked_mul(1000))
        .ok_or(WRONG)
}

/// Digits only: Rust's own parser would also take a sign.
fn number(text: &str) -> Option<i32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_to_the_cent() {
        for (text, cents) in [
            ("1", 100),
            ("0.99", 99),
            ("$1.5", 150),
            (" 2.05 ", 205),
            ("999.99", 99_999),
        ] {
            assert_eq!(parse_price(text), Ok(cents), "{text}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in [
            "",
            ".",
            ".5",
            "-1",
            "+1",
            "1.999",
            "1e2",
            "NaN",
            "1,50",
            "1000",
            "99999999999",
            "1.-5",
        ] {
            assert!(parse_price(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_length_is_minutes_with_or_without_seconds() {
        for (text, milliseconds) in [
            ("3", 180_000),
            ("3:30", 210_000),
            ("0:05", 5_000),
            ("90", 5_400_000),
        ] {
            assert_eq!(parse_length(text), Ok(milliseconds), "{text}");
        }
        for text in ["", ":", "3:", "3:60", "-1", "+3", "a", "99999999", "1:2:3"] {
            assert!(parse_length(text).is_err(), "{text}");
        }
    }

    #[test]
    fn long_pieces_show_hours() {
        assert_eq!(Length(5_286_953).to_string(), "1:28:06");
        assert_eq!(Length(59_999).to_string(), "0:59");
    }

    #[test]
    fn thousands_are_parted_by_commas() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(Count(count).to_string(), text);
        }
        assert_eq!(Money(-5).to_string(), "-$0.05");
    }
}
