//! A small record shop.

macro_rules! plain_relations {
    () => {
        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}
        impl ActiveModelBehavior for ActiveModel {}
    };
}

pub mod genre {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "genre")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
    }

    plain_relations!();
}

pub mod album {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "album")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub title: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::track::Entity")]
        Track,
    }

    impl Related<super::track::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Track.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod track {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "track")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub album_id: Option<i32>,
        pub genre_id: i32,
        pub unit_price: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::album::Entity",
            from = "Column::AlbumId",
            to = "super::album::Column::Id"
        )]
        Album,
    }

    impl Related<super::album::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Album.def()
        }
    }

    impl Related<super::playlist::Entity> for Entity {
        fn to() -> RelationDef {
            super::playlist_track::Relation::Playlist.def()
        }

        fn via() -> Option<RelationDef> {
            Some(super::playlist_track::Relation::Track.def().rev())
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod playlist {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "playlist")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl Related<super::track::Entity> for Entity {
        fn to() -> RelationDef {
            super::playlist_track::Relation::Track.def()
        }

        fn via() -> Option<RelationDef> {
            Some(super::playlist_track::Relation::Playlist.def().rev())
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod playlist_track {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "playlist_track")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub playlist_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub track_id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::playlist::Entity",
            from = "Column::PlaylistId",
            to = "super::playlist::Column::Id"
        )]
        Playlist,
        #[sea_orm(
            belongs_to = "super::track::Entity",
            from = "Column::TrackId",
            to = "super::track::Column::Id"
        )]
        Track,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
