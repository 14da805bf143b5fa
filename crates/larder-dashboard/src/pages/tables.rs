//! Tables: how much depends on each, by which shapes, and what was written to it.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use larder::{Key, KeyInfo, Tag, TagKind};
use larder_report::Fleet;

use super::{Fields, NoList, fleet, later, list, notice};
use crate::dashboard::Site;
use crate::guard::Visitor;
use crate::page::{Frame, SharedSite, render};
use larder_report::shown::{bytes, number, short};

/// So many tables are shown, and so many tags of rows of each.
const TABLES_SHOWN_MAX: usize = 200;
const TAGS_SHOWN_MAX: usize = 12;

#[derive(Template)]
#[template(path = "tables.html")]
struct Tables {
    frame: Frame,
    notice: Option<&'static str>,
    problem: Option<String>,
    /// Of how many entries only it tells, if there are more.
    counted: Option<String>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    entries: String,
    size: String,
    writes: usize,
    widened: usize,
    /// What entries depend on, with how many do.
    tags: Vec<(String, String)>,
    tags_left_out: usize,
    /// What a form says, and its token.
    invalidate: Option<(String, String)>,
}

#[derive(Default)]
struct Table {
    tag: Option<Tag>,
    entries: usize,
    weight: usize,
    tags: HashMap<Tag, usize>,
    writes: usize,
    widened: usize,
}

pub(crate) async fn show(
    State(site): SharedSite,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Response {
    let fleet = fleet(&site).await;
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let (mut problem, mut counted, mut is_busy) = (None, None, false);
    match list(&site, &Key::new(()), None).await {
        Ok(list) => {
            let keys = &list.found.keys;
            counted = (!list.found.complete).then(|| number(keys.len() as u64));
            for info in keys {
                count_entry(&mut tables, info);
            }
        }
        Err(NoList::Busy) => {
            is_busy = true;
            problem = Some(NoList::BUSY.to_owned());
        }
        Err(NoList::Unsupported) => {
            problem = Some(
                "This store cannot list its keys: what is shown here is what was written to."
                    .to_owned(),
            );
        }
        Err(NoList::Failed(error)) => {
            problem = Some(format!(
                "The entries are not known: {}",
                short(&error.to_string(), 300)
            ))
        }
    }
    count_causes(&mut tables, &fleet);
    let page = Tables {
        frame: Frame::new(&site, &visitor, "Tables").unanswered(fleet.unanswered()),
        notice: notice(&fields),
        problem,
        counted,
        rows: tables
            .into_iter()
            .take(TABLES_SHOWN_MAX)
            .map(|(name, table)| row(&site, &visitor, &name, table))
            .collect(),
    };
    match is_busy {
        true => later(&site, &page),
        false => render(StatusCode::OK, &page),
    }
}

fn name_of(tag: &Tag) -> Option<String> {
    let table = tag.table_name()?;
    Some(match tag.database() {
        None | Some("") => table.to_owned(),
        Some(database) => format!("{database}.{table}"),
    })
}

fn count_entry(tables: &mut BTreeMap<String, Table>, info: &KeyInfo) {
    for tag in &info.tags {
        let Some(name) = name_of(tag) else { continue };
        let table = tables.entry(name).or_default();
        match tag.kind() {
            // Every entry that reads a table carries its tag, once.
            TagKind::Table => {
                table.entries += 1;
                table.weight += info.weight;
                table.tag = Some(tag.clone());
            }
            _ => *table.tags.entry(tag.clone()).or_default() += 1,
        }
    }
}

fn count_causes(tables: &mut BTreeMap<String, Table>, fleet: &Fleet) {
    for told in fleet.causes() {
        let mut seen: HashMap<&str, bool> = HashMap::new();
        for tag in &told.cause.tags {
            if let Some(table) = &tag.table {
                *seen.entry(table).or_default() |= tag.is_coarse;
            }
        }
        for (name, widened) in seen {
            let table = tables.entry(name.to_owned()).or_default();
            table.writes += 1;
            table.widened += usize::from(widened);
        }
    }
}

fn row(site: &Site, visitor: &Visitor, name: &str, table: Table) -> Row {
    let tag = table.tag.filter(|_| visitor.access.may_act());
    let invalidate = tag.map(|tag| {
        let opaque = tag.to_opaque();
        let token = site.token(&visitor.who, "invalidate", &opaque);
        (opaque, token)
    });
    let mut tags: Vec<(Tag, usize)> = table.tags.into_iter().collect();
    tags.sort_by(|left, right| {
        let order = right.1.cmp(&left.1);
        order.then_with(|| left.0.as_bytes().cmp(right.0.as_bytes()))
    });
    Row {
        name: short(name, 120),
        entries: number(table.entries as u64),
        size: bytes(table.weight as u64),
        writes: table.writes,
        widened: table.widened,
        tags_left_out: tags.len().saturating_sub(TAGS_SHOWN_MAX),
        tags: tags
            .into_iter()
            .take(TAGS_SHOWN_MAX)
            .map(|(tag, count)| (short(&tag.to_string(), 200), number(count as u64)))
            .collect(),
        invalidate,
    }
}
