use proptest::prelude::*;

use super::*;
use crate::codec::Mix;
use crate::namespace::Namespace;
use crate::secret::{Secret, Secrets};

fn plain() -> Seal {
    Seal::new(&Namespace::new("shop"), None)
}

fn secret(id: u8) -> Secret {
    Secret::new(id, [id; 32]).expect("long enough")
}

fn keyed(secrets: impl Into<Secrets>) -> Seal {
    Seal::new(&Namespace::new("shop"), Some(&secrets.into()))
}

fn example() -> Envelope<'static> {
    Envelope {
        stamp: [7; 16],
        codec: 1,
        fingerprint: 0x1234_5678_9abc_def0,
        structure: 0x0fed_cba9_8765_4321,
        written_at_millis: 1_700_000_000_000,
        ttl: Duration::from_secs(60),
        key: b"key",
        tags: vec![
            (b"tag one".as_slice(), Version::unique()),
            (b"".as_slice(), Version::unique()),
        ],
        value: Cow::Borrowed(b"value"),
    }
}

/// Large enough to be compressed.
fn large() -> Envelope<'static> {
    Envelope {
        value: b"records and tapes ".repeat(300).into(),
        ..example()
    }
}

fn all() -> [(Envelope<'static>, Seal); 4] {
    [
        (example(), plain()),
        (large(), plain()),
        (example(), keyed(secret(1))),
        (large(), keyed(secret(1))),
    ]
}

/// Whoever can write to the store can make a fitting sum.
fn forge(body: &[u8]) -> Vec<u8> {
    let mut bytes = body.to_vec();
    bytes.extend(Mix::of(body).to_le_bytes());
    bytes
}

/// Where the key's length stands.
const KEY_AT: usize = 4 + 1 + 16 + 1 + 1 + 8 + 8 + 8 + 8;

#[test]
fn what_was_written_is_read() {
    for (envelope, seal) in all() {
        let bytes = envelope.encode(&seal).expect("within limits");
        assert_eq!(Envelope::decode(&bytes, &seal), Some(envelope));
    }
}

#[test]
fn a_large_value_takes_less() {
    let bytes = large().encode(&plain()).expect("within limits");
    assert!(bytes.len() < large().value.len() / 4, "{}", bytes.len());
}

#[test]
fn an_envelope_takes_what_its_format_says() {
    let bytes = example().encode(&plain()).expect("within limits");
    // Names have 3, 7 and 0 bytes, the value 5; the sum 8.
    let parts = KEY_AT + (4 + 3) + 1 + (4 + 7 + 16) + (4 + 16) + (4 + 4 + 5);
    assert_eq!(bytes.len(), parts + 8);
    let bytes = example().encode(&keyed(secret(1))).expect("within limits");
    assert_eq!(bytes.len(), parts + 17);
}

/// Other processes, of other builds, read them.
#[test]
fn the_bytes_of_an_envelope_stay_what_they_were() {
    let envelope = Envelope {
        tags: vec![(b"tag", Version::from_bytes([9; 16]))],
        ..example()
    };
    let bytes = envelope.encode(&plain()).expect("within limits");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        concat!(
            "6c72647202",
            "07070707070707070707070707070707",
            "0100",
            "f0debc9a78563412",
            "21436587a9cbed0f",
            "0068e5cf8b010000",
            "60ea000000000000",
            "030000006b6579",
            "01",
            "03000000746167",
            "09090909090909090909090909090909",
            "05000000",
            "0500000076616c7565",
            "58315f42f5801230",
        )
    );
    let bytes = envelope.encode(&keyed(secret(1))).expect("within limits");
    let hex: String = bytes[bytes.len() - 17..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, "0144798d3fb0d03fcb28a36c3937a52298");
}

#[test]
fn the_stamp_tells_an_entry_from_every_other_by_its_beginning() {
    let bytes = example().encode(&plain()).expect("within limits");
    assert_eq!(bytes[..5], *b"lrdr\x02");
    assert_eq!(bytes[5..21], [7; 16]);
}

#[test]
fn every_cut_and_every_flipped_bit_is_noticed() {
    for (envelope, seal) in all() {
        let bytes = envelope.encode(&seal).expect("within limits");
        for end in 0..bytes.len() {
            assert_eq!(Envelope::decode(&bytes[..end], &seal), None, "cut at {end}");
        }
        let mut flipped = bytes.clone();
        for at in 0..bytes.len() * 8 {
            flipped[at / 8] ^= 1 << (at % 8);
            assert_eq!(Envelope::decode(&flipped, &seal), None, "bit {at}");
            flipped[at / 8] ^= 1 << (at % 8);
        }
        flipped.push(0);
        assert_eq!(Envelope::decode(&flipped, &seal), None, "one more byte");
    }
}

/// Bytes of other envelopes are put in, others cut out, doubled, set at random: a hundred thousand
/// times.
#[test]
fn a_hundred_thousand_damaged_envelopes_are_none() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let good: Vec<(Vec<u8>, Seal)> = all()
        .into_iter()
        .map(|(envelope, seal)| (envelope.encode(&seal).expect("within limits"), seal))
        .collect();
    for round in 0..100_000 {
        let (bytes, seal) = &good[draw(good.len())];
        let other = &good[draw(good.len())].0;
        let mut damaged = bytes.clone();
        let (from, to) = {
            let (one, two) = (draw(bytes.len()), draw(bytes.len()));
            (one.min(two), one.max(two))
        };
        match draw(5) {
            0 => drop(damaged.drain(from..to)),
            1 => damaged.extend_from_slice(&bytes[from..to]),
            2 => damaged[from..to].reverse(),
            3 => {
                damaged.truncate(from);
                damaged.extend_from_slice(&other[draw(other.len())..]);
            }
            _ => {
                for _ in 0..=draw(8) {
                    let at = draw(damaged.len());
                    damaged[at] = draw(256) as u8;
                }
            }
        }
        if !good.iter().any(|(bytes, _)| *bytes == damaged) {
            assert_eq!(Envelope::decode(&damaged, seal), None, "round {round}");
        }
    }
}

#[test]
fn what_passes_a_limit_is_not_written() {
    let tags = vec![(b"tag".as_slice(), Version::unique()); TAGS_MAX + 1];
    let long = vec![0; NAME_BYTES_MAX + 1];
    let limits = [
        Envelope { tags, ..example() },
        Envelope {
            key: &long,
            ..example()
        },
        Envelope {
            tags: vec![(&long, Version::unique())],
            ..example()
        },
        Envelope {
            value: vec![0; VALUE_BYTES_MAX + 1].into(),
            ..example()
        },
    ];
    for envelope in limits {
        assert_eq!(envelope.encode(&plain()), None);
    }
}

#[test]
fn a_length_beyond_the_end_allocates_nothing() {
    let bytes = example().encode(&plain()).expect("within limits");
    let mut body = bytes[..bytes.len() - 8].to_vec();
    body[KEY_AT..KEY_AT + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(Envelope::decode(&forge(&body), &plain()), None);
}

/// A few bytes that claim to be a compressed value of many.
#[test]
fn a_decompression_bomb_is_no_envelope() {
    let bytes = large().encode(&plain()).expect("within limits");
    let body = &bytes[..bytes.len() - 8];
    let length = large().value.len() as u32;
    let at = body
        .windows(4)
        .position(|window| window == length.to_le_bytes())
        .expect("the value's length stands somewhere");
    assert!(Envelope::decode(&forge(body), &plain()).is_some());
    for claim in [
        0,
        1,
        length - 1,
        length + 1,
        VALUE_BYTES_MAX as u32,
        u32::MAX,
    ] {
        let mut bomb = body.to_vec();
        bomb[at..at + 4].copy_from_slice(&claim.to_le_bytes());
        assert_eq!(Envelope::decode(&forge(&bomb), &plain()), None, "{claim}");
    }
}

#[test]
fn unknown_formats_and_flags_are_no_envelope() {
    let bytes = example().encode(&plain()).expect("within limits");
    let body = &bytes[..bytes.len() - 8];
    assert!(Envelope::decode(&forge(body), &plain()).is_some());
    let flags_at = 4 + 1 + 16 + 1;
    for (at, byte) in [
        (0, b'L'),
        (4, 1),
        (4, 3),
        (flags_at, 1),
        (flags_at, 2),
        (flags_at, 4),
    ] {
        let mut other = body.to_vec();
        other[at] = byte;
        assert_eq!(
            Envelope::decode(&forge(&other), &plain()),
            None,
            "{at} {byte}"
        );
    }
}

#[test]
fn an_authenticated_entry_is_believed_by_holders_of_its_secret_alone() {
    let bytes = example().encode(&keyed(secret(1))).expect("within limits");
    assert!(Envelope::decode(&bytes, &keyed(secret(1))).is_some());
    assert_eq!(Envelope::decode(&bytes, &keyed(secret(2))), None);
    let same_number = Secret::new(1, [9; 32]).expect("long enough");
    assert_eq!(Envelope::decode(&bytes, &keyed(same_number)), None);
    assert_eq!(Envelope::decode(&bytes, &plain()), None);
    let unsigned = example().encode(&plain()).expect("within limits");
    assert_eq!(Envelope::decode(&unsigned, &keyed(secret(1))), None);
}

#[test]
fn an_authenticated_entry_is_none_in_another_namespace() {
    let seal = |name| Seal::new(&Namespace::new(name), Some(&secret(1).into()));
    let bytes = example()
        .encode(&seal("one tenant"))
        .expect("within limits");
    assert!(Envelope::decode(&bytes, &seal("one tenant")).is_some());
    assert_eq!(Envelope::decode(&bytes, &seal("another")), None);
}

/// Cut and paste: an entry as it is under another key says whose it is, and one that is made to
/// say something else is none.
#[test]
fn an_authenticated_entry_cannot_be_moved_to_another_key() {
    let seal = keyed(secret(1));
    let bytes = example().encode(&seal).expect("within limits");
    let mut moved = bytes.clone();
    moved[KEY_AT + 4..KEY_AT + 7].copy_from_slice(b"yek");
    assert_eq!(Envelope::decode(&moved, &seal), None);
    assert_eq!(
        Envelope::decode(&bytes, &seal).map(|it| it.key),
        Some(&b"key"[..])
    );
    // Without a secret, whoever can write to the store can do it.
    let bytes = example().encode(&plain()).expect("within limits");
    let mut body = bytes[..bytes.len() - 8].to_vec();
    body[KEY_AT + 4..KEY_AT + 7].copy_from_slice(b"yek");
    let forged = forge(&body);
    let read = Envelope::decode(&forged, &plain());
    assert_eq!(read.map(|it| it.key), Some(&b"yek"[..]));
}

#[test]
fn secrets_rotate_without_a_miss() {
    let rotating = |signs, also| keyed(Secrets::rotating(signs, also).expect("two numbers"));
    let steps = [
        keyed(secret(1)),
        rotating(secret(1), secret(2)),
        rotating(secret(2), secret(1)),
        keyed(secret(2)),
    ];
    // While one process is a step ahead of another, each believes the other.
    for (before, after) in [(0, 1), (1, 2)] {
        for (writes, reads) in [(before, after), (after, before)] {
            let bytes = example().encode(&steps[writes]).expect("within limits");
            assert!(
                Envelope::decode(&bytes, &steps[reads]).is_some(),
                "{writes} to {reads}"
            );
        }
    }
    // The last step comes when the entries of the old secret have expired.
    let new = example().encode(&steps[2]).expect("within limits");
    assert!(Envelope::decode(&new, &steps[3]).is_some());
    let old = example().encode(&steps[1]).expect("within limits");
    assert_eq!(Envelope::decode(&old, &steps[3]), None);
}

proptest! {
    #[test]
    fn any_bytes_are_no_envelope(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(Envelope::decode(&bytes, &plain()), None);
        prop_assert_eq!(Envelope::decode(&bytes, &keyed(secret(1))), None);
    }

    /// With the right beginning and a fitting sum, so that the parts behind them are reached.
    #[test]
    fn any_body_behind_a_right_beginning_is_read_without_panic(
        flags in 0u8..3,
        head in proptest::collection::vec(any::<u8>(), 16 + 8 * 4),
        rest in proptest::collection::vec(prop_oneof![Just(0u8), 0u8..9, any::<u8>()], 0..200),
    ) {
        let mut body = MAGIC.to_vec();
        body.push(FORMAT);
        body.extend_from_slice(&head[..16]);
        body.extend([1, flags]);
        body.extend_from_slice(&head[16..]);
        body.extend(rest);
        let bytes = forge(&body);
        if let Some(envelope) = Envelope::decode(&bytes, &plain()) {
            let again = envelope.encode(&plain()).expect("within limits");
            prop_assert_eq!(Envelope::decode(&again, &plain()), Some(envelope));
        }
    }

    #[test]
    fn any_envelope_is_read_as_it_was_written(
        (codec, fingerprint, structure, millis, ttl) in any::<(u8, u64, u64, u64, u64)>(),
        key in proptest::collection::vec(any::<u8>(), 0..40),
        names in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..20), any::<[u8; 16]>()), 0..9),
        (pattern, times) in (proptest::collection::vec(any::<u8>(), 0..40), 0usize..400),
    ) {
        let envelope = Envelope {
            stamp: [codec; 16],
            codec,
            fingerprint,
            structure,
            written_at_millis: millis,
            ttl: Duration::from_millis(ttl),
            key: &key,
            tags: names.iter().map(|(name, version)| (name.as_slice(), Version::from_bytes(*version))).collect(),
            value: pattern.repeat(times).into(),
        };
        for seal in [plain(), keyed(secret(3))] {
            let bytes = envelope.encode(&seal).expect("within limits");
            let read = Envelope::decode(&bytes, &seal);
            prop_assert_eq!(read.as_ref(), Some(&envelope));
        }
    }
}
