//! Methods, of a type and of a trait.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use larder::{Cache, KeyBuilder, KeyPart, cached};

/// Counts what runs.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicUsize>);

impl Runs {
    fn count(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

#[derive(Clone)]
struct Home {
    cache: Cache,
    address: String,
    owner: String,
    runs: Runs,
}

impl Home {
    fn new(cache: &Cache, address: &str, owner: &str) -> Home {
        Home {
            cache: cache.clone(),
            address: address.into(),
            owner: owner.into(),
            runs: Runs::default(),
        }
    }

    #[cached(on(self.address), ttl = "1h", cache = self.cache)]
    async fn geocode(&self, language: &str) -> Result<String, std::fmt::Error> {
        self.runs.count();
        Ok(format!(
            "{}/{language} for {owner}",
            self.address,
            owner = self.owner
        ))
    }

    #[cached(on(self.address), cache = self.cache)]
    async fn distance(&self, language: &str) -> String {
        format!("far {} {language}", self.address)
    }

    #[cached(on(), cache = self.cache)]
    async fn planet(&self) -> String {
        format!("earth, says {}", self.owner)
    }

    #[cached(key = (&self.owner, id), cache = self.cache)]
    async fn own_key(self, id: u32) -> String {
        format!("{} {id}", self.owner)
    }
}

fn neighbours(cache: &Cache) -> [Home; 3] {
    [
        Home::new(cache, "Ulm", "ann"),
        Home::new(cache, "Ulm", "bob"),
        Home::new(cache, "Bonn", "cem"),
    ]
}

#[tokio::test]
async fn bc20_instances_share_results_by_what_counts_of_them() {
    let cache = Cache::memory();
    let [ann, bob, cem] = neighbours(&cache);
    assert_eq!(ann.geocode("de").await, Ok("Ulm/de for ann".into()));
    assert_eq!(bob.geocode("de").await, Ok("Ulm/de for ann".into()));
    assert_eq!(cem.geocode("de").await, Ok("Bonn/de for cem".into()));
    assert_eq!(bob.planet().await, "earth, says bob");
    assert_eq!(cem.planet().await, "earth, says bob");
    assert_eq!(ann.clone().own_key(1).await, "ann 1");
    assert_eq!(bob.clone().own_key(1).await, "bob 1");
}

#[tokio::test]
async fn bc20_arguments_and_methods_keep_results_apart() {
    let cache = Cache::memory();
    let [ann, bob, _] = neighbours(&cache);
    assert_eq!(ann.geocode("de").await, Ok("Ulm/de for ann".into()));
    assert_eq!(bob.geocode("en").await, Ok("Ulm/en for bob".into()));
    assert_eq!(bob.distance("de").await, "far Ulm de");
    assert_eq!(bob.runs.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn bc24_methods_results_are_looked_at_dropped_put_and_made_again() {
    let cache = Cache::memory();
    let [ann, bob, cem] = neighbours(&cache);
    let kept = async |home: &Home| {
        home.geocode_get(&cache, "de")
            .await
            .expect("memory answers")
    };
    assert_eq!(kept(&ann).await, None);
    ann.geocode_prime(&cache, "de", "primed".into())
        .await
        .expect("memory answers");
    assert_eq!(bob.geocode("de").await, Ok("primed".into()));
    assert_eq!(bob.geocode_refresh("de").await, Ok("Ulm/de for bob".into()));
    assert_eq!(kept(&ann).await.as_deref(), Some("Ulm/de for bob"));
    cem.geocode("de").await.expect("it cannot fail");
    bob.geocode_invalidate(&cache, "de")
        .await
        .expect("memory answers");
    assert_eq!(kept(&ann).await, None);
    assert!(kept(&cem).await.is_some());
    ann.distance("de").await;
    Home::geocode_invalidate_all(&cache)
        .await
        .expect("memory answers");
    assert_eq!(kept(&cem).await, None);
    let other = ann
        .distance_get(&cache, "de")
        .await
        .expect("memory answers");
    assert!(other.is_some(), "another method's results stay");
}

/// Not to be cloned.
struct Service {
    cache: Cache,
    runs: AtomicUsize,
}

impl Service {
    #[cached(on(), cache = self.cache)]
    async fn answer(self: &Arc<Self>, id: u32) -> usize {
        let _ = id;
        self.runs.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[cached(on(), cache = self.cache)]
    async fn taken(self: Arc<Self>) -> usize {
        self.runs.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Uses nothing of `self`, so nothing of it need be copied.
    #[cached(on(), cache = self.cache)]
    async fn of_nothing(&self) -> u32 {
        7
    }
}

#[tokio::test]
async fn bc23_a_type_without_clone_is_borrowed_in_its_arc() {
    let service = Arc::new(Service {
        cache: Cache::memory(),
        runs: AtomicUsize::new(0),
    });
    assert_eq!((service.answer(1).await, service.answer(1).await), (1, 1));
    assert_eq!(service.clone().taken().await, 2);
    assert_eq!(service.of_nothing().await, 7);
    assert_eq!(service.answer_refresh(1).await, 3);
}

trait Geo {
    async fn place(&self, number: u32) -> String;
    async fn name() -> String;
    fn area(&self) -> u32;
}

trait Map {
    async fn place(&self, number: u32) -> String;
}

#[cached]
impl Geo for Home {
    #[cached(on(self.address), cache = self.cache)]
    async fn place(&self, number: u32) -> String {
        format!("geo {} {number}", self.address)
    }

    async fn name() -> String {
        "not cached".into()
    }

    #[cached(on(self.address), cache = self.cache)]
    fn area(&self) -> u32 {
        self.runs.count() as u32
    }
}

#[cached(no_companions)]
impl Map for Home {
    #[cached(on(self.address), cache = self.cache)]
    async fn place(&self, number: u32) -> String {
        format!("map {} {number}", self.address)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bc23_a_traits_methods_are_cached_and_kept_apart_by_trait() {
    let cache = Cache::memory();
    let [ann, bob, _] = neighbours(&cache);
    assert_eq!(Geo::place(&ann, 1).await, "geo Ulm 1");
    assert_eq!(Map::place(&ann, 1).await, "map Ulm 1");
    let kept = ann.place_get(&cache, 1).await.expect("memory answers");
    assert_eq!(kept.as_deref(), Some("geo Ulm 1"));
    assert_eq!((ann.area(), bob.area()), (1, 1));
    assert_eq!(ann.area_refresh(), 2);
    assert_eq!(<Home as Geo>::name().await, "not cached");
}

/// Two types with a method of one name, and one that is generic.
#[derive(Clone)]
struct Repo<T> {
    kind: PhantomData<fn() -> T>,
}

#[cached]
impl<T: Clone + 'static> Repo<T> {
    #[cached(on())]
    async fn find(&self, cache: &Cache, id: u32) -> String {
        let _ = self.kind;
        format!("{} {id}", std::any::type_name::<T>())
    }

    /// Without `self`: the block says whose it is.
    #[cached]
    pub async fn count(cache: &Cache) -> usize {
        size_of::<T>()
    }
}

/// What counts of it if nothing is said.
#[derive(Clone)]
struct Town(&'static str);

impl KeyPart for Town {
    fn append(&self, key: &mut KeyBuilder) {
        key.push(self.0);
    }
}

impl Town {
    #[cached]
    async fn find(&self, cache: &Cache, id: u32) -> String {
        format!("{} {id}", self.0)
    }
}

#[tokio::test]
async fn bc20_types_keep_results_apart() {
    let cache = Cache::memory();
    let (small, large) = (
        Repo::<u8> { kind: PhantomData },
        Repo::<u64> { kind: PhantomData },
    );
    assert_eq!(small.find(&cache, 1).await, "u8 1");
    assert_eq!(large.find(&cache, 1).await, "u64 1");
    assert_eq!(Town("Ulm").find(&cache, 1).await, "Ulm 1");
    assert_eq!(Town("Bonn").find(&cache, 1).await, "Bonn 1");
    assert_eq!(Repo::<u8>::count(&cache).await, 1);
    assert_eq!(Repo::<u64>::count(&cache).await, 8);
    let kept = Repo::<u64>::count_get(&cache).await;
    assert_eq!(kept.expect("memory answers"), Some(8));
}

impl Home {
    /// `self` inside macros, closures, nested blocks; a `self` that is none.
    #[cached(on(self.address), cache = self.cache)]
    async fn everywhere(&self, number: u32) -> Vec<String> {
        struct Other(u32);
        impl Other {
            fn value(&self) -> u32 {
                self.0
            }
        }
        let closure = || self.owner.clone();
        let text = format!("{} {}", self.address, { self.owner.len() });
        let other = self::here(Other(number).value());
        vec![closure(), text, other, Self::shared().into()]
    }

    fn shared() -> &'static str {
        "shared"
    }
}

fn here(number: u32) -> String {
    format!("here {number}")
}

#[tokio::test]
async fn bc23_self_is_found_wherever_a_body_names_it() {
    let cache = Cache::memory();
    let [ann, ..] = neighbours(&cache);
    let expected = ["ann", "Ulm 3", "here 1", "shared"];
    assert_eq!(ann.everywhere(1).await, expected);
}

#[async_trait::async_trait]
trait Boxed {
    async fn boxed(&self, id: u32) -> String;
}

#[cached]
#[async_trait::async_trait]
impl Boxed for Home {
    #[cached(on(self.address), cache = self.cache)]
    async fn boxed(&self, id: u32) -> String {
        format!("{} {id} for {}", self.address, self.owner)
    }

    #[cfg(any())]
    #[cached(on())]
    async fn compiled_by_nobody(&self) -> u32 {
        nothing_of_this_name()
    }
}

#[tokio::test]
async fn bc23_methods_behind_other_attributes_are_cached() {
    let cache = Cache::memory();
    let [ann, bob, _] = neighbours(&cache);
    let dynamic: [Box<dyn Boxed>; 2] = [Box::new(ann.clone()), Box::new(bob)];
    for home in dynamic {
        assert_eq!(home.boxed(1).await, "Ulm 1 for ann");
    }
    let kept = ann.boxed_get(&cache, 1).await.expect("memory answers");
    assert!(kept.is_some());
}

/// A trait that gives its method.
trait Weather {
    fn kept_in(&self) -> &Cache;

    #[cached(on(), cache = self.kept_in())]
    async fn report(&self, day: u32) -> String
    where
        Self: Clone + Send + Sync + 'static,
    {
        format!("weather of day {day}")
    }
}

/// Another one, with parameters, whose method has the same name.
trait News<T: 'static> {
    fn kept_by(&self) -> &Cache;

    #[cached(on(), cache = self.kept_by())]
    async fn report(&self, day: u32) -> String
    where
        Self: Clone + Send + Sync + 'static,
    {
        format!("news of day {day} for {}", std::any::type_name::<T>())
    }
}

impl Weather for Home {
    fn kept_in(&self) -> &Cache {
        &self.cache
    }
}

impl News<u8> for Home {
    fn kept_by(&self) -> &Cache {
        &self.cache
    }
}

impl News<u16> for Home {
    fn kept_by(&self) -> &Cache {
        &self.cache
    }
}

impl Home {
    #[cached(on(), cache = self.cache)]
    async fn report(&self, day: u32) -> String {
        format!("home on day {day}")
    }
}

#[tokio::test]
async fn bc20_methods_of_one_name_that_traits_give_are_kept_apart() {
    let cache = Cache::memory();
    let [ann, ..] = neighbours(&cache);
    // Once to keep, once to find.
    for _ in 0..2 {
        assert_eq!(ann.report(1).await, "home on day 1");
        assert_eq!(Weather::report(&ann, 1).await, "weather of day 1");
        assert_eq!(News::<u8>::report(&ann, 1).await, "news of day 1 for u8");
        assert_eq!(News::<u16>::report(&ann, 1).await, "news of day 1 for u16");
    }
    <Home as News<u8>>::report_invalidate_all(&cache)
        .await
        .expect("memory answers");
    let kept = News::<u8>::report_get(&ann, &cache, 1).await;
    assert_eq!(kept.expect("memory answers"), None);
    for kept in [
        ann.report_get(&cache, 1).await,
        Weather::report_get(&ann, &cache, 1).await,
        News::<u16>::report_get(&ann, &cache, 1).await,
    ] {
        assert!(kept.expect("memory answers").is_some());
    }
    let key = ann.report_key(1);
    assert_eq!(
        key.first_text(),
        Some("promises::functions::methods::Home::report")
    );
}
