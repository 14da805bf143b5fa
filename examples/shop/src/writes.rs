//! What visitors and the back office change, one file a subject.

pub mod basket;
pub mod checkout;
pub mod office;
