//! A hash that is the same in every build, process and machine.

use std::fmt;

/// A hash of words that were put in one after the other. Notices damage and differences. No
/// protection against forgery.
#[derive(Clone, Copy)]
pub(crate) struct Mix(u64);

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd;
const FINISHER: u64 = 0xc4ce_b9fe_1a85_ec53;

impl Mix {
    pub(crate) const fn new() -> Mix {
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
    pub(crate) const fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(MULTIPLIER).rotate_left(29);
    }

    /// Bytes with their number.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks();
        if !blocks.is_empty() {
            let mut lanes = Lanes::new();
            for block in blocks {
                lanes.block(block);
            }
            lanes.join(self);
        }
        self.rest(rest, bytes.len());
    }

    /// What is left of `length` bytes after the last whole block.
    #[inline]
    fn rest(&mut self, rest: &[u8], length: usize) {
        let (words, last) = rest.as_chunks();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        // At most seven bytes: there is room for the length above them.
        self.word(partial(last) | (length as u64) << 56);
        if length > 0xff {
            self.word(length as u64);
        }
    }

    /// The hash of all words. Every bit of it hangs on every bit that was put in, and on none of
    /// them in proportion, so that hashes can be added up: with a plain multiplication here, what
    /// differs in two of them cancels out.
    #[inline]
    pub(crate) const fn finish(self) -> u64 {
        let mut hash = self.0;
        hash = (hash ^ (hash >> 32)).wrapping_mul(MULTIPLIER);
        hash = (hash ^ (hash >> 29)).wrapping_mul(FINISHER);
        hash ^ (hash >> 32)
    }
}

/// Fewer than eight bytes as a word.
#[inline]
fn partial(mut bytes: &[u8]) -> u64 {
    let mut word = 0;
    let mut shift = 0;
    if let Some((four, rest)) = bytes.split_first_chunk() {
        word = u64::from(u32::from_le_bytes(*four));
        shift = 32;
        bytes = rest;
    }
    for byte in bytes {
        word |= u64::from(*byte) << shift;
        shift += 8;
    }
    word
}

const BLOCK: usize = 32;

/// Four hashes beside each other: a step takes the processor longer to finish than to begin.
struct Lanes([Mix; 4]);

impl Lanes {
    fn new() -> Lanes {
        Lanes([1, 2, 3, 4].map(|lane: u64| Mix(SEED.wrapping_mul(2 * lane + 1))))
    }

    #[inline]
    fn block(&mut self, block: &[u8; BLOCK]) {
        let (words, _) = block.as_chunks();
        for (lane, word) in self.0.iter_mut().zip(words) {
            lane.word(u64::from_le_bytes(*word));
        }
    }

    fn join(self, mix: &mut Mix) {
        for lane in self.0 {
            mix.word(lane.0);
        }
    }
}

/// The same as [`Mix::bytes`], for bytes that come in pieces.
pub(crate) struct Pieces {
    lanes: Lanes,
    block: [u8; BLOCK],
    length: usize,
}

impl Pieces {
    pub(crate) fn new() -> Pieces {
        Pieces {
            lanes: Lanes::new(),
            block: [0; BLOCK],
            length: 0,
        }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.block[self.length % BLOCK] = *byte;
            self.length += 1;
            if self.length.is_multiple_of(BLOCK) {
                self.lanes.block(&self.block);
            }
        }
    }

    pub(crate) fn end(self, mix: &mut Mix) {
        if self.length >= BLOCK {
            self.lanes.join(mix);
        }
        mix.rest(&self.block[..self.length % BLOCK], self.length);
    }
}

impl fmt::Write for Pieces {
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
        let text: Vec<u8> = (0..=u8::MAX).chain(0..70).collect();
        for end in (0..100).chain([255, 256, 257, 326]) {
            for cut in 0..end {
                let mut mix = Mix::new();
                let mut pieces = Pieces::new();
                pieces.add(&text[..cut]);
                pieces.add(&text[cut..end]);
                pieces.end(&mut mix);
                assert_eq!(mix.finish(), Mix::of(&text[..end]), "{cut} of {end}");
            }
        }
    }

    #[test]
    fn every_changed_byte_and_every_other_length_is_noticed() {
        let text: Vec<u8> = (1..=u8::MAX).chain(1..70).collect();
        let mut seen = std::collections::HashSet::new();
        for end in 0..text.len() {
            assert!(seen.insert(Mix::of(&text[..end])), "{end} bytes");
            assert!(seen.insert(Mix::of(&vec![0; end + 1])), "{end} zeros");
        }
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 0x80;
            assert!(seen.insert(Mix::of(&changed)), "byte {at}");
        }
    }

    /// Stored values and type marks live on between builds.
    #[test]
    fn hashes_stay_what_they_were() {
        assert_eq!(Mix::of(b""), 0x666c_533b_6c22_7826);
        assert_eq!(Mix::of(b"larder"), 0x8697_4f1e_1d38_4857);
        assert_eq!(Mix::of(&[7; 300]), 0x0a8e_288f_8382_3bd7);
    }
}
