//! What the key is made of.

use larder::{CacheModel, Key, ModelError};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::world::on_every_store;

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Score {
    #[key]
    player: String,
    points: u64,
    #[key(default = "1")]
    level: u32,
    #[key(default = "\"classic\"")]
    mode: String,
}

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    #[key]
    left: String,
    #[key]
    right: String,
}

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Other {
    #[key]
    left: String,
    #[key]
    right: String,
}

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Raw {
    #[key]
    bytes: Vec<u8>,
    length: usize,
}

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cache(name = "things")]
struct Thing {
    #[key]
    id: Option<i64>,
}

/// A type of its own, all of whose keys may be left out.
mod settings {
    use super::*;

    #[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[cache(version = 2)]
    pub(super) struct Thing {
        #[key(default = "None")]
        pub(super) id: Option<i64>,
        #[key(default = "id.unwrap_or(7) + 1")]
        pub(super) r#type: i64,
    }
}

fn score(player: &str, level: u32, mode: &str) -> Score {
    Score {
        player: player.into(),
        points: 100 * u64::from(level),
        level,
        mode: mode.into(),
    }
}

fn pair(left: &str, right: &str) -> Pair {
    Pair {
        left: left.into(),
        right: right.into(),
    }
}

#[test]
fn bc1_the_key_is_the_name_and_the_key_fields_in_their_order() {
    let bob = score("bob", 3, "blitz");
    assert_eq!(
        bob.key(),
        Key::new(("models::keys::Score", ("bob", 3, "blitz")))
    );
    assert_eq!(Score::KEY_FIELDS, ["player", "level", "mode"]);
    assert_eq!(Score::NAME, "Score");
}

#[test]
fn bc3_keys_have_names() {
    let keys = score("bob", 3, "blitz").keys();
    assert_eq!(
        (keys.player.as_str(), keys.level, keys.mode.as_str()),
        ("bob", 3, "blitz")
    );
    assert_eq!(Score::KEY_FIELDS, ["player", "level", "mode"]);
    assert!(
        !format!("{keys:?}").contains("bob"),
        "a value is shown: {keys:?}"
    );
}

#[test]
fn bc2_the_name_is_the_structs_with_its_module_and_can_be_chosen() {
    assert_eq!(
        Thing { id: Some(1) }.key(),
        Key::new(("things", (Some(1),)))
    );
    let thing = settings::Thing {
        id: Some(1),
        r#type: 3,
    };
    assert_eq!(
        thing.key(),
        Key::new(("models::keys::settings::Thing@2", (Some(1), 3)))
    );
    assert_eq!(settings::Thing::KEY_FIELDS, ["id", "type"]);
}

proptest! {
    #[test]
    fn bc2_objects_with_different_keys_have_different_keys(
        (left, right) in ("[ab_ :'\0]{0,4}", "[ab_ :'\0]{0,4}"),
        (other_left, other_right) in ("[ab_ :'\0]{0,4}", "[ab_ :'\0]{0,4}"),
    ) {
        let (one, two) = (pair(&left, &right), pair(&other_left, &other_right));
        prop_assert_eq!(one == two, one.key() == two.key());
    }
}

on_every_store! {
    async fn bc2_keys_that_look_alike_are_kept_apart(world) {
        let alike = [
            ("a_", "b"), ("a", "_b"), ("a _b", ""), ("a_ b", ""), ("", "a _b"), ("a", "b"),
            ("a:b", ""), ("a", ":b"), ("ab", ""), ("", "ab"), ("", ""), ("\0", ""), ("", "\0"),
        ];
        for (left, right) in alike {
            pair(left, right).save(&world.cache).await.expect("the store answers");
        }
        for (left, right) in alike {
            let got = Pair::get(&world.cache, (left, right)).await.expect("it is there");
            assert_eq!(*got, pair(left, right));
        }
    }

    async fn bc2_keys_of_any_bytes_and_length(world) {
        let mut keys: Vec<Vec<u8>> = vec![
            vec![], vec![0], b"\r\n".to_vec(), b" get x\r\n".to_vec(), vec![255; 300],
            vec![b'a'; 249], vec![b'a'; 250], vec![b'a'; 251], vec![b'a'; 60_000],
        ];
        keys.extend((0..=255).map(|byte| vec![byte]));
        for bytes in &keys {
            let raw = Raw { length: bytes.len(), bytes: bytes.clone() };
            raw.save(&world.cache).await.expect("the store answers");
        }
        let got = Raw::get_many(&world.cache, &keys).await;
        for (bytes, got) in keys.iter().zip(got) {
            let got = got.expect("it is there");
            assert_eq!((&got.bytes, got.length), (bytes, bytes.len()));
            let alone = Raw::get(&world.cache, bytes.as_slice()).await.expect("it is there");
            assert_eq!(&alone.bytes, bytes);
        }
    }

    async fn bc3_models_with_equal_keys_share_nothing(world) {
        pair("a", "b").save(&world.cache).await.expect("the store answers");
        assert!(Other::get(&world.cache, ("a", "b")).await.is_err_and(|error| error.is_missing()));
        let other = Other { left: "a".into(), right: "b".into() };
        other.save(&world.cache).await.expect("the store answers");
        Pair::delete(&world.cache, ("a", "b")).await.expect("the store answers");
        assert!(Other::get(&world.cache, ("a", "b")).await.is_ok());
    }

    async fn bc5_a_key_with_a_default_may_be_left_out(world) {
        let cache = &world.cache;
        for saved in [score("bob", 1, "classic"), score("bob", 2, "classic"), score("bob", 2, "blitz")] {
            saved.save(cache).await.expect("the store answers");
        }
        async fn check(
            got: impl Future<Output = Result<std::sync::Arc<Score>, ModelError>>,
            expected: Score,
        ) {
            assert_eq!(*got.await.expect("it is there"), expected);
        }
        let name = String::from("bob");
        check(Score::get(cache, "bob"), score("bob", 1, "classic")).await;
        check(Score::get(cache, &name), score("bob", 1, "classic")).await;
        check(Score::get(cache, name.clone()), score("bob", 1, "classic")).await;
        check(Score::get(cache, ("bob",)), score("bob", 1, "classic")).await;
        check(Score::get(cache, ("bob", 2)), score("bob", 2, "classic")).await;
        check(Score::get(cache, (&name, 2, "blitz")), score("bob", 2, "blitz")).await;
        check(Score::get(cache, score("bob", 2, "blitz").keys()), score("bob", 2, "blitz")).await;
        let keys = ScoreKeys { player: name, level: 2, mode: "blitz".into() };
        check(Score::get(cache, &keys), score("bob", 2, "blitz")).await;
        assert!(Score::get(cache, ("bob", 9)).await.is_err_and(|error| error.is_missing()));
    }

    async fn bc5_all_keys_may_have_a_default(world) {
        let thing = settings::Thing { id: None, r#type: 8 };
        thing.save(&world.cache).await.expect("the store answers");
        assert!(settings::Thing::get(&world.cache, ()).await.is_ok());
        assert!(settings::Thing::get(&world.cache, None).await.is_ok());
        assert!(settings::Thing::get(&world.cache, (None, 8)).await.is_ok());
        let thing = settings::Thing { id: Some(1), r#type: 2 };
        thing.save(&world.cache).await.expect("the store answers");
        assert_eq!(*settings::Thing::get(&world.cache, Some(1)).await.expect("it is there"), thing);
    }
}
