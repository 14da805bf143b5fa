//! Forms that derive garde's `Validate`.

use garde::Report;

use super::{Form, Tidy};

/// Forms that derive `garde::Validate`, with a context that has a default.
#[derive(Debug)]
pub enum Garde {}

impl<F> Form<Garde> for F
where
    F: garde::Validate<Context: Default> + Tidy,
{
    type Errors = Report;

    fn clean(&self) -> Result<F, Report> {
        let mut clean = self.clone();
        clean.tidy();
        clean.validate()?;
        Ok(clean)
    }
}
