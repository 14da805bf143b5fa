//! The slots of a cluster, among which names are spread.

use crate::store::remote::name::Name;

/// How many slots every cluster has.
pub(super) const SLOTS: u16 = 16_384;

/// The slot of a name: a checksum of its route.
pub(super) fn slot(name: &Name) -> u16 {
    checksum(name.route().as_bytes()) % SLOTS
}

/// CRC-16 as in XMODEM: polynomial 0x1021, from zero, high bit first.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |checksum, byte| {
        let place = usize::from((checksum >> 8) ^ u16::from(*byte));
        (checksum << 8) ^ TABLE[place]
    })
}

static TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            let carry = value & 0x8000 != 0;
            value <<= 1;
            if carry {
                value ^= 0x1021;
            }
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_redis() {
        // What `CLUSTER KEYSLOT` answers.
        assert_eq!(checksum(b"123456789"), 0x31c3);
        assert_eq!(checksum(b"foo") % SLOTS, 12_182);
        assert_eq!(checksum(b"user1000") % SLOTS, 3_443);
        assert_eq!(checksum(b""), 0);
    }
}
