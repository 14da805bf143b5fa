//! What forms do.
//!
//! Each act asks, in this order: may this person act, does the dashboard allow the act, is the form one of
//! ours for this act and target, and not used before. Then it is done, told, and the browser sent back to
//! a page by a look, so that reloading does nothing twice.
//!
//! It is done on a task of its own: a browser that goes away in the middle of it takes neither the act back
//! nor the word of it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use larder::{Cache, Error, Key, Tag, TagKind};
use larder_report::ActOutcome;
use tokio::time::timeout;

use crate::dashboard::{STORE_ANSWERS_WITHIN, Site};
use crate::guard::Visitor;
use crate::page::{Refusal, SharedSite};
use crate::token::{Fault, Purpose};
use larder_report::shown::short;

type Fields = Result<Form<HashMap<String, String>>, FormRejection>;

/// One act that somebody has asked for.
struct Asked<'a> {
    site: &'a Arc<Site>,
    visitor: &'a Visitor,
    act: &'static str,
    fields: HashMap<String, String>,
}

impl<'a> Asked<'a> {
    fn new(
        site: &'a Arc<Site>,
        visitor: &'a Visitor,
        act: &'static str,
        fields: Fields,
    ) -> Result<Asked<'a>, Refusal> {
        let asked = Asked {
            site,
            visitor,
            act,
            fields: HashMap::new(),
        };
        if !visitor.access.may_act() {
            return Err(asked.refused(StatusCode::FORBIDDEN, "You may look, and change nothing."));
        }
        match fields {
            Ok(Form(fields)) => Ok(Asked { fields, ..asked }),
            Err(_) => {
                Err(asked.refused(StatusCode::BAD_REQUEST, "This is no form of these pages."))
            }
        }
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    fn refused(&self, status: StatusCode, sentence: &str) -> Refusal {
        let why = ActOutcome::Refused(sentence.to_owned());
        self.site.note(&self.visitor.who, self.act, why);
        Refusal::new(status, sentence)
    }

    /// Whether the dashboard does such things at all.
    fn allowed(&self, allowed: bool) -> Result<(), Refusal> {
        match allowed {
            true => Ok(()),
            false => Err(self.refused(
                StatusCode::FORBIDDEN,
                "This application does not let its dashboard do that.",
            )),
        }
    }

    /// Takes the form's token. To be called when nothing else stands against the act.
    fn take_token(&self, target: &str) -> Result<(), Refusal> {
        let purpose = Purpose {
            who: &self.visitor.who,
            act: self.act,
            target,
        };
        let tokens = &self.site.tokens;
        tokens
            .take(self.field("token"), purpose, self.site.now())
            .map_err(|fault| {
                let status = match fault {
                    Fault::TooMany => StatusCode::TOO_MANY_REQUESTS,
                    _ => StatusCode::FORBIDDEN,
                };
                self.refused(
                    status,
                    &format!("Nothing was done: {fault}. Load the page again and repeat it there."),
                )
            })
    }

    /// Does it, and says what came of it.
    async fn run<F>(&self, act: impl FnOnce(Cache) -> F, back: &str) -> Result<Response, Refusal>
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let act = act(self.site.cache().clone());
        let (site, who, name) = (self.site.clone(), self.visitor.who.clone(), self.act);
        let task = tokio::spawn(async move {
            let done = act.await.map_err(|error| error.to_string());
            let outcome = match &done {
                Ok(()) => ActOutcome::Done,
                Err(error) => ActOutcome::Failed(error.clone()),
            };
            site.note(&who, name, outcome);
            done
        });
        let done = match timeout(STORE_ANSWERS_WITHIN, task).await {
            Ok(Ok(done)) => done,
            Ok(Err(panicked)) => Err(panicked.to_string()),
            // It goes on, and is noted when it ends.
            Err(_) => Err("the store has not answered yet".to_owned()),
        };
        match done {
            // Relative to the page, as all addresses.
            Ok(()) => {
                Ok((StatusCode::SEE_OTHER, [(header::LOCATION, back.to_owned())]).into_response())
            }
            Err(error) => {
                let sentence = format!(
                    "The store did not confirm it, and it is not known whether it was done: {}",
                    short(&error, 300)
                );
                Err(Refusal::new(StatusCode::BAD_GATEWAY, sentence))
            }
        }
    }
}

fn key_of(asked: &Asked<'_>) -> Result<Key, Refusal> {
    Key::from_opaque(asked.field("key"))
        .map_err(|_| asked.refused(StatusCode::BAD_REQUEST, "This stands for no key."))
}

pub(crate) async fn delete(
    State(site): SharedSite,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let asked = Asked::new(&site, &visitor, "delete", fields)?;
    let key = key_of(&asked)?;
    asked.take_token(asked.field("key"))?;
    asked
        .run(
            |cache| async move { cache.remove(&key).await },
            "entries?done=deleted",
        )
        .await
}

pub(crate) async fn delete_tree(
    State(site): SharedSite,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let asked = Asked::new(&site, &visitor, "delete with children", fields)?;
    asked.allowed(site.trees)?;
    let key = key_of(&asked)?;
    // Below it is everything.
    if key.as_bytes().is_empty() {
        return Err(asked.refused(StatusCode::BAD_REQUEST, "This stands for no key."));
    }
    asked.take_token(asked.field("key"))?;
    asked
        .run(
            |cache| async move { cache.remove_tree(&key).await },
            "entries?done=deleted-tree",
        )
        .await
}

pub(crate) async fn invalidate(
    State(site): SharedSite,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let asked = Asked::new(&site, &visitor, "invalidate", fields)?;
    let tag = Tag::from_opaque(asked.field("tag"))
        .map_err(|_| asked.refused(StatusCode::BAD_REQUEST, "This stands for no tag."))?;
    match tag.kind() {
        TagKind::Table | TagKind::Shape | TagKind::Named | TagKind::Tree => {}
        // That of a whole database is as good as everything.
        TagKind::Root | TagKind::Namespace | TagKind::Guard => asked.allowed(false)?,
    }
    asked.take_token(asked.field("tag"))?;
    let back = match asked.field("from") {
        "tables" => "tables?done=invalidated",
        _ => "entries?done=invalidated",
    };
    asked
        .run(|cache| async move { cache.invalidate([tag]).await }, back)
        .await
}

pub(crate) async fn clear(
    State(site): SharedSite,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let asked = Asked::new(&site, &visitor, "drop everything", fields)?;
    asked.allowed(site.everything)?;
    if asked.field("namespace") != site.cache().namespace().name() {
        return Err(asked.refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Nothing was dropped: what was typed is not the namespace's name.",
        ));
    }
    asked.take_token(site.cache().namespace().name())?;
    asked
        .run(
            |cache| async move { cache.clear().await },
            "overview?done=cleared",
        )
        .await
}
