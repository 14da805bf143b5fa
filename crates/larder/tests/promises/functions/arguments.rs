//! What of a call counts.

use std::path::Path;

use larder::{Cache, KeyBuilder, KeyPart, cached};

/// A database: nothing that a key could hold.
#[derive(Clone, Default)]
struct Db {
    prefix: String,
}

#[derive(Clone, Debug)]
struct Id(u64);

impl KeyPart for Id {
    fn append(&self, key: &mut KeyBuilder) {
        key.push(self.0);
    }
}

#[cached(skip(db))]
async fn by_id(cache: &Cache, db: &Db, id: &Id) -> String {
    format!("{} {}", db.prefix, id.0)
}

fn db(prefix: &str) -> Db {
    Db {
        prefix: prefix.into(),
    }
}

#[tokio::test]
async fn bc21_a_skipped_argument_does_not_count() {
    let cache = Cache::memory();
    assert_eq!(by_id(&cache, &db("a"), &Id(1)).await, "a 1");
    assert_eq!(by_id(&cache, &db("b"), &Id(1)).await, "a 1");
    assert_eq!(by_id(&cache, &db("b"), &Id(2)).await, "b 2");
    // The companion takes what counts.
    let kept = by_id::get(&cache, &Id(2)).await.expect("memory answers");
    assert_eq!(kept.as_deref(), Some("b 2"));
}

#[cached(map(name = name.trim().to_lowercase(), path = path.to_str()))]
async fn mapped(cache: &Cache, name: &str, path: &Path) -> String {
    format!("{name}{}", path.display())
}

#[tokio::test]
async fn bc21_a_mapped_argument_counts_as_what_it_is_mapped_to() {
    let cache = Cache::memory();
    assert_eq!(mapped(&cache, " Ulm", Path::new("/a")).await, " Ulm/a");
    assert_eq!(mapped(&cache, "ULM ", Path::new("/a")).await, " Ulm/a");
    assert_eq!(mapped(&cache, "ULM ", Path::new("/b")).await, "ULM /b");
    let kept = mapped::get(&cache, "ulm", Path::new("/a")).await;
    assert_eq!(kept.expect("memory answers").as_deref(), Some(" Ulm/a"));
}

#[cached(key = (id % 10, format!("{town}!")))]
async fn own_key(cache: &Cache, db: Db, id: u64, town: String) -> String {
    format!("{}{id}{town}", db.prefix)
}

#[tokio::test]
async fn bc21_an_own_key_says_all_that_counts() {
    let cache = Cache::memory();
    assert_eq!(own_key(&cache, db("a"), 12, "Ulm".into()).await, "a12Ulm");
    assert_eq!(own_key(&cache, db("b"), 22, "Ulm".into()).await, "a12Ulm");
    assert_eq!(own_key(&cache, db("b"), 23, "Ulm".into()).await, "b23Ulm");
    // What the key mentions is what the companion takes.
    own_key::invalidate(&cache, 2, "Ulm".into())
        .await
        .expect("memory answers");
    assert_eq!(own_key(&cache, db("c"), 2, "Ulm".into()).await, "c2Ulm");
}

#[cached]
async fn borrowed<'a>(
    cache: &Cache,
    text: &'a str,
    bytes: &[u8],
    id: Option<&Id>,
    fixed: &'static str,
) -> String {
    let id = id.map(|id| id.0);
    format!("{text} {bytes:?} {id:?} {fixed}")
}

#[tokio::test]
async fn bc23_borrowed_arguments_outlive_their_callers() {
    let cache = Cache::memory();
    let expected = "Ulm [1, 2] Some(3) x";
    {
        let (text, bytes, id) = (String::from("Ulm"), vec![1, 2], Id(3));
        assert_eq!(
            borrowed(&cache, &text, &bytes, Some(&id), "x").await,
            expected
        );
    }
    let kept = borrowed::get(&cache, "Ulm", &[1, 2], Some(&Id(3)), "x").await;
    assert_eq!(kept.expect("memory answers").as_deref(), Some(expected));
    let other = borrowed(&cache, "Ulm", &[1, 2], None, "x").await;
    assert_eq!(other, "Ulm [1, 2] None x");
}

#[cached]
async fn generic<T, const N: usize>(cache: &Cache, value: T) -> String
where
    T: KeyPart + std::fmt::Debug + Clone + Send + 'static,
{
    format!("{value:?} {N} {}", size_of::<T>())
}

#[tokio::test]
async fn bc23_calls_with_other_types_and_constants_are_other_calls() {
    let cache = Cache::memory();
    assert_eq!(generic::<u8, 1>(&cache, 1).await, "1 1 1");
    assert_eq!(generic::<u64, 1>(&cache, 1).await, "1 1 8");
    assert_eq!(generic::<u64, 2>(&cache, 1).await, "1 2 8");
    assert_eq!(
        generic::<_, 1>(&cache, String::from("1")).await,
        "\"1\" 1 24"
    );
    let kept = generic::get::<u64, 2>(&cache, 1).await;
    assert_eq!(kept.expect("memory answers").as_deref(), Some("1 2 8"));
}

#[cached]
async fn anything(cache: &Cache, id: impl KeyPart + Clone + Send + 'static) -> u64 {
    let _ = id;
    1
}

#[cached(map(name = name.as_ref()))]
async fn like_text(cache: &Cache, name: impl AsRef<str> + Send + 'static) -> usize {
    name.as_ref().len()
}

#[tokio::test]
async fn bc23_arguments_without_a_name_for_their_type_work_where_it_is_said_what_counts() {
    let cache = Cache::memory();
    assert_eq!(anything(&cache, 1).await, 1);
    assert_eq!(like_text(&cache, "Ulm").await, 3);
    assert_eq!(
        like_text::get(&cache, String::from("Ulm"))
            .await
            .expect("memory answers"),
        Some(3)
    );
}

#[cached]
async fn early(cache: &Cache, number: u32) -> Result<u32, std::num::ParseIntError> {
    if number == 0 {
        return Ok(0);
    }
    let text = number.to_string();
    Ok(text.parse::<u32>()?)
}

#[cached]
async fn nothing(cache: &Cache) {}

#[tokio::test]
async fn bc23_bodies_return_early_ask_questions_and_give_nothing() {
    let cache = Cache::memory();
    assert_eq!(early(&cache, 0).await, Ok(0));
    assert_eq!(early(&cache, 5).await, Ok(5));
    nothing(&cache).await;
    assert_eq!(
        nothing::get(&cache).await.expect("memory answers"),
        Some(())
    );
}

/// A service's state.
#[derive(Clone)]
struct State {
    cache: Cache,
    name: String,
}

#[cached(cache = &state.cache, skip(state))]
async fn of_a_field(state: State, id: u32) -> String {
    format!("{} {id}", state.name)
}

#[cached(cache = wanted)]
async fn of_an_option(wanted: Option<Cache>, id: u32) -> u32 {
    id + u32::from(wanted.is_some())
}

#[cached]
async fn of_an_argument_by_value(here: Cache, id: u32) -> u32 {
    id + u32::from(here.is_enabled())
}

#[tokio::test]
async fn kc10_the_cache_is_a_field_an_argument_an_option() {
    let cache = Cache::memory();
    let state = |name: &str| State {
        cache: cache.clone(),
        name: name.into(),
    };
    assert_eq!(of_a_field(state("a"), 1).await, "a 1");
    assert_eq!(of_a_field(state("b"), 1).await, "a 1");
    assert_eq!(of_an_option(None, 1).await, 1);
    assert_eq!(of_an_option(Some(cache.clone()), 1).await, 2);
    let kept = of_an_option::get(&cache, 1).await;
    assert_eq!(kept.expect("memory answers"), Some(2));
    assert_eq!(of_an_argument_by_value(cache.clone(), 1).await, 2);
    let kept = of_an_argument_by_value::get(&cache, 1).await;
    assert_eq!(kept.expect("memory answers"), Some(2));
}

#[cached(local)]
async fn lives_for_ever(cache: &Cache, text: &'static str) -> &'static str {
    text
}

#[tokio::test]
async fn bc23_what_lives_for_ever_is_not_copied() {
    let cache = Cache::memory();
    let text = "Ulm";
    assert!(std::ptr::eq(lives_for_ever(&cache, text).await, text));
}
