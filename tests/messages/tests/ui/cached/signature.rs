//! Functions that cannot be cached.

use larder::cached;

#[cached]
const fn at_compile_time() -> u32 {
    7
}

#[cached]
async unsafe fn with_promises() -> u32 {
    7
}

#[cached]
extern "C" fn of_another_language() -> u32 {
    7
}

#[cached]
async fn changes_its_argument(list: &mut Vec<u32>) -> u32 {
    7
}

#[cached]
async fn takes_apart((left, right): (u32, u32)) -> u32 {
    left + right
}

#[cached]
async fn takes_something(_: u32) -> u32 {
    7
}

#[cached]
async fn takes_anything(name: impl AsRef<str>) -> u32 {
    7
}

#[cached]
async fn borrows_inside(names: &[&str]) -> u32 {
    7
}

#[cached]
async fn borrows_maybe(name: std::borrow::Cow<'_, str>) -> u32 {
    7
}

#[cached]
async fn returns_a_borrow(name: &str) -> &str {
    name
}

#[cached]
async fn returns_something() -> impl Iterator<Item = u32> {
    [7].into_iter()
}

#[cached]
fn returns_a_future() -> std::pin::Pin<Box<dyn Future<Output = u32>>> {
    Box::pin(async { 7 })
}

#[cached]
async fn of_any_type<T: Default>() -> T {
    T::default()
}

#[cached]
struct NoFunction;

struct Counter(u32);

impl Counter {
    #[cached]
    async fn count(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }

    #[cached]
    async fn zero() -> Self {
        Self(0)
    }
}

fn main() {}
