//! AC-10 to AC-12 among rows of one table, over two keys to one table, and one to one.

use std::sync::Arc;

use larder_sea_orm::{CachedConnection, CachedModel};
use sea_orm::{ConnectionTrait, EntityTrait, LoaderTrait, ModelTrait, QueryOrder, RelationTrait};

use crate::fleet::{Fleet, Server};
use crate::{hit, miss};

const TABLES: &str = "
    CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, boss_id INTEGER REFERENCES person (id));
    CREATE TABLE desk (id INTEGER PRIMARY KEY, room TEXT NOT NULL, person_id INTEGER UNIQUE REFERENCES person (id));
    CREATE TABLE follower (user_id INTEGER NOT NULL, follower_id INTEGER NOT NULL, PRIMARY KEY (user_id, follower_id));
    CREATE TABLE letter (id INTEGER PRIMARY KEY, sender_id INTEGER NOT NULL, reader_id INTEGER NOT NULL);
    INSERT INTO person VALUES (1, 'Ann', NULL), (2, 'Bob', 1), (3, 'Cid', 1), (4, 'Dot', 2);
    INSERT INTO desk VALUES (1, 'East', 1), (2, 'West', 2), (3, 'Attic', NULL);
    INSERT INTO follower VALUES (1, 2), (1, 3), (2, 1);
    INSERT INTO letter VALUES (1, 1, 2), (2, 2, 1), (3, 1, 3);";

mod person {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "person")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub boss_id: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "Entity", from = "Column::BossId", to = "Column::Id")]
        Boss,
        #[sea_orm(has_one = "super::desk::Entity")]
        Desk,
    }

    impl Related<super::desk::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Desk.def()
        }
    }

    impl RelatedSelfVia<super::follower::Entity> for Entity {
        fn to() -> RelationDef {
            super::follower::Relation::Follower.def()
        }

        fn via() -> RelationDef {
            super::follower::Relation::User.def().rev()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod desk {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "desk")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub room: String,
        pub person_id: Option<i32>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::person::Entity",
            from = "Column::PersonId",
            to = "super::person::Column::Id"
        )]
        Person,
    }

    impl Related<super::person::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Person.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod follower {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "follower")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub follower_id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::person::Entity",
            from = "Column::UserId",
            to = "super::person::Column::Id"
        )]
        User,
        #[sea_orm(
            belongs_to = "super::person::Entity",
            from = "Column::FollowerId",
            to = "super::person::Column::Id"
        )]
        Follower,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod letter {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "letter")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub sender_id: i32,
        pub reader_id: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::person::Entity",
            from = "Column::SenderId",
            to = "super::person::Column::Id"
        )]
        Sender,
        #[sea_orm(
            belongs_to = "super::person::Entity",
            from = "Column::ReaderId",
            to = "super::person::Column::Id"
        )]
        Reader,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One process, and whom it finds.
async fn staff(fleet: &Fleet) -> (CachedConnection, Vec<person::Model>) {
    let db = fleet.process().await;
    run(&db, TABLES).await;
    let staff = everybody(&db).await;
    (db, staff)
}

async fn everybody(db: &CachedConnection) -> Vec<person::Model> {
    let all = person::Entity::find().order_by_asc(person::Column::Id);
    all.all(db).await.unwrap()
}

async fn run(db: &CachedConnection, sql: &str) {
    db.execute_unprepared(sql).await.expect("it runs");
}

fn names(people: &[person::Model]) -> Vec<&str> {
    people.iter().map(|person| person.name.as_str()).collect()
}

#[tokio::test]
async fn ac10_ac11_ac12_a_table_that_refers_to_itself() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, _) = staff(&fleet).await;
        let db = &db;
        let agree = async || {
            let staff = everybody(db).await;
            let bosses = staff
                .load_self(person::Entity, person::Relation::Boss, db)
                .await
                .unwrap();
            let under = staff
                .load_self_many(
                    person::Entity::find().order_by_asc(person::Column::Id),
                    person::Relation::Boss,
                    db,
                )
                .await;
            let under = match under {
                Ok(under) => under,
                // SeaORM wants the relation from the other side.
                Err(_) => staff
                    .iter()
                    .map(|boss| {
                        let of = staff
                            .iter()
                            .filter(|person| person.boss_id == Some(boss.id));
                        of.cloned().collect()
                    })
                    .collect(),
            };
            for ((person, boss), under) in staff.iter().zip(bosses).zip(under) {
                let up = person
                    .cached(db)
                    .related_by::<person::Entity>(person::Relation::Boss.def());
                assert_eq!(
                    up.one().await.unwrap().as_deref(),
                    boss.as_ref(),
                    "{}",
                    person.name
                );
                let down = person
                    .cached(db)
                    .related_by::<person::Entity>(person::Relation::Boss.def().rev());
                let down = down.order_by_asc(person::Column::Id).all().await.unwrap();
                assert_eq!(*down, under, "{}", person.name);
            }
            staff
        };
        let people = agree().await;
        let under = |at: usize| {
            let person: &person::Model = &people[at];
            let under = person
                .cached(db)
                .related_by::<person::Entity>(person::Relation::Boss.def().rev());
            under.order_by_asc(person::Column::Id).all()
        };
        assert_eq!(names(&hit!(under(0))), ["Bob", "Cid"]);

        // Moved from one to the other: both lists, and no third.
        run(db, "UPDATE person SET boss_id = 2 WHERE id = 3").await;
        assert_eq!(names(&miss!(under(0))), ["Bob"]);
        assert_eq!(names(&miss!(under(1))), ["Cid", "Dot"]);
        assert!(hit!(under(3)).is_empty());
        agree().await;
        // Nobody has no boss: that asks nothing.
        let before = db.statements();
        let none = people[0]
            .cached(db)
            .related_by::<person::Entity>(person::Relation::Boss.def());
        assert_eq!(none.one().await.unwrap(), None);
        assert_eq!(db.statements(), before);
    }
}

#[tokio::test]
async fn ac10_ac11_one_to_one_and_its_absence() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, people) = staff(&fleet).await;
        let db = &db;
        let desk = |at: usize| {
            let person: &person::Model = &people[at];
            person.cached(db).related(desk::Entity).one()
        };
        let agree = async || {
            for (at, person) in people.iter().enumerate() {
                let plain = person.find_related(desk::Entity).one(db).await.unwrap();
                assert_eq!(
                    desk(at).await.unwrap().as_deref(),
                    plain.as_ref(),
                    "{}",
                    person.name
                );
            }
        };
        assert!(miss!(desk(2)).is_none());
        agree().await;
        // Given to one who had none, taken from one who had it.
        run(db, "UPDATE desk SET person_id = 3 WHERE id = 2").await;
        assert_eq!(miss!(desk(2)).unwrap().room, "West");
        assert!(miss!(desk(1)).is_none());
        hit!(desk(0));
        agree().await;
        run(db, "DELETE FROM desk WHERE id = 2").await;
        assert!(miss!(desk(2)).is_none());
        agree().await;
        // The way back.
        for plain in desk::Entity::find().all(db).await.unwrap() {
            let person = plain
                .cached(db)
                .related(person::Entity)
                .one()
                .await
                .unwrap();
            let own = plain.find_related(person::Entity).one(db).await.unwrap();
            assert_eq!(person.as_deref(), own.as_ref());
        }
    }
}

#[tokio::test]
async fn ac10_ac11_many_to_many_within_one_table() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, people) = staff(&fleet).await;
        let db = &db;
        let followers = async |person: &person::Model| {
            let rows = person.cached(db).related_self_via(follower::Entity);
            rows.order_by_asc(person::Column::Id).all().await.unwrap()
        };
        let followed = async |person: &person::Model| {
            let rows = person.cached(db).related_self_via_rev(follower::Entity);
            rows.order_by_asc(person::Column::Id).all().await.unwrap()
        };
        let sorted = |mut rows: Vec<person::Model>| {
            rows.sort_by_key(|person| person.id);
            rows
        };
        let agree = async || {
            let theirs = people.load_self_via(follower::Entity, db).await.unwrap();
            let back = people
                .load_self_via_rev(follower::Entity, db)
                .await
                .unwrap();
            for ((person, theirs), back) in people.iter().zip(theirs).zip(back) {
                assert_eq!(*followers(person).await, sorted(theirs), "{}", person.name);
                assert_eq!(*followed(person).await, sorted(back), "{}", person.name);
            }
        };
        agree().await;
        assert_eq!(names(&followers(&people[0]).await), ["Bob", "Cid"]);
        assert_eq!(names(&followed(&people[0]).await), ["Bob"]);
        for sql in [
            "INSERT INTO follower VALUES (4, 1)",
            "UPDATE follower SET user_id = 3 WHERE user_id = 2",
            "DELETE FROM follower WHERE follower_id = 3",
            "UPDATE person SET name = 'Anna' WHERE id = 1",
            "DELETE FROM follower",
        ] {
            run(db, sql).await;
            let plain = everybody(db).await;
            assert_eq!(plain.len(), people.len());
            agree().await;
        }
    }
}

#[tokio::test]
async fn ac10_two_relations_between_two_tables() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, people) = staff(&fleet).await;
        let db = &db;
        let letters = async |person: &person::Model, relation: letter::Relation| {
            let letters = person
                .cached(db)
                .related_by::<letter::Entity>(relation.def().rev())
                .order_by_asc(letter::Column::Id);
            let letters: Arc<Vec<letter::Model>> = letters.all().await.unwrap();
            let ids: Vec<i32> = letters.iter().map(|letter| letter.id).collect();
            ids
        };
        assert_eq!(letters(&people[0], letter::Relation::Sender).await, [1, 3]);
        assert_eq!(letters(&people[0], letter::Relation::Reader).await, [2]);
        let first = letter::Entity::find_by_id(1)
            .one(db)
            .await
            .unwrap()
            .unwrap();
        for (relation, name) in [
            (letter::Relation::Sender, "Ann"),
            (letter::Relation::Reader, "Bob"),
        ] {
            let person = first
                .cached(db)
                .related_by::<person::Entity>(relation.def());
            assert_eq!(person.one().await.unwrap().unwrap().name, name);
        }
        run(
            db,
            "UPDATE letter SET reader_id = 1, sender_id = 2 WHERE id = 1",
        )
        .await;
        assert_eq!(letters(&people[0], letter::Relation::Sender).await, [3]);
        assert_eq!(letters(&people[0], letter::Relation::Reader).await, [1, 2]);
    }
}
