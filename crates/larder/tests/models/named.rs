//! Two structs of one name.

use larder::{CacheModel, ModelError};
use serde::{Deserialize, Serialize};

use crate::world::on_every_store;

mod customers {
    use super::*;

    #[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct User {
        #[key]
        pub(super) id: u32,
        pub(super) name: String,
    }
}

mod staff {
    use super::*;

    #[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct User {
        #[key]
        pub(super) id: u32,
        pub(super) name: String,
    }
}

/// A struct inside of a function, saved.
macro_rules! save_local {
    ($cache:expr) => {{
        #[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
        struct Local {
            #[key]
            id: u32,
        }

        let saved = Local { id: 7 }.save($cache).await;
        let got = Local::get($cache, 7).await;
        let there = Local::exists($cache, 7).await;
        let dropped = Local::invalidate_all($cache).await;
        let deleted = Local::delete($cache, 7).await;
        (saved, got.map(|got| got.id), there, dropped, deleted)
    }};
}

on_every_store! {
    async fn bc3_two_structs_of_one_name_in_two_modules_share_no_entry(world) {
        let cache = &world.cache;
        let customer = customers::User { id: 7, name: "ann".into() };
        let employee = staff::User { id: 7, name: "bob".into() };
        assert_ne!(customer.key(), employee.key());
        customer.save(cache).await.expect("the store answers");
        let missed = staff::User::get(cache, 7).await;
        assert!(missed.is_err_and(|error| error.is_missing()));
        employee.save(cache).await.expect("the store answers");
        assert_eq!(*customers::User::get(cache, 7).await.expect("it is there"), customer);
        assert_eq!(*staff::User::get(cache, 7).await.expect("it is there"), employee);
        staff::User::invalidate_all(cache).await.expect("the store answers");
        assert_eq!(*customers::User::get(cache, 7).await.expect("it is there"), customer);
        assert_eq!(customers::User::NAME, staff::User::NAME);
    }

    async fn bc3_of_two_structs_that_no_path_tells_apart_the_second_is_refused(world) {
        let (saved, got, there, dropped, deleted) = save_local!(&world.cache);
        assert!(saved.is_ok() && got.is_ok() && there.is_ok() && dropped.is_ok() && deleted.is_ok());
        let (saved, got, there, dropped, deleted) = save_local!(&world.cache);
        let got = match got.expect_err("the name is taken") {
            ModelError::Cache(error) => error,
            other => panic!("{other}"),
        };
        let refused = [saved.err(), Some(got), there.err(), dropped.err(), deleted.err()];
        for error in refused {
            let error = error.expect("the name is taken");
            assert!(error.is_config(), "{error}");
            let said = error.to_string();
            assert_eq!(said.matches("Local`").count(), 2, "{said}");
            assert!(said.contains("#[cache(name = "), "{said}");
        }
    }
}
