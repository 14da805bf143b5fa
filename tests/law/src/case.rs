//! One schema with its reads and writes: what was done, in order, so that it can be done again
//! with less.

use std::fmt::Write as _;

use crate::answer::{Answer, same};
use crate::read::Read;
use crate::schema::Schema;
use crate::subject::{Setting, Subject};
use crate::text::Text;
use crate::write::{Act, Call, End, Step, Write};

/// One thing that was done.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// A definition or a first row, before the cache comes in.
    Setup(String),
    Read(Read),
    Write(Write),
}

/// What was done.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) setting: Setting,
    pub(crate) actions: Vec<Action>,
}

impl Case {
    pub(crate) fn new(schema: &Schema, setting: Setting) -> Case {
        let setup = schema.setup.iter().cloned().map(Action::Setup);
        Case {
            setting,
            actions: setup.collect(),
        }
    }

    pub(crate) async fn open(&self) -> Result<Subject, String> {
        let setup = self.actions.iter().filter_map(|action| match action {
            Action::Setup(sql) => Some(sql.as_str()),
            _ => None,
        });
        Subject::open(setup, &self.setting)
            .await
            .map_err(|error| error.to_string())
    }

    /// The two answers of `read` after everything was done, if they differ.
    async fn mismatch(&self, read: &Read) -> Option<(Answer, Answer)> {
        let subject = self.open().await.ok()?;
        for action in &self.actions {
            match action {
                Action::Setup(_) => {}
                Action::Read(read) => drop(subject.cached(read).await),
                Action::Write(write) => drop(subject.write(&write.act, &[]).await),
            }
        }
        let (cached, _) = subject.cached(read).await;
        let fresh = subject.fresh(read).await;
        subject.close().await;
        (!same(read, &cached, &fresh)).then_some((cached, fresh))
    }

    /// A part of this case that is enough for `read` to be stale, as small as can be found.
    /// `None`: done again, it is not stale.
    pub(crate) async fn smallest(mut self, read: &Read) -> Option<(Case, Answer, Answer)> {
        let mut answers = self.mismatch(read).await?;
        let mut tries = 0;
        let mut size = self.actions.len().div_ceil(2);
        while size > 0 && tries < TRIES_MAX {
            let mut end = self.actions.len();
            while end > 0 && tries < TRIES_MAX {
                let begin = end.saturating_sub(size);
                let mut less = self.clone();
                less.actions.drain(begin..end);
                tries += 1;
                if let Some(found) = less.mismatch(read).await {
                    answers = found;
                    self = less;
                }
                end = begin;
            }
            size /= 2;
        }
        Some((self, answers.0, answers.1))
    }

    /// A script for `larder try`.
    pub(crate) fn script(&self, read: &Read) -> String {
        let mut script = String::new();
        if self.setting.recursive_triggers {
            script.push_str("-- PRAGMA recursive_triggers was ON\n");
        }
        for action in &self.actions {
            match action {
                Action::Setup(sql) => push(&mut script, &Text::plain(sql)),
                Action::Read(read) => push_read(&mut script, read),
                Action::Write(write) => push_act(&mut script, &write.act),
            }
        }
        push_read(&mut script, read);
        script
    }
}

/// A smaller case is not looked for longer than this.
const TRIES_MAX: usize = 600;

fn push(script: &mut String, text: &Text) {
    if !text.values.is_empty() {
        let values: Vec<String> = text.values.iter().map(ToString::to_string).collect();
        let _ = writeln!(script, "-- @params {}", values.join(", "));
    }
    let _ = writeln!(script, "{};", text.sql);
}

fn push_read(script: &mut String, read: &Read) {
    if !read.on.is_empty() {
        let _ = writeln!(script, "-- it listens to {:?}", read.on);
    }
    push(script, &read.text);
}

pub(crate) fn push_act(script: &mut String, act: &Act) {
    match act {
        Act::Call(call) => push_call(script, call),
        Act::Calls(calls) => calls.iter().for_each(|call| push_call(script, call)),
        Act::Transaction { steps, end } => {
            script.push_str("BEGIN;\n");
            push_steps(script, steps, 1);
            script.push_str(match end {
                End::Commit => "COMMIT;\n",
                End::Rollback => "ROLLBACK;\n",
                End::Drop => "ROLLBACK; -- it was dropped\n",
            });
        }
    }
}

fn push_call(script: &mut String, call: &Call) {
    let _ = writeln!(script, "-- by {:?}", call.how);
    push(script, &call.text);
}

fn push_steps(script: &mut String, steps: &[Step], depth: usize) {
    for step in steps {
        match step {
            Step::Call(call) => push_call(script, call),
            Step::Savepoint { steps, end } => {
                let _ = writeln!(script, "SAVEPOINT s{depth};");
                push_steps(script, steps, depth + 1);
                let _ = match end {
                    End::Commit => writeln!(script, "RELEASE s{depth};"),
                    _ => writeln!(script, "ROLLBACK TO s{depth}; RELEASE s{depth};"),
                };
            }
        }
    }
}
