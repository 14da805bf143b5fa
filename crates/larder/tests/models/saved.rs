//! Saving, finding, deleting.

use std::time::Duration;

use larder::{CacheModel, ModelError, Policy};
use serde::{Deserialize, Serialize};

use crate::world::{World, on_every_store};

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cache(ttl = "15m")]
struct User {
    #[key]
    username: String,
    email: String,
}

/// Lives until it is evicted.
#[derive(CacheModel, Serialize, Deserialize)]
struct Country {
    #[key]
    code: String,
}

fn user(name: &str) -> User {
    User {
        username: name.into(),
        email: format!("{name}@example.org"),
    }
}

async fn is_there(world: &World, name: &str) -> bool {
    let got = User::get(&world.cache, name).await;
    assert_eq!(
        got.is_ok(),
        User::exists(&world.cache, name)
            .await
            .expect("the store answers")
    );
    got.is_ok()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

on_every_store! {
    async fn bc4_what_is_saved_is_found_as_it_was(world) {
        user("bob").save(&world.cache).await.expect("the store answers");
        let got = User::get(&world.cache, "bob").await.expect("it is there");
        assert_eq!(*got, user("bob"));
        let mut changed = user("bob");
        changed.email = "elsewhere".into();
        changed.save(&world.cache).await.expect("the store answers");
        let got = User::get(&world.cache, "bob").await.expect("it is there");
        assert_eq!(*got, changed);
    }

    async fn bc4_the_ttl_is_the_models_and_a_call_may_give_another(world) {
        user("model").save(&world.cache).await.expect("the store answers");
        user("short").save(&world.cache).ttl(seconds(60)).await.expect("the store answers");
        user("long").save(&world.cache).ttl(seconds(3600)).await.expect("the store answers");
        world.clock.advance(seconds(59));
        assert!(is_there(world, "short").await);
        world.clock.advance(seconds(2));
        assert!(!is_there(world, "short").await);
        world.clock.advance(seconds(15 * 60 - 62));
        assert!(is_there(world, "model").await);
        world.clock.advance(seconds(2));
        assert!(!is_there(world, "model").await);
        assert!(is_there(world, "long").await);
    }

    async fn bc4_without_a_ttl_it_lives_until_it_is_evicted(world) {
        // Whatever the cache's own policy says.
        let cache = world.another(|builder| builder.policy(Policy::new().ttl(seconds(1))));
        Country { code: "LV".into() }.save(&cache).await.expect("the store answers");
        world.clock.advance(seconds(1000 * 365 * 24 * 3600));
        assert!(Country::get(&cache, "LV").await.is_ok());
        // A thousand years, and longer than any clock counts.
        for ttl in [seconds(1000 * 365 * 24 * 3600), Duration::MAX] {
            user("bob").save(&cache).ttl(ttl).await.expect("the store answers");
            assert!(User::get(&cache, "bob").await.is_ok());
        }
    }

    async fn bc4_with_a_ttl_of_zero_nothing_is_found_and_the_old_is_gone(world) {
        user("bob").save(&world.cache).await.expect("the store answers");
        user("bob").save(&world.cache).ttl(Duration::ZERO).await.expect("the store answers");
        assert!(!is_there(world, "bob").await);
    }

    async fn bc6_a_miss_names_the_model_and_the_key(world) {
        let missed = User::get(&world.cache, "bob").await;
        let Err(ModelError::Missing(missing)) = missed else {
            panic!("{missed:?}");
        };
        assert_eq!(missing.model(), "User");
        assert_eq!(missing.key_fields(), ["username"]);
        assert_eq!(missing.key(), &user("bob").key());
        assert_eq!(missing.reference(), None);
        let said = format!("{missing} {missing:?}");
        assert!(said.contains("User") && said.contains("username"), "{said}");
        assert!(!said.contains("bob"), "a value is shown: {said}");
        assert_eq!(missing.key().readable(), "('models::saved::User', ('bob'))");
    }

    async fn bc6_a_store_that_failed_is_no_miss(world) {
        user("bob").save(&world.cache).await.expect("the store answers");
        world.kill();
        if world.is_shared() {
            let failed = User::get(&world.cache, "bob").await.expect_err("the server is gone");
            assert!(failed.is_store() && !failed.is_missing(), "{failed:?}");
            for failed in User::get_many(&world.cache, ["bob", "eve"]).await {
                let failed = failed.expect_err("the server is gone");
                assert!(failed.is_store() && !failed.is_missing(), "{failed:?}");
            }
            let failed = User::exists(&world.cache, "bob").await.expect_err("the server is gone");
            assert!(failed.is_store());
            assert!(user("bob").save(&world.cache).await.is_err());
        }
    }

    async fn bc8_what_is_deleted_is_missing_and_absent_is_fine(world) {
        User::delete(&world.cache, "bob").await.expect("absent is fine");
        user("bob").save(&world.cache).await.expect("the store answers");
        User::delete(&world.cache, "bob").await.expect("the store answers");
        assert!(!is_there(world, "bob").await);
        user("bob").save(&world.cache).await.expect("the store answers");
        User::delete(&world.cache, user("bob").keys()).await.expect("the store answers");
        assert!(!is_there(world, "bob").await);
    }

    async fn bc8_many_that_are_all_missing_are_one_round_trip(world) {
        let (got, trips) = world.trips(User::get_many(&world.cache, ["ann", "bob"])).await;
        assert!(got.iter().all(|got| got.as_ref().is_err_and(ModelError::is_missing)), "{got:?}");
        assert_eq!(trips, 1);
    }

    async fn bc8_many_are_got_in_one_round_trip_and_the_missing_are_told(world) {
        for name in ["ann", "bob", "cid"] {
            user(name).save(&world.cache).await.expect("the store answers");
        }
        let asked = ["cid", "eve", "ann", "bob", "ann"];
        let (got, trips) = world.trips(User::get_many(&world.cache, asked)).await;
        assert_eq!(trips, 1);
        for (name, got) in asked.into_iter().zip(got) {
            match got {
                Ok(got) => assert_eq!(*got, user(name)),
                Err(error) => {
                    assert_eq!(name, "eve");
                    let missing = error.missing().expect("it is missing");
                    assert_eq!(missing.key(), &user("eve").key());
                }
            }
        }
        assert!(User::get_many(&world.cache, [] as [&str; 0]).await.is_empty());
    }

    async fn bc8_get_or_create_creates_once_and_tells(world) {
        let create = || user("bob");
        let (bob, created) = User::get_or_create(&world.cache, "bob", create).await.expect("creates");
        assert!(created);
        assert_eq!(*bob, user("bob"));
        let other = || -> User { panic!("it is there") };
        let (bob, created) = User::get_or_create(&world.cache, "bob", other).await.expect("is there");
        assert!(!created);
        assert_eq!(*bob, user("bob"));
        let wrong = User::get_or_create(&world.cache, "eve", || user("ann")).await;
        assert!(matches!(wrong, Err(ModelError::OtherKeys(_))), "{wrong:?}");
        assert!(!is_there(world, "eve").await && !is_there(world, "ann").await);
    }

    async fn bc8_of_many_who_get_or_create_one_creates(world) {
        let calls = (0..20).map(|_| User::get_or_create(&world.cache, "bob", || user("bob")));
        let got = futures_util::future::join_all(calls).await;
        let created = got.iter().filter(|got| matches!(got, Ok((_, true)))).count();
        assert_eq!(created, 1);
        assert!(got.iter().all(|got| got.as_ref().is_ok_and(|(bob, _)| **bob == user("bob"))));
    }

    async fn all_objects_of_a_model_are_invalidated_at_once_and_no_others(world) {
        for name in ["ann", "bob"] {
            user(name).save(&world.cache).await.expect("the store answers");
        }
        Country { code: "LV".into() }.save(&world.cache).await.expect("the store answers");
        world.cache.insert("User", 1).await.expect("the store answers");
        let (done, trips) = world.trips(User::invalidate_all(&world.cache)).await;
        done.expect("the store answers");
        assert_eq!(trips, 1);
        assert!(!is_there(world, "ann").await && !is_there(world, "bob").await);
        assert!(Country::get(&world.cache, "LV").await.is_ok());
        user("bob").save(&world.cache).await.expect("the store answers");
        assert!(is_there(world, "bob").await);
        world.cache.remove_tree("models::saved::User").await.expect("the store answers");
        assert!(!is_there(world, "bob").await);
    }

    async fn a_cache_that_is_off_finds_and_keeps_nothing(world) {
        user("bob").save(&world.cache).await.expect("the store answers");
        world.cache.set_enabled(false);
        assert!(!is_there(world, "bob").await);
        let mut changed = user("bob");
        changed.email = "elsewhere".into();
        changed.save(&world.cache).await.expect("the store answers");
        world.cache.set_enabled(true);
        assert!(!is_there(world, "bob").await);
    }
}
