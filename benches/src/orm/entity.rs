//! What the shop sells.
#![allow(unreachable_pub)] // what the derive macros make

pub(crate) mod product {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "product")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
        pub category_id: i32,
        pub maker_id: i32,
        pub price: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::maker::Entity",
            from = "Column::MakerId",
            to = "super::maker::Column::Id"
        )]
        Maker,
    }

    impl Related<super::maker::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Maker.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod maker {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "maker")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Products at the beginning. Their numbers begin at 1.
pub(crate) const PRODUCTS: i32 = 2_000;
/// Each has a hundred products.
pub(crate) const CATEGORIES: i32 = 20;
/// Each has twenty products.
pub(crate) const MAKERS: i32 = 100;

/// One of the products at the beginning.
pub(crate) fn product(id: i32) -> product::Model {
    product::Model {
        id,
        name: format!("Product number {id}"),
        category_id: id % CATEGORIES + 1,
        maker_id: id % MAKERS + 1,
        price: 100 + id,
    }
}

/// All makers.
pub(crate) fn makers() -> impl Iterator<Item = maker::Model> {
    (1..=MAKERS).map(|id| maker::Model {
        id,
        name: format!("Maker number {id}"),
    })
}
