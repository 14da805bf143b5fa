//! Values as they travel: codecs, secrets, and what cannot be carried.

use serde::{Deserialize, Serialize};

use super::super::name::Name;
use super::*;
use crate::{Cache, Codec, Error, Secret, Secrets};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Page {
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    rows: Vec<(u32, f64)>,
}

fn page() -> Page {
    Page {
        title: String::from("records and tapes"),
        note: None,
        rows: (0..1000).map(|n| (n, f64::from(n) / 3.0)).collect(),
    }
}

/// No codec gives it back: Postcard for the one field, the others for the other.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Uncarried {
    json: serde_json::Value,
    nested: Option<Option<u8>>,
}

fn uncarried() -> Uncarried {
    Uncarried {
        json: serde_json::json!([1]),
        nested: Some(None),
    }
}

fn cache(server: &Arc<Server>) -> crate::CacheBuilder {
    Cache::builder().store(process(std::slice::from_ref(server)))
}

fn secret(id: u8) -> Secret {
    Secret::new(id, [id; 32]).expect("long enough")
}

#[tokio::test]
async fn what_one_codec_has_written_every_reader_reads() {
    let server = Arc::<Server>::default();
    let codecs = [Codec::Postcard, Codec::MessagePack, Codec::Json];
    for writes in codecs {
        let writer = cache(&server).codec(writes).build().expect("built");
        writer.insert("page", page()).await.expect("stored");
        for reads in codecs {
            let reader = cache(&server).codec(reads).build().expect("built");
            let read = reader.get::<Page>("page").await.expect("asked");
            assert_eq!(read.as_deref(), Some(&page()), "{writes:?} to {reads:?}");
            let other = reader.get::<Vec<u8>>("page").await.expect("asked");
            assert_eq!(other, None, "a value of another type");
        }
    }
}

#[tokio::test]
async fn entries_are_believed_by_holders_of_their_secret_alone() {
    let server = Arc::<Server>::default();
    let with = |secrets: Secrets| cache(&server).authenticate(secrets).build().expect("built");
    let without = cache(&server).build().expect("built");
    let [first, second] = [1, 2].map(|id| with(secret(id).into()));
    let rotating = with(Secrets::rotating(secret(2), secret(1)).expect("two numbers"));

    first.insert("page", page()).await.expect("stored");
    for (reader, believes) in [
        (&first, true),
        (&rotating, true),
        (&second, false),
        (&without, false),
    ] {
        let read = reader.get::<Page>("page").await.expect("asked");
        assert_eq!(read.is_some(), believes);
    }
    without.insert("page", page()).await.expect("stored");
    assert_eq!(first.get::<Page>("page").await.expect("asked"), None);
}

/// Cut and paste, by somebody who can write to the server.
#[tokio::test]
async fn h25_h40_an_entry_under_another_key_or_namespace_is_a_miss() {
    for secrets in [None, Some(Secrets::from(secret(1)))] {
        let server = Arc::<Server>::default();
        let shop = |name: &str| {
            let mut cache = cache(&server).namespace(name);
            if let Some(secrets) = &secrets {
                cache = cache.authenticate(secrets.clone());
            }
            cache.build().expect("built")
        };
        let [mine, yours] = ["mine", "yours"].map(shop);
        mine.insert("a", 1u32).await.expect("stored");
        let is_entry = |name: &Name| name.as_str().contains(":e1:");
        let entry = {
            let mut values = server.save();
            values.retain(|name, _| is_entry(name));
            values.into_values().next().expect("one entry")
        };
        mine.insert("b", 2u32).await.expect("stored");
        yours.insert("a", 3u32).await.expect("stored");
        let mut values = server.save();
        for (name, bytes) in &mut values {
            if is_entry(name) {
                bytes.clone_from(&entry);
            }
        }
        server.load(values);
        let get = async |cache: &Cache, key: &'static str| {
            let read = cache.get::<u32>(key).await.expect("asked");
            read.map(|value| *value)
        };
        assert_eq!(get(&mine, "a").await, Some(1));
        assert_eq!(get(&mine, "b").await, None);
        assert_eq!(get(&yours, "a").await, None);
    }
}

#[tokio::test]
async fn a_value_that_no_codec_carries_is_loaded_each_time_and_leaves_nothing_behind() {
    let server = Arc::<Server>::default();
    let cache = cache(&server).build().expect("built");
    for _ in 0..2 {
        let loaded = cache
            .get_or_load("it", async || Ok::<_, Error>(uncarried()))
            .await;
        assert_eq!(*loaded.expect("loaded"), uncarried());
    }
    assert_eq!(cache.stats()[0].loads, 2);
    // An older value does not stay under the key.
    cache.insert("it", page()).await.expect("stored");
    let refused = cache.insert("it", uncarried()).await;
    assert!(refused.is_err_and(|error| error.is_codec()));
    assert_eq!(cache.get::<Page>("it").await.expect("asked"), None);
}

#[tokio::test]
async fn a_value_that_no_codec_carries_gives_its_lease_back() {
    let [one, two] = processes(&[Arc::default()]);
    let permit = one.lead(None, false).await;
    let entry = Entry::new(NewEntry {
        value: ValueKind::serde().wrap(Arc::new(uncarried()), Codec::default()),
        versions: one.prepare(1).await,
        written_at: Moment::default(),
        ttl: KEEP,
        weight: 8,
        group: None,
        origin: None,
    });
    let key = key();
    let mut item = Insertion::new(&key, entry, KEEP);
    item.permit = Some(permit);
    let refused = one.store.insert(&one.namespace, smallvec![item]).await;
    assert!(refused.is_err_and(|error| error.is_codec()));
    assert!(matches!(two.take(None, false).await, Taken::Led(_)));
}

#[test]
fn a_store_takes_its_secrets_once() {
    let store = process(&[Arc::default()]);
    store.authenticate(&secret(1).into()).expect("the first");
    let refused = store.authenticate(&secret(2).into());
    assert!(refused.is_err_and(|error| error.is_config()));
}
