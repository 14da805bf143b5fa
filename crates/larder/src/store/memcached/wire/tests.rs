//! Commands as bytes, and bytes that are or are not replies.

use super::*;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::store::remote::name::Names;

fn name() -> Name {
    Names::new(&Namespace::new("n"), None).entry(&Key::new(1))
}

fn expected(command: Command<'_>) -> (Expected, String) {
    let mut batch = Batch::default();
    batch.push(&AtomicU64::new(7), &name(), command);
    let text = String::from_utf8(batch.bytes).expect("the commands of this test are text");
    (batch.expected.remove(0), text)
}

fn get() -> Expected {
    expected(Command::Get { touch: None }).0
}

fn read(expected: &Expected, text: &str) -> Result<Arrival, Astray> {
    let bytes = text.replace("KEY", name().as_str());
    expected.read(bytes.as_bytes(), 100, true)
}

#[track_caller]
fn sent(command: Command<'_>, text: &str) {
    let text = text.replace("KEY", name().as_str());
    assert_eq!(expected(command).1, text);
}

#[track_caller]
fn astray(text: &str, why: Astray) {
    match read(&get(), text) {
        Err(found) => assert_eq!(found, why, "{text:?}"),
        Ok(arrival) => panic!("{text:?} was taken for {arrival:?}"),
    }
}

#[test]
fn every_command_asks_for_its_number_and_its_key() {
    sent(Command::Get { touch: None }, "mg KEY v c k O7\r\n");
    sent(Command::Peek, "mg KEY c k O7\r\n");
    sent(Command::Get { touch: Some(30) }, "mg KEY v c T30 k O7\r\n");
    sent(
        Command::Store {
            mode: Mode::IfMissing,
            value: b"abc",
            seconds: 9,
        },
        "ms KEY 3 T9 ME k O7\r\nabc\r\n",
    );
    sent(
        Command::Store {
            mode: Mode::IfCas(u64::MAX),
            value: b"",
            seconds: 9,
        },
        "ms KEY 0 T9 C18446744073709551615 k O7\r\n\r\n",
    );
    sent(Command::Delete { cas: Some(0) }, "md KEY C0 k O7\r\n");
}

#[test]
fn a_value_is_read_whole_or_not_yet() {
    let text = "VA 4 c12 kKEY O7\r\na\r\nb\r\n".replace("KEY", name().as_str());
    for cut in 0..text.len() {
        let arrival = get().read(&text.as_bytes()[..cut], 100, true);
        assert!(matches!(arrival, Ok(Arrival::Partly { .. })), "{cut}");
    }
    match get().read(text.as_bytes(), 100, true) {
        Ok(Arrival::Wholly {
            reply: Reply::Value(found),
            bytes,
        }) => {
            assert_eq!((&*found.bytes, found.cas), (&b"a\r\nb"[..], 12));
            assert_eq!(bytes, text.len());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reply_to_another_command_is_noticed() {
    astray("VA 1 c1 kKEY O8\r\nx\r\n", Astray::Crossed);
    astray("VA 1 c1 kother O7\r\nx\r\n", Astray::Crossed);
    astray("VA 1 c1 kKEYx O7\r\nx\r\n", Astray::Crossed);
    astray("VA 1 c1 O7\r\nx\r\n", Astray::Crossed);
    astray("VA 1 c1 kKEY\r\nx\r\n", Astray::Crossed);
    astray("EN\r\n", Astray::Crossed);
    astray("HD kKEY O7\r\n", Astray::Crossed);
}

#[test]
fn what_is_no_reply_is_noticed() {
    astray("VA 101 c1 kKEY O7\r\n", Astray::Garbled);
    astray("VA -1 c1 kKEY O7\r\n", Astray::Garbled);
    astray("VA 1 cx kKEY O7\r\nx\r\n", Astray::Garbled);
    astray("VA 1 kKEY O7\r\nx\r\n", Astray::Garbled);
    astray("VA 1 c1 kKEY O7\r\nxyz", Astray::Garbled);
    astray("EN kKEY O7\n", Astray::Garbled);
    astray("\r\n", Astray::Garbled);
    astray("HTTP/1.1 400 Bad Request\r\n", Astray::Garbled);
    astray(&"x".repeat(LINE_BYTES_MAX), Astray::Garbled);
    astray("ERROR\r\n", Astray::NotUnderstood);
    astray(
        "CLIENT_ERROR bad command line format\r\n",
        Astray::NotUnderstood,
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_are_read_beyond_their_end(
        start in proptest::sample::select(vec!["", "VA ", "VA 3 c1 kKEY O7\r\n", "HD c1 ", "EN k"]),
        rest in proptest::collection::vec(0u8..=255, 0..200),
    ) {
        let mut bytes = start.replace("KEY", name().as_str()).into_bytes();
        bytes.extend(rest);
        for kind in [Kind::Get, Kind::Peek, Kind::Store, Kind::Delete] {
            let expected = Expected { kind, ..get() };
            if let Ok(Arrival::Wholly { bytes: taken, .. }) = expected.read(&bytes, 100, true) {
                proptest::prop_assert!(0 < taken && taken <= bytes.len());
            }
        }
    }
}

#[test]
fn refusals_are_told_apart() {
    let reply = |text| match read(&get(), text) {
        Ok(Arrival::Wholly { reply, .. }) => reply,
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        reply("SERVER_ERROR object too large for cache\r\n"),
        Reply::TooLarge
    ));
    assert!(matches!(
        reply("SERVER_ERROR out of memory storing object\r\n"),
        Reply::Full
    ));
    assert!(matches!(
        reply("SERVER_ERROR backend is gone\r\n"),
        Reply::Refused
    ));
}
