//! What it costs to turn values into stored bytes and back.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use larder::entry::envelope::Envelope;
use larder::entry::seal::Seal;
use larder::{Codec, Encoded, Key, Namespace, Secret, Value, ValueKind, Version};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::measure::pair;
use crate::row::Report;

/// Encoding is part of a miss, beside a query. It reads every value back and compares it before it
/// lets it out, so its floor is a call of the library each way.
const ENCODE_BUDGET: f64 = 4.0;
/// Decoding is part of a hit: it compares what was read with what was written.
const DECODE_BUDGET: f64 = 5.0;
/// Everything around a codec, beside one call of serde_json without it.
const WHOLE_BUDGET: f64 = 6.0;

/// What a page of a shop shows of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Track {
    id: i64,
    name: String,
    album_id: i64,
    genre_id: Option<i64>,
    composer: Option<String>,
    milliseconds: i64,
    bytes: Option<i64>,
    unit_price: f64,
    available: bool,
}

impl Track {
    fn number(id: i64) -> Track {
        Track {
            id,
            name: format!("A piece for {id} hands and some more"),
            album_id: id / 12,
            genre_id: (id % 7 != 0).then_some(id % 7),
            composer: (id % 3 != 0).then(|| format!("Composer number {}", id % 40)),
            milliseconds: 180_000 + id * 977,
            bytes: Some(5_000_000 + id * 31_337),
            unit_price: 0.99,
            available: id % 5 != 0,
        }
    }
}

pub(crate) fn run(report: &Report) -> Result<(), Box<dyn Error>> {
    values(report, "1 row", Track::number(7))?;
    let hundred: Vec<Track> = (0..100).map(Track::number).collect();
    let page: String = hundred
        .iter()
        .map(|track| {
            format!(
                "<tr><td><a href=\"/track/{}\">{}</a></td><td>{}</td></tr>\n",
                track.id, track.name, track.unit_price
            )
        })
        .collect();
    values(report, "100 rows", hundred)?;
    values(report, "text page", page)
}

/// All rows for one value.
fn values<T>(report: &Report, name: &str, value: T) -> Result<(), Box<dyn Error>>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let value = Arc::new(value);
    for codec in [Codec::Postcard, Codec::MessagePack, Codec::Json] {
        one_codec(report, name, &value, codec)?;
    }
    whole(report, name, &value)
}

/// The codec alone, beside a bare call of its library.
fn one_codec<T>(
    report: &Report,
    name: &str,
    value: &Arc<T>,
    codec: Codec,
) -> Result<(), Box<dyn Error>>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let kind = ValueKind::<T>::serde();
    let wrapped = kind.wrap(value.clone(), codec);
    let encoded = wrapped.encoded()?;
    let bytes = encoded.bytes().to_vec();
    let bare_encode = || match codec {
        Codec::Postcard => drop(black_box(postcard::to_stdvec(&**value))),
        Codec::MessagePack => drop(black_box(rmp_serde::to_vec_named(&**value))),
        _ => drop(black_box(serde_json::to_vec(&**value))),
    };
    let bare_decode = || match codec {
        Codec::Postcard => drop(black_box(postcard::from_bytes::<T>(&bytes))),
        Codec::MessagePack => drop(black_box(rmp_serde::from_slice::<T>(&bytes))),
        _ => drop(black_box(serde_json::from_slice::<T>(&bytes))),
    };
    let encode = pair(
        || drop(black_box(wrapped.encoded())),
        || {
            bare_encode();
            bare_decode();
        },
    );
    report.row(
        &format!("encode, {codec:?}, {name} ({} B)", bytes.len()),
        (encode.value, "ns"),
        ("the bare library, there and back", encode.floor),
        encode.ratio,
        ENCODE_BUDGET,
    );
    let decode = pair(
        || {
            // A value that nobody has decoded yet.
            let fresh = Encoded::new(
                encoded.codec(),
                encoded.fingerprint(),
                encoded.structure(),
                bytes.to_vec(),
            );
            black_box(kind.unwrap(&Value::Encoded(Arc::new(fresh))));
        },
        bare_decode,
    );
    report.row(
        &format!("decode, {codec:?}, {name}"),
        (decode.value, "ns"),
        ("the bare library", decode.floor),
        decode.ratio,
        DECODE_BUDGET,
    );
    Ok(())
}

/// From a value to what is stored, and back, beside a bare Postcard or JSON call.
fn whole<T>(report: &Report, name: &str, value: &Arc<T>) -> Result<(), Box<dyn Error>>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let namespace = Namespace::new("bench");
    let secret = Secret::new(1, [7; 32])?;
    let seals = [
        ("checksum", Seal::new(&namespace, None)),
        ("secret", Seal::new(&namespace, Some(&secret.into()))),
    ];
    let kind = ValueKind::<T>::serde();
    let wrapped = kind.wrap(value.clone(), Codec::Postcard);
    let key = Key::new(("track", 7));
    let tags = [b"a tag's bytes ".repeat(2), b"another tag's ".repeat(3)];
    let versions = [Version::random()?, Version::random()?];
    let write = |seal: &Seal| {
        let encoded = wrapped.encoded().ok()?;
        let envelope = Envelope {
            stamp: [7; 16],
            codec: encoded.codec(),
            fingerprint: encoded.fingerprint(),
            structure: encoded.structure(),
            written_at_millis: 1_700_000_000_000,
            ttl: Duration::from_secs(60),
            key: key.as_bytes(),
            tags: tags.iter().map(Vec::as_slice).zip(versions).collect(),
            value: encoded.bytes().into(),
        };
        envelope.encode(seal)
    };
    let read = |bytes: &[u8], seal: &Seal| {
        let envelope = Envelope::decode(bytes, seal)?;
        let encoded = Encoded::new(
            envelope.codec,
            envelope.fingerprint,
            envelope.structure,
            envelope.value.into_owned(),
        );
        kind.unwrap(&Value::Encoded(Arc::new(encoded)))
    };
    let json = serde_json::to_vec(&**value)?;
    for (how, seal) in &seals {
        let stored = write(seal).ok_or("the value is too large")?;
        if read(&stored, seal).is_none() {
            return Err("what was written is not read".into());
        }
        report.row(
            &format!("stored bytes, {how}, {name}"),
            (stored.len() as f64, "B"),
            ("the value in JSON", json.len() as f64),
            stored.len() as f64 / json.len() as f64,
            // An envelope with two tags takes some two hundred bytes by itself.
            (10.0 + 2000.0 / json.len() as f64).round() / 10.0,
        );
        let encode = pair(
            || drop(black_box(write(seal))),
            || drop(black_box(serde_json::to_vec(&**value))),
        );
        report.row(
            &format!("value to stored bytes, {how}, {name}"),
            (encode.value, "ns"),
            ("bare serde_json", encode.floor),
            encode.ratio,
            WHOLE_BUDGET,
        );
        let decode = pair(
            || drop(black_box(read(&stored, seal))),
            || drop(black_box(serde_json::from_slice::<T>(&json))),
        );
        report.row(
            &format!("stored bytes to value, {how}, {name}"),
            (decode.value, "ns"),
            ("bare serde_json", decode.floor),
            decode.ratio,
            WHOLE_BUDGET,
        );
    }
    Ok(())
}
