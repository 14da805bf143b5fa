//! Several statements: in one text, in transactions, in savepoints.

use fastrand::Rng;

use super::{Act, Call, End, HOWS, How, Statement, Step, change};
use crate::column::percent;
use crate::schema::Schema;
use crate::text::Gen;

fn call(rng: &mut Rng, schema: &Schema) -> Call {
    Call::of(rng, schema, |generator| Some(change::any(generator)), &HOWS)
        .expect("there is always some statement")
}

/// Some ordinary statement, without parameters.
pub(crate) fn text(rng: &mut Rng, schema: &Schema) -> String {
    text_of(rng, schema, |generator| Some(change::any(generator)))
        .expect("there is always some statement")
}

/// A statement without parameters.
pub(crate) fn text_of(rng: &mut Rng, schema: &Schema, statement: Statement) -> Option<String> {
    let mut generator = Gen::new(rng, schema);
    let sql = statement(&mut generator)?;
    Some(generator.finish_plain(&sql))
}

pub(super) fn one_text(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let texts: Vec<String> = (0..rng.usize(2..=3)).map(|_| text(rng, schema)).collect();
    let separator = if rng.bool() {
        "; "
    } else {
        ";\n-- next; one\n"
    };
    Some(Act::Call(Call::unprepared(texts.join(separator))))
}

pub(super) fn transaction_text(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let (one, other) = (text(rng, schema), text(rng, schema));
    let end = if percent(rng, 75) {
        "COMMIT"
    } else {
        "ROLLBACK"
    };
    Some(Act::Call(Call::unprepared(format!(
        "BEGIN; {one}; {other}; {end};"
    ))))
}

fn steps(rng: &mut Rng, schema: &Schema) -> Vec<Step> {
    (0..rng.usize(1..=3))
        .map(|_| Step::Call(call(rng, schema)))
        .collect()
}

pub(super) fn committed(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    Some(Act::Transaction {
        steps: steps(rng, schema),
        end: End::Commit,
    })
}

pub(super) fn rolled_back(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    Some(Act::Transaction {
        steps: steps(rng, schema),
        end: End::Rollback,
    })
}

pub(super) fn dropped(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    Some(Act::Transaction {
        steps: steps(rng, schema),
        end: End::Drop,
    })
}

fn savepoint(rng: &mut Rng, schema: &Schema, end: End) -> Option<Act> {
    let inner = Step::Savepoint {
        steps: steps(rng, schema),
        end,
    };
    let mut all = vec![inner];
    if rng.bool() {
        all.insert(0, Step::Call(call(rng, schema)));
    }
    if percent(rng, 30) {
        all.push(Step::Call(call(rng, schema)));
    }
    if percent(rng, 20) {
        all = vec![Step::Savepoint {
            steps: all,
            end: End::Commit,
        }];
    }
    Some(Act::Transaction {
        steps: all,
        end: End::Commit,
    })
}

pub(super) fn savepoint_kept(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    savepoint(rng, schema, End::Commit)
}

pub(super) fn savepoint_rolled_back(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let end = if percent(rng, 25) {
        End::Drop
    } else {
        End::Rollback
    };
    savepoint(rng, schema, end)
}

pub(super) fn refused_inside(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    refused_by(rng, schema, change::refused)
}

/// A transaction in which this statement is refused.
pub(crate) fn refused_by(rng: &mut Rng, schema: &Schema, statement: Statement) -> Option<Act> {
    let mut all = steps(rng, schema);
    let refused = Call::of(rng, schema, statement, &HOWS);
    let place = rng.usize(0..=all.len());
    all.insert(place, Step::Call(refused?));
    let end = if percent(rng, 65) {
        End::Commit
    } else {
        End::Rollback
    };
    Some(Act::Transaction { steps: all, end })
}

/// Savepoints by hand, inside a transaction.
pub(super) fn savepoint_text(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let end = if rng.bool() {
        "RELEASE here"
    } else {
        "ROLLBACK TO here"
    };
    let plain = |sql: &str| {
        Step::Call(Call {
            how: How::Execute,
            ..Call::unprepared(sql)
        })
    };
    let steps = vec![
        Step::Call(call(rng, schema)),
        plain("SAVEPOINT here"),
        Step::Call(call(rng, schema)),
        plain(end),
        Step::Call(call(rng, schema)),
    ];
    Some(Act::Transaction {
        steps,
        end: End::Commit,
    })
}
