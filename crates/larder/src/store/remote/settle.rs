//! Bringing cells into a wanted state: read, decide, write if nothing has changed meanwhile, again.

use std::time::Duration;

use super::batch::{self, Act, Told};
use super::cell::{Cell, Fresh};
use super::link::{Answer, Found, Incarnation, Op};
use super::name::Name;
use super::topology::Topology;
use crate::error::{Error, Result};

/// How often a cell is tried to be written while others write it, before it is given up.
pub(crate) const ATTEMPTS_MAX: usize = 64;

/// What a cell should become.
pub(crate) enum Next {
    /// It is good as it is.
    Keep,
    /// This should be written.
    Write(Cell),
    /// It should go.
    Delete,
}

/// Decides what becomes of a cell.
type Decide<'a> = dyn FnMut(Option<&Cell>, Incarnation) -> Result<Next> + Send + 'a;

/// A cell to be settled.
pub(crate) struct Goal<'a> {
    pub(crate) name: Name,
    /// How it is read at first.
    pub(crate) first: Act,
    /// Decides about the cell that is there, if a live one of this incarnation is. May be asked
    /// again if others write the cell.
    pub(crate) decide: Box<Decide<'a>>,
}

/// Settles all cells. What comes back is each cell as it is then; nothing for one that is not there.
///
/// # Errors
///
/// The first error of any of them.
pub(crate) async fn settle(
    topology: &dyn Topology,
    keep: Duration,
    goals: Vec<Goal<'_>>,
) -> Result<Vec<Option<Cell>>> {
    let settled = settle_each(topology, keep, goals).await;
    settled.into_iter().collect()
}

/// A cell on its way: its place among the goals, what is to be done next, and what is there
/// afterwards if it is done.
type Open = (usize, Act, Option<Option<Cell>>);

/// As [`settle`], with an error for each of those alone that cannot be settled.
pub(crate) async fn settle_each(
    topology: &dyn Topology,
    keep: Duration,
    mut goals: Vec<Goal<'_>>,
) -> Vec<Result<Option<Cell>>> {
    let mut settled: Vec<Result<Option<Cell>>> = goals.iter().map(|_| Ok(None)).collect();
    let mut open: Vec<Open> = goals
        .iter()
        .enumerate()
        .map(|(place, goal)| (place, goal.first.clone(), None))
        .collect();
    for _ in 0..ATTEMPTS_MAX {
        let acts: Vec<(Name, Act)> = open
            .iter()
            .map(|(place, act, _)| (goals[*place].name.clone(), act.clone()))
            .collect();
        let told = batch::run(topology, &acts).await;
        let mut still_open = Vec::new();
        for ((place, _, written), told) in open.into_iter().zip(told) {
            match step(&mut goals[place], written, told, keep) {
                Ok(Step::Settled(cell)) => settled[place] = Ok(cell),
                Ok(Step::Next(act, written)) => still_open.push((place, act, Some(written))),
                Err(error) => settled[place] = Err(error),
            }
        }
        if still_open.is_empty() {
            return settled;
        }
        open = still_open;
    }
    for (place, ..) in open {
        settled[place] = Err(Error::store(format!(
            "a tag was written by others {ATTEMPTS_MAX} times in a row"
        )));
    }
    settled
}

/// What has become of one cell.
enum Step {
    Settled(Option<Cell>),
    /// This is to be done, and then this is there.
    Next(Act, Option<Cell>),
}

/// What an answer means for a cell. `written` is what is there if a write was answered.
fn step(
    goal: &mut Goal<'_>,
    written: Option<Option<Cell>>,
    told: Told,
    keep: Duration,
) -> Result<Step> {
    let (answer, incarnation) = told?;
    let seen = match (answer, written) {
        (Answer::Done, Some(written)) => return Ok(Step::Settled(written)),
        (Answer::Found(found), _) => Some(found),
        (Answer::Missing, _) => None,
        (Answer::Refused(error), _) => return Err(error),
        (Answer::TooLarge, _) => {
            return Err(Error::store(
                "a table's list of shapes is too large for the server",
            ));
        }
        (Answer::Done, None) => return Err(Error::store("a read gave no answer")),
    };
    let cell = seen.as_ref().and_then(|found| live(found, incarnation));
    Ok(match ((goal.decide)(cell.as_ref(), incarnation)?, seen) {
        (Next::Keep, _) => Step::Settled(cell),
        (Next::Write(cell), seen) => {
            let act = Act::Do(write(&goal.name, seen, &cell, keep));
            Step::Next(act, Some(cell))
        }
        (Next::Delete, Some(seen)) => {
            let name = goal.name.clone();
            Step::Next(Act::Do(Op::Take { name, seen }), None)
        }
        (Next::Delete, None) => Step::Settled(None),
    })
}

/// The cell in these bytes, if it is one of this life of the server.
pub(crate) fn live(found: &Found, incarnation: Incarnation) -> Option<Cell> {
    Cell::decode(&found.bytes).filter(|cell| cell.incarnation == incarnation)
}

/// Writes over what was seen, or where nothing was.
fn write(name: &Name, seen: Option<Found>, cell: &Cell, keep: Duration) -> Op {
    let name = name.clone();
    let value = cell.encode();
    match seen {
        Some(seen) => Op::Swap {
            name,
            seen,
            value,
            keep,
        },
        None => Op::Add { name, value, keep },
    }
}

/// A new revision for a cell that is written again.
pub(crate) fn revised(cell: &Cell) -> Result<Cell> {
    let mut cell = cell.clone();
    cell.revise(&Fresh::new()?);
    Ok(cell)
}
