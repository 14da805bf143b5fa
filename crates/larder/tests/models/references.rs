//! References: loaded in their present state, level by level.

use std::collections::{BTreeMap, HashMap};

use larder::{CacheModel, ModelError, Reference};
use serde::{Deserialize, Serialize};

use crate::world::{World, on_every_store};

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct City {
    #[key]
    name: String,
    people: u32,
}

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Workplace {
    #[key]
    name: String,
    #[key]
    branch: u16,
    city: Reference<City>,
}

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Person {
    #[key]
    name: String,
    workplace: Option<Reference<Workplace>>,
    born_in: Reference<City>,
    mother: Option<Reference<Self>>,
    friends: Vec<Reference<Person>>,
    offices: BTreeMap<String, Reference<City>>,
    nicknames: HashMap<String, Box<Reference<Person>>>,
    #[binary]
    photo: Vec<u8>,
}

async fn city(world: &World, name: &str, people: u32) -> Reference<City> {
    let city = City {
        name: name.into(),
        people,
    };
    city.save(&world.cache).await.expect("the store answers");
    Reference::to(&city)
}

fn person(name: &str, born_in: &Reference<City>) -> Person {
    Person {
        name: name.into(),
        workplace: None,
        born_in: born_in.clone(),
        mother: None,
        friends: Vec::new(),
        offices: BTreeMap::new(),
        nicknames: HashMap::new(),
        photo: name.as_bytes().to_vec(),
    }
}

async fn got(world: &World, name: &str) -> std::sync::Arc<Person> {
    let got = Person::get(&world.cache, name).await;
    got.unwrap_or_else(|error| panic!("{error}"))
}

fn people_in(city: &Reference<City>) -> Option<u32> {
    Some(city.get()?.people)
}

on_every_store! {
    async fn bc12_only_the_key_of_what_is_referred_to_is_saved(world) {
        let riga = city(world, "Riga", 600).await;
        let mut bob = person("bob", &riga);
        // Loaded or not makes no difference to what is saved.
        bob.born_in = City::get(&world.cache, "Riga").await.expect("it is there").into();
        assert!(bob.born_in.get().is_some());
        bob.save(&world.cache).await.expect("the store answers");
        City::delete(&world.cache, "Riga").await.expect("the store answers");
        let missed = Person::get(&world.cache, "bob").await;
        assert!(missed.is_err_and(|error| error.is_missing()));
    }

    async fn bc12_references_are_loaded_in_their_present_state(world) {
        let riga = city(world, "Riga", 600).await;
        person("bob", &riga).save(&world.cache).await.expect("the store answers");
        assert_eq!(people_in(&got(world, "bob").await.born_in), Some(600));
        let before = got(world, "bob").await;
        city(world, "Riga", 601).await;
        assert_eq!(people_in(&got(world, "bob").await.born_in), Some(601));
        // Who has it already keeps what he has.
        assert_eq!(people_in(&before.born_in), Some(600));
        assert_eq!(people_in(&riga), None);
        assert_eq!(riga.load(&world.cache).await.expect("it is there").people, 601);
    }

    async fn bc12_references_stand_in_options_lists_maps_and_in_the_model_itself(world) {
        let riga = city(world, "Riga", 600).await;
        let oslo = city(world, "Oslo", 700).await;
        let acme = Workplace { name: "acme".into(), branch: 3, city: oslo.clone() };
        acme.save(&world.cache).await.expect("the store answers");
        let ann = person("ann", &oslo);
        ann.save(&world.cache).await.expect("the store answers");
        let mut bob = person("bob", &riga);
        bob.workplace = Some(Reference::to(&acme));
        bob.mother = Some(Reference::to_key("ann"));
        bob.friends = vec![Reference::to(&ann), Reference::to(&ann)];
        bob.offices = [("home".into(), riga), ("north".into(), oslo)].into();
        bob.nicknames = [("mum".into(), Box::new(Reference::to(&ann)))].into();
        bob.save(&world.cache).await.expect("the store answers");

        let got = got(world, "bob").await;
        assert_eq!(*got, bob);
        let workplace = got.workplace.as_ref().and_then(Reference::get).expect("it is loaded");
        assert_eq!(people_in(&workplace.city), Some(700));
        assert_eq!(workplace.keys().branch, 3);
        let mother = got.mother.as_ref().and_then(Reference::shared).expect("it is loaded");
        assert_eq!(people_in(&mother.born_in), Some(700));
        assert_eq!(people_in(&got.offices["home"]), Some(600));
        assert_eq!(people_in(&got.offices["north"]), Some(700));
        // What is referred to twice is one object.
        for friend in got.friends.iter().chain(got.nicknames.values().map(|friend| &**friend)) {
            let friend = friend.shared().expect("it is loaded");
            assert!(std::sync::Arc::ptr_eq(friend, mother));
        }
    }

    async fn bc12_a_level_is_one_round_trip_whatever_it_refers_to(world) {
        let riga = city(world, "Riga", 600).await;
        let mut bob = person("bob", &riga);
        person("lonely", &riga).save(&world.cache).await.expect("the store answers");
        let ((), alone) = world.trips(async { drop(got(world, "lonely").await) }).await;
        assert_eq!(alone, 2, "the person, and the city");
        for n in 0..10 {
            let place = city(world, &format!("city {n}"), n).await;
            bob.offices.insert(n.to_string(), place);
            let friend = person(&format!("friend {n}"), &riga);
            friend.save(&world.cache).await.expect("the store answers");
            bob.friends.push(Reference::to(&friend));
        }
        bob.save(&world.cache).await.expect("the store answers");
        let before = world.reads_of_redis();
        let ((), twenty) = world.trips(async { drop(got(world, "bob").await) }).await;
        // Also on the wire.
        let reads = world.reads_of_redis().zip(before).map(|(after, before)| after - before);
        assert!(reads.is_none_or(|reads| reads == 2), "{reads:?} reads");
        // The friends' city was loaded with the level before.
        assert_eq!(twenty, alone, "twenty references of two models");
    }

    async fn bc12_three_levels_are_three_round_trips_more(world) {
        let riga = city(world, "Riga", 600).await;
        let acme = Workplace { name: "acme".into(), branch: 1, city: city(world, "Oslo", 1).await };
        acme.save(&world.cache).await.expect("the store answers");
        let mut mother = person("mother", &riga);
        mother.workplace = Some(Reference::to(&acme));
        mother.save(&world.cache).await.expect("the store answers");
        let mut bob = person("bob", &riga);
        bob.mother = Some(Reference::to(&mother));
        bob.save(&world.cache).await.expect("the store answers");
        // bob; his mother and Riga; her workplace; its city.
        let ((), trips) = world.trips(async { drop(got(world, "bob").await) }).await;
        assert_eq!(trips, 4);
        // Many at once cost the same.
        let both = Person::get_many(&world.cache, ["bob", "mother"]);
        let (both, trips) = world.trips(both).await;
        assert!(both.iter().all(Result::is_ok));
        assert_eq!(trips, 3);
    }

    async fn kc30_a_second_get_in_one_request_asks_no_store(world) {
        let riga = city(world, "Riga", 600).await;
        person("bob", &riga).save(&world.cache).await.expect("the store answers");
        let request = async {
            let get = async { people_in(&got(world, "bob").await.born_in) };
            assert_eq!(world.trips(get).await, (Some(600), 2));
            let get = async { people_in(&got(world, "bob").await.born_in) };
            assert_eq!(world.trips(get).await, (Some(600), 0));
            // What the request writes it sees.
            city(world, "Riga", 601).await;
            let get = async { people_in(&got(world, "bob").await.born_in) };
            assert_eq!(world.trips(get).await, (Some(601), 1));
        };
        world.cache.request_scope(request).await;
    }

    async fn bc13_a_missing_reference_makes_the_whole_get_a_miss_that_names_it(world) {
        let riga = city(world, "Riga", 600).await;
        let mut bob = person("bob", &riga);
        bob.workplace = Some(Reference::to_key(("acme", 7)));
        bob.save(&world.cache).await.expect("the store answers");
        let missed = Person::get(&world.cache, "bob").await;
        let Err(ModelError::Missing(missing)) = missed else {
            panic!("{missed:?}");
        };
        assert_eq!(missing.model(), "Workplace");
        assert_eq!(missing.key_fields(), ["name", "branch"]);
        assert_eq!(missing.key().readable(), "('models::references::Workplace', ('acme', 7))");
        assert_eq!(missing.reference(), Some(("Person", "workplace")));
        assert!(missing.to_string().contains("Person.workplace"), "{missing}");

        // Deeper, and for one of many.
        let mut ann = person("ann", &riga);
        ann.mother = Some(Reference::to(&bob));
        ann.save(&world.cache).await.expect("the store answers");
        person("eve", &riga).save(&world.cache).await.expect("the store answers");
        let many = Person::get_many(&world.cache, ["ann", "eve"]).await;
        let missing = many[0].as_ref().expect_err("its mother's workplace is missing");
        let missing = missing.missing().expect("it is missing");
        assert_eq!(missing.reference(), Some(("Person", "workplace")));
        assert!(many[1].is_ok());

        // It is not created anew, which would lose what is there.
        let created = Person::get_or_create(&world.cache, "bob", || panic!("it is there")).await;
        assert!(created.is_err_and(|error| error.is_missing()));

        let acme = Workplace { name: "acme".into(), branch: 7, city: riga };
        acme.save(&world.cache).await.expect("the store answers");
        assert!(Person::get(&world.cache, "ann").await.is_ok());
    }

    async fn a_created_object_has_its_references_loaded(world) {
        let riga = city(world, "Riga", 600).await;
        let bob = person("bob", &riga);
        let created = Person::get_or_create(&world.cache, "bob", move || bob).await;
        let (bob, created) = created.expect("the store answers");
        assert!(created);
        assert_eq!(people_in(&bob.born_in), Some(600));
    }
}

#[test]
fn a_reference_shows_its_key_and_no_values() {
    let riga = Reference::<City>::to_key("Riga");
    let shown = format!("{riga:?}");
    assert!(shown.contains("City") && !shown.contains("Riga"), "{shown}");
    assert_eq!(
        riga.key(),
        larder::Key::new(("models::references::City", ("Riga",)))
    );
    assert_eq!(riga.keys().name, "Riga");
}

#[test]
fn people_can_read_a_reference_in_json() {
    let city = Reference::<City>::to_key("Riga");
    let json = serde_json::to_string(&city).expect("it can be written");
    assert_eq!(json, r#"{"City":{"name":"Riga"}}"#);
    let read: Reference<City> = serde_json::from_str(&json).expect("it can be read");
    assert_eq!(read, city);
    let other = serde_json::from_str::<Reference<Person>>(&json);
    assert!(other.is_err(), "a city is no person");
}
