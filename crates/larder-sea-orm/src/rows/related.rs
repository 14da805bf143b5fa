//! Related rows of one model.

use std::marker::PhantomData;
use std::time::Duration;

use larder::{Local, Policy, Serde};
use sea_orm::{
    DbErr, EntityTrait, Linked, ModelTrait, Related, RelatedSelfVia, RelationDef, Select,
};

use super::relation::related;
use super::select::{Asks, CachedSelect};
use super::terms;
use crate::cached::Terms;
use crate::reader::CachedRead;

/// The rows that are related to one model, from the cache: see
/// [`CachedModel`](crate::CachedModel).
///
/// They are those of the values that the model holds. A model that was read before its row was
/// changed leads to what it led to then.
#[must_use = "it asks nothing until it is asked for rows"]
pub struct CachedRelations<'a, T, C, M = Serde> {
    pub(super) model: &'a T,
    pub(super) db: &'a C,
    pub(super) said: Terms,
    pub(super) mode: PhantomData<fn() -> M>,
}

impl<'a, T, C, M> CachedRelations<'a, T, C, M> {
    /// How long the answer is fresh at most. Unless said, as long as [`Rows`](crate::Rows) says of the
    /// related entity.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.said = self.said.ttl(ttl);
        self
    }

    /// All times and rules of the answer.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.said = self.said.own(policy);
        self
    }

    /// For models without serde: their rows stay in this process.
    pub fn local(self) -> CachedRelations<'a, T, C, Local> {
        CachedRelations {
            model: self.model,
            db: self.db,
            said: self.said,
            mode: PhantomData,
        }
    }
}

impl<'a, T, C, M> CachedRelations<'a, T, C, M>
where
    T: ModelTrait,
    C: CachedRead,
{
    /// The rows of `R` that this one is related to, as a select to go on with: `all` for many, `one` for
    /// the one that it belongs to, or has.
    ///
    /// They are what [`find_related`](ModelTrait::find_related) gives of a model that is as its row is. A null
    /// foreign key asks nothing and keeps nothing. That there is no such row is remembered. Rows come in
    /// the order that is said by `order_by_…`, else in the database's.
    ///
    /// # Example: the tracks of an album, in their order
    /// ```
    /// # use larder_sea_orm::sea_orm;
    /// use larder::Cache;
    /// use larder_sea_orm::{CachedConnection, CachedModel};
    /// use sea_orm::{ConnectionTrait, Database, DbErr, QueryOrder};
    /// # mod album {
    /// #     use larder_sea_orm::sea_orm;
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
    /// #     #[sea_orm(table_name = "album")]
    /// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32 }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation { #[sea_orm(has_many = "super::track::Entity")] Track }
    /// #     impl Related<super::track::Entity> for Entity { fn to() -> RelationDef { Relation::Track.def() } }
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    /// # mod track {
    /// #     use larder_sea_orm::sea_orm;
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
    /// #     #[sea_orm(table_name = "track")]
    /// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub name: String, pub album_id: i32 }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {
    /// #         #[sea_orm(belongs_to = "super::album::Entity", from = "Column::AlbumId", to = "super::album::Column::Id")]
    /// #         Album,
    /// #     }
    /// #     impl Related<super::album::Entity> for Entity { fn to() -> RelationDef { Relation::Album.def() } }
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), DbErr> {
    /// # let connection = Database::connect("sqlite::memory:").await?;
    /// # connection.execute_unprepared("CREATE TABLE album (id INTEGER PRIMARY KEY)").await?;
    /// # connection.execute_unprepared("CREATE TABLE track (id INTEGER PRIMARY KEY, name TEXT, album_id INTEGER)").await?;
    /// # connection.execute_unprepared("INSERT INTO track VALUES (1, 'Slow', 7), (2, 'Fast', 7)").await?;
    /// let db = CachedConnection::new(connection, Cache::memory()).await?;
    ///
    /// let album = album::Model { id: 7 };
    /// let tracks = || {
    ///     let tracks = album.cached(&db).related(track::Entity);
    ///     tracks.order_by_asc(track::Column::Name).all()
    /// };
    /// assert_eq!(tracks().await?[0].name, "Fast");
    /// let statements = db.statements();
    /// tracks().await?;
    /// assert_eq!(db.statements(), statements);
    /// # Ok(())
    /// # }
    /// ```
    pub fn related<R>(self, related: R) -> CachedSelect<'a, Select<R>, C, M>
    where
        R: EntityTrait,
        T::Entity: Related<R>,
    {
        let _named_only = related;
        self.lead(
            <T::Entity as Related<R>>::to(),
            <T::Entity as Related<R>>::via(),
        )
    }

    /// The rows of `R` to which this relation leads: where there are several between two tables, or
    /// from a table to itself. `Relation::Boss.def()` leads one way, `Relation::Boss.def().rev()`
    /// the other.
    ///
    /// What is asked of it is an error if the relation does not lead from this entity to `R`.
    pub fn related_by<R>(self, relation: RelationDef) -> CachedSelect<'a, Select<R>, C, M>
    where
        R: EntityTrait,
    {
        self.lead(relation, None)
    }

    /// The rows of the same table to which the junction `V` leads. See [`RelatedSelfVia`].
    pub fn related_self_via<V>(self, junction: V) -> CachedSelect<'a, Select<T::Entity>, C, M>
    where
        V: EntityTrait,
        T::Entity: RelatedSelfVia<V>,
    {
        let _named_only = junction;
        self.lead(
            <T::Entity as RelatedSelfVia<V>>::to(),
            Some(<T::Entity as RelatedSelfVia<V>>::via()),
        )
    }

    /// The rows of the same table from which the junction `V` leads to this one.
    pub fn related_self_via_rev<V>(self, junction: V) -> CachedSelect<'a, Select<T::Entity>, C, M>
    where
        V: EntityTrait,
        T::Entity: RelatedSelfVia<V>,
    {
        let _named_only = junction;
        self.lead(
            <T::Entity as RelatedSelfVia<V>>::via().rev(),
            Some(<T::Entity as RelatedSelfVia<V>>::to().rev()),
        )
    }

    /// The rows at the end of a link of several relations. See [`ModelTrait::find_linked`].
    pub fn linked<L>(self, link: L) -> CachedSelect<'a, Select<L::ToEntity>, C, M>
    where
        L: Linked<FromEntity = T::Entity>,
    {
        let select = self.model.find_linked(link);
        self.select(Ok(Some(select)))
    }

    fn lead<R: EntityTrait>(
        self,
        to: RelationDef,
        via: Option<RelationDef>,
    ) -> CachedSelect<'a, Select<R>, C, M> {
        let asked = related(self.model, to, via);
        self.select(asked)
    }

    fn select<R: EntityTrait>(
        self,
        asked: Result<Option<Select<R>>, DbErr>,
    ) -> CachedSelect<'a, Select<R>, C, M> {
        let terms = terms::<R, C>(self.db).saying(self.said);
        let off = terms.rows().and_then(|rows| rows.get_is_off());
        let terms = terms.unless(off);
        match asked {
            Ok(Some(select)) => CachedSelect::new(self.db, select, terms),
            Ok(None) => CachedSelect::asking(self.db, R::find(), terms, Asks::Nothing),
            Err(error) => CachedSelect::asking(self.db, R::find(), terms, Asks::Wrong(error)),
        }
    }
}
