//! Values made smaller, and read again within bounds. LZ4 blocks.

use super::VALUE_BYTES_MAX;

/// Smaller values are left as they are: the network takes about as long for them as for half.
pub const COMPRESS_BYTES_MIN: usize = 4 << 10;

/// A value that saves less than this part of its size is left as it is.
const SAVED_PART_MIN: usize = 8;

/// LZ4 makes nothing larger by more than this. What claims to become larger is no value.
pub const EXPANSION_MAX: usize = 255;

/// The value made smaller, where that is worth it.
pub(super) fn compress(value: &[u8]) -> Option<Vec<u8>> {
    if value.len() < COMPRESS_BYTES_MIN {
        return None;
    }
    let compressed = lz4_flex::block::compress(value);
    (compressed.len() <= value.len() - value.len() / SAVED_PART_MIN).then_some(compressed)
}

/// The value again, which must have exactly this length.
pub(super) fn expand(compressed: &[u8], length: usize) -> Option<Vec<u8>> {
    if length > VALUE_BYTES_MAX || length > compressed.len().saturating_mul(EXPANSION_MAX) {
        return None;
    }
    let mut value = vec![0; length];
    let written = lz4_flex::block::decompress_into(compressed, &mut value).ok()?;
    (written == length).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_saves_little_is_left_as_it_is() {
        assert!(compress(&[7; COMPRESS_BYTES_MIN - 1]).is_none());
        assert!(compress(&[7; COMPRESS_BYTES_MIN]).is_some());
        let mut noise = vec![0; 10_000];
        getrandom::fill(&mut noise).expect("random bytes");
        assert!(compress(&noise).is_none());
    }

    #[test]
    fn nothing_expands_beyond_the_limit() {
        let all_equal = compress(&vec![0; VALUE_BYTES_MAX]).expect("worth it");
        assert!(all_equal.len() * EXPANSION_MAX >= VALUE_BYTES_MAX);
        assert_eq!(
            expand(&all_equal, VALUE_BYTES_MAX),
            Some(vec![0; VALUE_BYTES_MAX])
        );
        let more = lz4_flex::block::compress(&vec![0; VALUE_BYTES_MAX + 1]);
        assert_eq!(expand(&more, VALUE_BYTES_MAX + 1), None);
    }

    #[test]
    fn a_wrong_length_is_no_value() {
        let value = b"records and tapes ".repeat(1000);
        let compressed = compress(&value).expect("worth it");
        assert_eq!(expand(&compressed, value.len()).as_ref(), Some(&value));
        for length in [0, 1, value.len() - 1, value.len() + 1, usize::MAX] {
            assert_eq!(expand(&compressed, length), None, "{length}");
        }
    }
}
