use std::sync::Arc;

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};

use crate::{Catalogue, Dialect};

/// A table's, column's or alias's name, folded as its database folds it: to the catalogue's
/// spelling where the catalogue knows it, else to lower case (PostgreSQL: unless quoted).
pub type Name = Arc<str>;

/// Folds one identifier without a catalogue.
pub(crate) fn fold(dialect: Dialect, text: &str, quoted: bool) -> Name {
    if dialect == Dialect::Postgres && quoted {
        return Name::from(text);
    }
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        Name::from(text.to_ascii_lowercase())
    } else {
        Name::from(text)
    }
}

pub(crate) fn fold_ident(dialect: Dialect, ident: &Ident) -> Name {
    fold(dialect, &ident.value, ident.quote_style.is_some())
}

/// A table's name with its schema, if it is not the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Qualified {
    pub(crate) schema: Option<Name>,
    pub(crate) table: Name,
}

impl Qualified {
    pub(crate) fn new(catalogue: &Catalogue, mut parts: Vec<Name>) -> Option<Self> {
        let table = parts.pop()?;
        let schema = parts
            .pop()
            .filter(|schema| **schema != *catalogue.default_schema());
        Some(Qualified { schema, table })
    }

    pub(crate) fn of(catalogue: &Catalogue, name: &ObjectName) -> Option<Self> {
        let mut parts = Vec::with_capacity(name.0.len());
        for part in &name.0 {
            match part {
                ObjectNamePart::Identifier(ident) => {
                    parts.push(fold_ident(catalogue.dialect(), ident))
                }
                ObjectNamePart::Function(_) => return None,
            }
        }
        Qualified::new(catalogue, parts)
    }

    pub(crate) fn name(&self) -> Name {
        match &self.schema {
            Some(schema) => Name::from(format!("{schema}.{}", self.table)),
            None => self.table.clone(),
        }
    }
}
