//! Models that change between two builds, with what the other build saved in the store.
//!
//! Two modules stand for two builds: their structs have the same model name.

use larder::{Cache, CacheModel, Codec, ModelError};
use serde::{Deserialize, Serialize};

use crate::world::World;

/// What the other build makes of an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Read {
    /// It is a miss, by every codec.
    Miss,
    /// It is read by the codecs whose bytes have names in them, and is a miss by the other.
    ByName,
}

/// Saves `old` by each codec, and reads it as another build does.
async fn check<Old, New>(old: Old, new: New, expected: Read)
where
    Old: CacheModel + std::fmt::Debug + PartialEq,
    New: CacheModel + std::fmt::Debug + PartialEq,
{
    assert_eq!((Old::NAME, old.key()), (New::NAME, new.key()), "one model");
    for world in [
        World::redis().await,
        World::memcached().await,
        World::memory(),
    ] {
        for codec in [Codec::Postcard, Codec::MessagePack, Codec::Json] {
            let cache = world.another(|builder| builder.codec(codec));
            old.save(&cache).await.expect("the store answers");
            let got = New::get(&cache, new.keys()).await;
            match &got {
                Ok(got) => assert_eq!(**got, new, "{codec:?}: a wrong value"),
                Err(ModelError::Missing(_)) => {}
                Err(other) => panic!("{codec:?}: {other:?}"),
            }
            let by_name = expected == Read::ByName && codec != Codec::Postcard;
            assert_eq!(
                got.is_ok(),
                by_name && world.is_shared(),
                "{codec:?}: {got:?}"
            );
            comes_back(&cache, &new).await;
            comes_back(&cache, &old).await;
        }
    }
}

/// Whatever was there, what a build saves it gets.
async fn comes_back<M: CacheModel + std::fmt::Debug + PartialEq>(cache: &Cache, object: &M) {
    object.save(cache).await.expect("the store answers");
    let got = M::get(cache, object.keys()).await.expect("it is there");
    assert_eq!(*got, *object);
}

/// Two builds of the model `User`: what is different is given.
macro_rules! builds {
    (
        old { $($(#[$old_attr:meta])* $old:ident: $old_type:ty = $old_value:expr,)* }
        new { $($(#[$new_attr:meta])* $new:ident: $new_type:ty = $new_value:expr,)* }
        $expected:expr
    ) => {{
        mod old {
            #[allow(unused_imports)]
            use super::*;

            #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
            #[cache(name = "User")]
            pub(super) struct User {
                #[key]
                pub(super) name: String,
                $($(#[$old_attr])* pub(super) $old: $old_type,)*
            }
        }

        mod new {
            #[allow(unused_imports)]
            use super::*;

            #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
            #[cache(name = "User")]
            pub(super) struct User {
                #[key]
                pub(super) name: String,
                $($(#[$new_attr])* pub(super) $new: $new_type,)*
            }
        }

        check(
            old::User { name: "bob".into(), $($old: $old_value,)* },
            new::User { name: "bob".into(), $($new: $new_value,)* },
            $expected,
        )
        .await;
    }};
}

#[tokio::test]
async fn bc11_a_field_that_was_added_is_a_miss() {
    builds! {
        old { age: u32 = 7, }
        new { age: u32 = 7, size: u32 = 0, }
        Read::Miss
    }
}

#[tokio::test]
async fn bc11_a_field_that_was_added_with_a_default_is_a_hit_by_name() {
    builds! {
        old { age: u32 = 7, }
        new { age: u32 = 7, #[serde(default)] size: Option<u32> = None, }
        Read::ByName
    }
}

#[tokio::test]
async fn bc11_a_binary_field_that_was_added_with_a_default_is_a_hit_by_name() {
    builds! {
        old { age: u32 = 7, }
        new { age: u32 = 7, #[binary] #[serde(default)] avatar: Vec<u8> = vec![], }
        Read::ByName
    }
}

#[tokio::test]
async fn bc11_a_field_that_was_removed_is_a_hit_by_name() {
    builds! {
        old { age: u32 = 7, size: u32 = 8, }
        new { size: u32 = 8, }
        Read::ByName
    }
}

#[tokio::test]
async fn bc11_fields_that_changed_places_are_never_mixed_up() {
    builds! {
        old { age: u32 = 7, size: u32 = 8, }
        new { size: u32 = 8, age: u32 = 7, }
        Read::ByName
    }
}

#[tokio::test]
async fn bc11_a_field_that_was_renamed_is_a_miss_and_with_an_alias_a_hit_by_name() {
    builds! {
        old { age: u32 = 7, }
        new { years: u32 = 7, }
        Read::Miss
    }
}

#[tokio::test]
async fn bc11_an_alias_reads_the_old_name() {
    builds! {
        old { age: u32 = 7, }
        new { #[serde(alias = "age")] years: u32 = 7, }
        Read::ByName
    }
}

#[tokio::test]
async fn bc11_a_field_of_another_type_is_a_miss() {
    builds! {
        old { age: u32 = 7, }
        new { age: String = "7".into(), }
        Read::Miss
    }
}

#[tokio::test]
async fn bc11_a_field_of_a_wider_type_is_read_by_name() {
    builds! {
        old { age: u32 = 7, }
        new { age: u64 = 7, }
        Read::ByName
    }
}

#[tokio::test]
async fn bc11_a_binary_field_of_another_type_is_a_miss() {
    // The bytes of either could be read as the other.
    builds! {
        old { #[binary] age: u32 = 7, }
        new { #[binary] age: u64 = 7, }
        Read::Miss
    }
}

#[tokio::test]
async fn bc11_a_field_that_became_binary_is_a_miss() {
    builds! {
        old { age: u32 = 7, }
        new { #[binary] age: u32 = 7, }
        Read::Miss
    }
}

#[tokio::test]
async fn bc11_a_field_that_is_no_longer_binary_is_a_miss() {
    builds! {
        old { #[binary] age: u32 = 7, }
        new { age: u32 = 7, }
        Read::Miss
    }
}

#[tokio::test]
async fn bc11_a_reference_to_another_model_is_a_miss() {
    use larder::Reference;

    #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Cat {
        #[key]
        name: String,
    }

    #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Dog {
        #[key]
        name: String,
    }

    #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
    #[cache(name = "Owner")]
    struct Old {
        #[key]
        name: String,
        pet: Reference<Cat>,
    }

    #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
    #[cache(name = "Owner")]
    struct New {
        #[key]
        name: String,
        pet: Reference<Dog>,
    }

    for world in [World::redis().await, World::memcached().await] {
        for codec in [Codec::Postcard, Codec::MessagePack, Codec::Json] {
            let cache = world.another(|builder| builder.codec(codec));
            let pet = Reference::to_key("Rex");
            Cat { name: "Rex".into() }
                .save(&cache)
                .await
                .expect("the store answers");
            Dog { name: "Rex".into() }
                .save(&cache)
                .await
                .expect("the store answers");
            let owner = Old {
                name: "ann".into(),
                pet,
            };
            owner.save(&cache).await.expect("the store answers");
            let got = New::get(&cache, "ann").await.expect_err("she has a cat");
            assert_eq!(
                got.missing().map(|missing| missing.model()),
                Some("Owner"),
                "{codec:?}"
            );
        }
    }
}

#[tokio::test]
async fn bc11_keys_that_changed_places_are_never_mixed_up() {
    #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
    #[cache(name = "Route")]
    struct Old {
        #[key]
        from: u32,
        #[key]
        to: u32,
    }

    #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
    #[cache(name = "Route")]
    struct New {
        #[key]
        to: u32,
        #[key]
        from: u32,
    }

    for world in [World::redis().await, World::memcached().await] {
        for codec in [Codec::Postcard, Codec::MessagePack, Codec::Json] {
            let cache = world.another(|builder| builder.codec(codec));
            let route = Old { from: 1, to: 2 };
            route.save(&cache).await.expect("the store answers");
            let got = New::get(&cache, NewKeys { to: 1, from: 2 }).await;
            assert!(got.is_err_and(|error| error.is_missing()), "{codec:?}");
        }
    }
}

#[tokio::test]
async fn bc11_another_version_never_meets_old_entries() {
    #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
    #[cache(name = "Page")]
    struct Old {
        #[key]
        path: String,
    }

    #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
    #[cache(name = "Page", version = 2)]
    struct New {
        #[key]
        path: String,
    }

    let world = World::redis().await;
    Old { path: "/".into() }
        .save(&world.cache)
        .await
        .expect("the store answers");
    assert!(
        New::get(&world.cache, "/")
            .await
            .is_err_and(|error| error.is_missing())
    );
    New { path: "/".into() }
        .save(&world.cache)
        .await
        .expect("the store answers");
    New::invalidate_all(&world.cache)
        .await
        .expect("the store answers");
    assert!(Old::get(&world.cache, "/").await.is_ok());
}

#[tokio::test]
async fn bc2_a_struct_whose_name_is_given_keeps_its_entries_when_it_moves() {
    mod here {
        use super::*;

        #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
        #[cache(name = "Note")]
        pub(super) struct Note {
            #[key]
            pub(super) id: u64,
            pub(super) text: String,
        }
    }

    mod there {
        use super::*;

        #[derive(CacheModel, Debug, PartialEq, Serialize, Deserialize)]
        #[cache(name = "Note")]
        pub(super) struct Note {
            #[key]
            pub(super) id: u64,
            pub(super) text: String,
        }
    }

    let world = World::redis().await;
    let note = here::Note {
        id: 1,
        text: "kept".into(),
    };
    note.save(&world.cache).await.expect("the store answers");
    let got = there::Note::get(&world.cache, 1)
        .await
        .expect("it is the same model");
    assert_eq!(got.text, "kept");
}
