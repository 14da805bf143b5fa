//! SeaORM's nested saves: one call, a transaction with savepoints, several tables.

use larder_sea_orm::CachedExt;
use sea_orm::{EntityTrait, QueryOrder};

use crate::entity::{album as plain_album, track as plain_track};
use crate::miss;
use crate::shop::Shop;

mod album {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "album")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
        #[sea_orm(has_many)]
        pub tracks: HasMany<super::track::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod track {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "track")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub album_id: Option<i32>,
        pub genre_id: i32,
        pub unit_price: i32,
        #[sea_orm(belongs_to, from = "album_id", to = "id")]
        pub album: HasOne<super::album::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

#[tokio::test]
async fn nested_saves_are_seen() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let albums = || {
        plain_album::Entity::find()
            .order_by_asc(plain_album::Column::Id)
            .cached()
    };
    let tracks = || {
        plain_track::Entity::find()
            .order_by_asc(plain_track::Column::Id)
            .cached()
    };
    assert_eq!(miss!(albums().all(&db)).len(), 3);
    assert_eq!(miss!(tracks().all(&db)).len(), 4);
    let song = |name: &str| {
        track::ActiveModel::builder()
            .set_name(name)
            .set_genre_id(1)
            .set_unit_price(99)
    };
    album::ActiveModel::builder()
        .set_title("Nested")
        .add_track(song("One"))
        .add_track(song("Two"))
        .save(&db)
        .await
        .unwrap();
    assert_eq!(miss!(albums().all(&db)).last().unwrap().title, "Nested");
    assert_eq!(miss!(tracks().all(&db)).len(), 6);
}
