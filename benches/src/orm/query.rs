//! The reads of a shop, from the cache and from the database.

use std::sync::Arc;

use larder_sea_orm::{CachedConnection, CachedExt};
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    Select, SelectTwo,
};
use serde::Serialize;

use super::entity::{maker, product};

/// Products on a page.
const PAGE: u64 = 20;

/// A kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// One product by its key.
    Get,
    /// The hundred products of a category.
    Filter,
    /// The twenty products of a maker, each with its maker.
    Join,
    /// How many products a category has.
    Count,
    /// The third page of a category.
    Page,
}

impl Form {
    pub(crate) const ALL: [Form; 5] =
        [Form::Get, Form::Filter, Form::Join, Form::Count, Form::Page];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Get => "get by key",
            Form::Filter => "filter, 100 rows",
            Form::Join => "join, 20 rows",
            Form::Count => "count",
            Form::Page => "page of 20",
        }
    }
}

/// One question: a kind, and about which product, category or maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) form: Form,
    pub(crate) about: i32,
}

/// What the database or the cache gave.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Get(Option<Shared<product::Model>>),
    Products(Shared<Vec<product::Model>>),
    Join(Shared<Vec<(product::Model, Option<maker::Model>)>>),
    Count(u64),
}

/// A value of whoever asked, or one that the cache has given to many.
pub(crate) enum Shared<T> {
    Own(T),
    Common(Arc<T>),
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Shared::Own(value) => value.serialize(serializer),
            Shared::Common(value) => value.serialize(serializer),
        }
    }
}

impl Answer {
    /// The same text for the same answer.
    pub(crate) fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

impl Question {
    /// Asks the database.
    pub(crate) async fn plain(self, db: &DatabaseConnection) -> Result<Answer, DbErr> {
        use Shared::Own;
        Ok(match self.form {
            Form::Get => Answer::Get(self.product().one(db).await?.map(Own)),
            Form::Filter => Answer::Products(Own(self.category().all(db).await?)),
            Form::Join => Answer::Join(Own(self.maker().all(db).await?)),
            Form::Count => Answer::Count(self.category().count(db).await?),
            Form::Page => {
                let page = self.category().paginate(db, PAGE).fetch_page(2).await?;
                Answer::Products(Own(page))
            }
        })
    }

    /// Asks the cache first.
    pub(crate) async fn cached(self, db: &CachedConnection) -> Result<Answer, DbErr> {
        use Shared::Common;
        Ok(match self.form {
            Form::Get => Answer::Get(self.product().cached().one(db).await?.map(Common)),
            Form::Filter => Answer::Products(Common(self.category().cached().all(db).await?)),
            Form::Join => Answer::Join(Common(self.maker().cached().all(db).await?)),
            Form::Count => Answer::Count(self.category().cached().count(db).await?),
            Form::Page => {
                let pages = self.category().cached().paginate(db, PAGE);
                Answer::Products(Common(pages.fetch_page(2).await?))
            }
        })
    }

    fn product(self) -> Select<product::Entity> {
        product::Entity::find_by_id(self.about)
    }

    fn category(self) -> Select<product::Entity> {
        product::Entity::find()
            .filter(product::Column::CategoryId.eq(self.about))
            .order_by_asc(product::Column::Id)
    }

    fn maker(self) -> SelectTwo<product::Entity, maker::Entity> {
        product::Entity::find()
            .filter(product::Column::MakerId.eq(self.about))
            .order_by_asc(product::Column::Id)
            .find_also_related(maker::Entity)
    }
}
