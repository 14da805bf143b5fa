//! Forms that derive validator's `Validate`.

use validator::ValidationErrors;

use super::{Form, Tidy};

/// Forms that derive `validator::Validate`.
#[derive(Debug)]
pub enum Validator {}

impl<F: validator::Validate + Tidy> Form<Validator> for F {
    type Errors = ValidationErrors;

    fn clean(&self) -> Result<F, ValidationErrors> {
        let mut clean = self.clone();
        clean.tidy();
        clean.validate()?;
        Ok(clean)
    }
}
