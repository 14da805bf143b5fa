//! Forms' methods that cannot be cached.

use std::sync::Arc;

use larder::{Cache, Form, FormError, cached_form};

#[derive(Clone)]
struct Search {
    text: String,
}

impl Form for Search {
    type Errors = String;

    fn clean(&self) -> Result<Search, String> {
        Ok(self.clone())
    }
}

impl Search {
    #[cached_form(on(self.text))]
    async fn has_no_room_for_what_is_not_valid(&self, cache: &Cache) -> u32 {
        7
    }

    #[cached_form(on(self.text))]
    async fn is_in_an_arc(self: &Arc<Self>, cache: &Cache) -> Result<u32, FormError<String>> {
        Ok(7)
    }

    #[cached_form(on(self.text))]
    async fn has_an_error_of_its_own(&self, cache: &Cache) -> Result<u32, std::fmt::Error> {
        Ok(7)
    }
}

#[cached_form(ttl = "60s")]
async fn is_no_method(cache: &Cache) -> Result<u32, FormError<String>> {
    Ok(7)
}

struct NoForm;

impl NoForm {
    #[cached_form(on())]
    async fn hits(&self, cache: &Cache) -> Result<u32, FormError<String>> {
        Ok(7)
    }
}

fn main() {}
