//! Cakes with fruit and fillings, fillings with vendors.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, NotSet, Schema, Set};

use crate::shop::BACKEND;

pub(super) mod cake {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "cake")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub price: i32,
        pub vegan: bool,
        pub note: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::fruit::Entity")]
        Fruit,
    }

    impl Related<super::fruit::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Fruit.def()
        }
    }

    impl Related<super::filling::Entity> for Entity {
        fn to() -> RelationDef {
            super::cake_filling::Relation::Filling.def()
        }

        fn via() -> Option<RelationDef> {
            Some(super::cake_filling::Relation::Cake.def().rev())
        }
    }

    /// From a cake to the vendors of its fillings.
    #[derive(Debug)]
    pub struct ToVendor;

    impl Linked for ToVendor {
        type FromEntity = Entity;
        type ToEntity = super::vendor::Entity;

        fn link(&self) -> Vec<RelationDef> {
            vec![
                super::cake_filling::Relation::Cake.def().rev(),
                super::cake_filling::Relation::Filling.def(),
                super::filling::Relation::Vendor.def(),
            ]
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod fruit {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "fruit")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub cake_id: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::cake::Entity",
            from = "Column::CakeId",
            to = "super::cake::Column::Id",
            on_delete = "SetNull"
        )]
        Cake,
    }

    impl Related<super::cake::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Cake.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod filling {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "filling")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub vendor_id: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::vendor::Entity",
            from = "Column::VendorId",
            to = "super::vendor::Column::Id"
        )]
        Vendor,
    }

    impl Related<super::vendor::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Vendor.def()
        }
    }

    impl Related<super::cake::Entity> for Entity {
        fn to() -> RelationDef {
            super::cake_filling::Relation::Cake.def()
        }

        fn via() -> Option<RelationDef> {
            Some(super::cake_filling::Relation::Filling.def().rev())
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod vendor {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "vendor")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[sea_orm(unique)]
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod cake_filling {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "cake_filling")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub cake_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub filling_id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::cake::Entity",
            from = "Column::CakeId",
            to = "super::cake::Column::Id",
            on_delete = "Cascade"
        )]
        Cake,
        #[sea_orm(
            belongs_to = "super::filling::Entity",
            from = "Column::FillingId",
            to = "super::filling::Column::Id",
            on_delete = "Cascade"
        )]
        Filling,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A cake that has no number yet.
pub(super) fn new_cake(name: &str, price: i32, note: Option<&str>) -> cake::ActiveModel {
    cake::ActiveModel {
        id: NotSet,
        name: Set(name.to_owned()),
        price: Set(price),
        vegan: Set(price % 2 == 0),
        note: Set(note.map(str::to_owned)),
    }
}

pub(super) fn new_fruit(name: &str, cake_id: Option<i32>) -> fruit::ActiveModel {
    fruit::ActiveModel {
        id: NotSet,
        name: Set(name.to_owned()),
        cake_id: Set(cake_id),
    }
}

pub(super) fn new_filling(name: &str, vendor_id: Option<i32>) -> filling::ActiveModel {
    filling::ActiveModel {
        id: NotSet,
        name: Set(name.to_owned()),
        vendor_id: Set(vendor_id),
    }
}

pub(super) fn new_vendor(name: &str) -> vendor::ActiveModel {
    vendor::ActiveModel {
        id: NotSet,
        name: Set(name.to_owned()),
    }
}

pub(super) fn link(cake_id: i32, filling_id: i32) -> cake_filling::ActiveModel {
    cake_filling::ActiveModel {
        cake_id: Set(cake_id),
        filling_id: Set(filling_id),
    }
}

/// Makes the tables and first rows. Numbers come from the database: 1, 2, 3.
pub(super) async fn make<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    let schema = Schema::new(BACKEND);
    db.execute(&schema.create_table_from_entity(cake::Entity))
        .await?;
    db.execute(&schema.create_table_from_entity(vendor::Entity))
        .await?;
    db.execute(&schema.create_table_from_entity(fruit::Entity))
        .await?;
    db.execute(&schema.create_table_from_entity(filling::Entity))
        .await?;
    db.execute(&schema.create_table_from_entity(cake_filling::Entity))
        .await?;
    for (name, price, note) in [
        ("Cheese", 12, Some("baked")),
        ("Carrot", 9, None),
        ("Poppy seed", 9, Some("Dry")),
        ("Plain", 4, None),
    ] {
        cake::Entity::insert(new_cake(name, price, note))
            .exec(db)
            .await?;
    }
    for (name, cake) in [
        ("Lemon", Some(1)),
        ("Raspberry", Some(1)),
        ("Apple", Some(2)),
        ("Quince", None),
    ] {
        fruit::Entity::insert(new_fruit(name, cake))
            .exec(db)
            .await?;
    }
    for name in ["Field & Sons", "The mill"] {
        vendor::Entity::insert(new_vendor(name)).exec(db).await?;
    }
    for (name, vendor) in [("Vanilla", Some(1)), ("Chocolate", Some(2)), ("Jam", None)] {
        filling::Entity::insert(new_filling(name, vendor))
            .exec(db)
            .await?;
    }
    for (cake, filling) in [(1, 1), (1, 2), (2, 2), (3, 3)] {
        cake_filling::Entity::insert(link(cake, filling))
            .exec(db)
            .await?;
    }
    Ok(())
}
