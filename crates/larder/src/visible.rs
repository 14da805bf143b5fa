//! Characters that people would not see, or that do something to others or to a terminal.

use std::fmt::{self, Write};

/// Whether a character is not seen, or does something to what stands beside it: control characters, those
/// that turn the direction of writing round, those without a width.
///
/// ```
/// assert!(larder::is_unseen('\u{1b}') && larder::is_unseen('\u{202e}'));
/// assert!(!larder::is_unseen('漢') && !larder::is_unseen(' '));
/// ```
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Writes a text in quotation marks, as SQL would; one with unseen characters as `e'…'`, where a backslash
/// begins what stands for a character.
pub(crate) fn write_quoted(f: &mut dyn Write, text: &str) -> fmt::Result {
    if !text.chars().any(is_unseen) {
        // Piece by piece: whoever shows only the beginning of a long text makes no copy of it.
        f.write_char('\'')?;
        for (index, piece) in text.split('\'').enumerate() {
            if index > 0 {
                f.write_str("''")?;
            }
            f.write_str(piece)?;
        }
        return f.write_char('\'');
    }
    f.write_str("e'")?;
    for next in text.chars() {
        match next {
            '\'' => f.write_str("''")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            next if is_unseen(next) => write!(f, "\\u{{{:x}}}", u32::from(next))?,
            next => f.write_char(next)?,
        }
    }
    f.write_char('\'')
}
