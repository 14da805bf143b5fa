//! Invalidation by hand: for what was written by another way than the connection.
//!
//! Nothing here knows of entries. It reports a change, as a write does.

use larder::adapter::{Changes, RowImage, RowsChange, Want};
use larder::{Columns, Name, SHAPES_PER_TABLE_MAX, Shape, Tag, TagValue};
use larder_sql::{Footprint, Planned, ReadSet, TableKind};
use sea_orm::{DbErr, EntityName, EntityTrait, IdenStatic, Iterable, ModelTrait, Statement};

use crate::bind;
use crate::cached::Query;
use crate::connection::CachedConnection;
use crate::failure;
use crate::schema::Schema;
use crate::write::values;

impl CachedConnection {
    /// Invalidates what depends on a row as it is here: for a row that was written by another way than
    /// this connection. Of a row that was changed, say so as it was and as it is; the answers that
    /// it left would stay otherwise.
    ///
    /// # Example: another program has given a track another genre
    /// ```
    /// # use larder_sea_orm::sea_orm;
    /// # use larder::Cache;
    /// # use larder_sea_orm::{CachedConnection, CachedEntity};
    /// # use sea_orm::{ConnectionTrait, Database, DbErr};
    /// # mod track {
    /// #     use larder_sea_orm::sea_orm;
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
    /// #     #[sea_orm(table_name = "track")]
    /// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub genre_id: i32 }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {}
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    /// # use track::Entity as Track;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), DbErr> {
    /// # let other = Database::connect("sqlite::memory:").await?;
    /// # other.execute_unprepared("CREATE TABLE track (id INTEGER PRIMARY KEY, genre_id INTEGER)").await?;
    /// # other.execute_unprepared("INSERT INTO track VALUES (7, 1)").await?;
    /// # let db = CachedConnection::new(other.clone(), Cache::memory()).await?;
    /// let before = Track::cached(&db).require(7).await?;
    /// other.execute_unprepared("UPDATE track SET genre_id = 2 WHERE id = 7").await?;
    /// db.invalidate(&*before).await?;
    /// let after = Track::cached(&db).require(7).await?;
    /// db.invalidate(&*after).await?;
    /// assert_eq!(after.genre_id, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the catalogue cannot be read. A store that cannot be reached is none: it is told again and
    /// again, as of a write.
    pub async fn invalidate<T>(&self, model: &T) -> Result<(), DbErr>
    where
        T: ModelTrait,
        <T::Entity as EntityTrait>::Model: Send + Sync,
    {
        let schema = self.shared.known_schema().await?;
        let entity = T::Entity::default();
        let engine = &self.shared.engine;
        let table = match schema.table(entity.schema_name(), entity.table_name()) {
            Some(table) if matches!(table.kind, TableKind::Table) => table,
            _ => return self.invalidate_entity::<T::Entity>().await,
        };
        let mut columns: Vec<Name> = Vec::new();
        let mut image: Vec<TagValue> = Vec::new();
        // A value whose form in the database is not known stays out: what asks for it is widened.
        for column in <T::Entity as EntityTrait>::Column::iter() {
            let Some(known) = table.column(column.as_str()) else {
                continue;
            };
            let value = model.get(column);
            let value = match value == value.as_null() {
                true => Some(TagValue::Null),
                false => engine
                    .bound(&value)
                    .and_then(|value| engine.canonical(known, &value)),
            };
            if let Some(value) = value {
                columns.push(known.name.clone());
                image.push(value);
            }
        }
        let mut changes = by_hand();
        let rows = RowsChange {
            columns: columns.into(),
            changed: Columns::All,
            rows: vec![RowImage {
                old: Some(image),
                new: None,
            }],
        };
        changes.rows(&self.shared.database, &table.name, rows);
        self.shared.publish(changes).await;
        Ok(())
    }

    /// Invalidates everything that was read of an entity's table, by itself or joined to others.
    ///
    /// # Errors
    /// As [`invalidate`](Self::invalidate).
    pub async fn invalidate_entity<E>(&self) -> Result<(), DbErr>
    where
        E: EntityTrait,
        E::Model: Send + Sync,
    {
        let schema = self.shared.known_schema().await?;
        let statement = E::find().all_statement(self.shared.engine.backend())?;
        let mut changes = by_hand();
        match read_set(&schema.plan(&statement.sql)) {
            // Of a view: the tables behind it.
            Some(read) => {
                for read in &read.tables {
                    changes.table(&self.shared.database, &read.table);
                }
            }
            None => changes.root(&self.shared.database),
        }
        self.shared.publish(changes).await;
        Ok(())
    }

    /// Invalidates what was read under the conditions of this select, in whatever form: its rows, their
    /// number, other columns of them. What was read under other conditions stays, as far as the values
    /// that columns must have tell them apart; selects without such values are all one.
    ///
    /// # Errors
    /// As [`invalidate`](Self::invalidate), and those of building the select.
    pub async fn invalidate_query<Q: Query>(&self, select: Q) -> Result<(), DbErr> {
        let schema = self.shared.known_schema().await?;
        let statement = select.all_statement(self.shared.engine.backend())?;
        let planned = schema.plan(&statement.sql);
        let mut changes = by_hand();
        match read_set(&planned) {
            Some(read) => {
                self.conditions(&schema, &planned, read, &statement, &mut changes)
                    .await?
            }
            None => changes.root(&self.shared.database),
        }
        self.shared.publish(changes).await;
        Ok(())
    }

    /// Invalidates everything that was read from this database.
    pub async fn invalidate_all(&self) {
        let mut changes = by_hand();
        changes.root(&self.shared.database);
        self.shared.publish(changes).await;
    }

    /// The tags of every shape in use that pins what this read pins.
    async fn conditions(
        &self,
        schema: &Schema,
        planned: &Planned,
        read: &ReadSet,
        statement: &Statement,
        changes: &mut Changes,
    ) -> Result<(), DbErr> {
        let shared = &self.shared;
        let wants = bind::wants(
            &*shared.engine,
            &shared.database,
            &schema.catalogue,
            planned,
            read,
            values(statement),
            &[],
        );
        for want in wants {
            let Want::Shape {
                table,
                shape,
                values,
            } = want
            else {
                continue;
            };
            changes.tag(Tag::shape(&table, &shape, &values));
            let lists = shared.cache.shapes(std::slice::from_ref(&table)).await;
            for list in lists.map_err(failure::carried)? {
                for used in list
                    .shapes
                    .iter()
                    .filter(|used| used.pins() == shape.pins())
                {
                    changes.tag(Tag::shape(&table, used, &values));
                }
                // A list that is full has sent reads to "any row".
                if list.shapes.len() >= SHAPES_PER_TABLE_MAX || shape.pins().is_empty() {
                    changes.tag(Tag::shape(&table, &Shape::any_row(), &[]));
                }
            }
        }
        Ok(())
    }
}

fn by_hand() -> Changes {
    let mut changes = Changes::new();
    changes.cause("invalidated by hand");
    changes
}

fn read_set(planned: &Planned) -> Option<&ReadSet> {
    match &planned.plan.footprint {
        Footprint::Read(read) => Some(read),
        _ => None,
    }
}
