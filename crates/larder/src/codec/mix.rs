//! A hash that is the same in every build, process and machine.

use std::fmt;

/// A hash of words that were put in one after the other. Notices damage and differences, for
/// certain if only one word of as many differs. No protection against forgery.
#[derive(Clone, Copy)]
pub(crate) struct Mix(u64);

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd;

impl Mix {
    pub(crate) fn new() -> Mix {
        Mix(SEED)
    }

    /// The hash of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> u64 {
        let mut mix = Mix::new();
        mix.bytes(bytes);
        mix.finish()
    }

    // Every step can be undone, so two states that differ stay different.
    #[inline]
    pub(crate) fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(MULTIPLIER).rotate_left(29);
    }

    /// Bytes with their number.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.word(u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
        }
        self.word(partial(chunks.remainder()));
        self.word(bytes.len() as u64);
    }

    #[inline]
    pub(crate) fn finish(self) -> u64 {
        (self.0 ^ (self.0 >> 32)).wrapping_mul(MULTIPLIER)
    }
}

/// Fewer than eight bytes as a word.
fn partial(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

/// The same as [`Mix::bytes`], for bytes that come in pieces.
pub(crate) struct Pieces<'a> {
    mix: &'a mut Mix,
    word: [u8; 8],
    length: u64,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(mix: &'a mut Mix) -> Pieces<'a> {
        Pieces {
            mix,
            word: [0; 8],
            length: 0,
        }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let at = (self.length % 8) as usize;
            self.word[at] = *byte;
            if at == 7 {
                self.mix.word(u64::from_le_bytes(self.word));
            }
            self.length += 1;
        }
    }

    pub(crate) fn end(self) {
        let rest = (self.length % 8) as usize;
        self.mix.word(partial(&self.word[..rest]));
        self.mix.word(self.length);
    }
}

impl fmt::Write for Pieces<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_hash_of_the_whole() {
        let text = b"a text that is longer than two words";
        for end in 0..text.len() {
            for cut in 0..end {
                let mut mix = Mix::new();
                let mut pieces = Pieces::new(&mut mix);
                pieces.add(&text[..cut]);
                pieces.add(&text[cut..end]);
                pieces.end();
                assert_eq!(mix.finish(), Mix::of(&text[..end]), "{cut} of {end}");
            }
        }
    }

    /// Stored values and type marks live on between builds.
    #[test]
    fn hashes_stay_what_they_were() {
        assert_eq!(Mix::of(b""), 0x1d30_b041_180a_8ea5);
        assert_eq!(Mix::of(b"larder"), 0x276c4e542065451);
    }
}
