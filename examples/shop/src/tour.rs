//! tour
use crate::database::StartError;
/// walk
pub async fn walk() -> Result<(), StartError> {
    Ok(())
}
