//! AC-6: keys that differ to us and are equal to the database.

use larder_sea_orm::{CachedConnection, CachedEntity};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::shop::Shop;
use crate::{asks, hit};

async fn run(db: &CachedConnection, sql: &str) {
    db.execute_unprepared(sql).await.expect("it runs");
}

mod code {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "code")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The database finds 'abc' for 'ABC', and so does a batch.
#[tokio::test]
async fn ac6_keys_that_are_equal_to_the_database_alone() {
    for (collation, aliases) in [("NOCASE", true), ("RTRIM", true), ("BINARY", false)] {
        let Shop {
            db,
            folder: _folder,
        } = Shop::open().await;
        run(
            &db,
            &format!("CREATE TABLE code (code TEXT PRIMARY KEY COLLATE {collation} NOT NULL)"),
        )
        .await;
        run(&db, "INSERT INTO code VALUES ('abc'), ('xyz')").await;
        let keys = ["abc", "ABC", "xyz ", "xyz", "none"];
        let rows = code::Entity::cached(&db).get_many(keys).await.unwrap();
        for (key, row) in keys.iter().zip(&rows) {
            let plain = code::Entity::find_by_id(*key).one(&db).await.unwrap();
            assert_eq!(row.as_deref(), plain.as_ref(), "{key} by {collation}");
            assert_eq!(hit!(code::Entity::cached(&db).get(*key)), *row);
        }
        let found = rows.iter().flatten().count();
        assert_eq!(found > 2, aliases, "{collation}");
        // Where texts are equal only if they are the same, absence needs no second statement.
        if !aliases {
            asks!(1, code::Entity::cached(&db).get_many(["abc", "none yet"]));
        }
    }
}
