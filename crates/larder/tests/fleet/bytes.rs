//! Stored bytes that are not what was stored.

use crate::engine::Engine;
use crate::process::eventually;
use crate::world::World;

on_each_engine! {
    /// Every byte of everything that is stored, one bit of it, one byte at a time.
    async fn h32_a_flipped_bit_is_a_miss_and_never_another_value(engine: Engine) {
        let world = World::start(engine, 1, 1).await;
        let process = &world.processes[0];
        world.warm_up().await;
        let spoiled = stored(&world);
        for (name, bytes) in &spoiled {
            for at in 0..bytes.len() {
                let bit = at % 8;
                restore(&world, &spoiled);
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                world.server.write(name, &flipped);
                assert_eq!(process.read(0).await, 0, "bit {bit} of byte {at} of {name}");
            }
        }
        writes_go_on(&world).await;
    }
}

on_each_engine! {
    async fn h32_truncated_or_foreign_bytes_are_a_miss_and_are_written_over(engine: Engine) {
        let world = World::start(engine, 1, 1).await;
        let process = &world.processes[0];
        world.warm_up().await;
        let spoiled = stored(&world);
        for (name, bytes) in &spoiled {
            let cut = (0..bytes.len()).map(|end| bytes[..end].to_vec());
            let longer = [[&bytes[..], b"\0"].concat(), bytes.repeat(2)];
            let foreign = [b"hello".to_vec(), vec![0; 41], vec![0xff; 4096]];
            for other in cut.chain(longer).chain(foreign) {
                restore(&world, &spoiled);
                world.server.write(name, &other);
                assert_eq!(process.read(0).await, 0, "{name}: {} bytes", other.len());
            }
        }
        writes_go_on(&world).await;
    }
}

on_each_engine! {
    /// An entry's bytes under another entry's name: as if a digest had collided.
    async fn h25_an_entry_under_another_name_is_not_served(engine: Engine) {
        let world = World::start(engine, 1, 2).await;
        let process = &world.processes[0];
        process.write(1).await;
        process.read_until_hit(0).await;
        let entries = |world: &World| {
            let names = world.server.names().into_iter();
            names.filter(|name| name.contains(":e1:")).collect::<Vec<_>>()
        };
        let first = entries(&world).pop().expect("an entry");
        process.read_until_hit(1).await;
        let second = entries(&world).into_iter().find(|name| *name != first);
        let second = second.expect("another entry");
        let bytes = world.server.read(&second).expect("it is there");
        world.server.write(&first, &bytes);
        assert_eq!(process.read_unchecked(0).await, 0);
        assert_eq!(process.read_unchecked(1).await, 1);
    }
}

fn stored(world: &World) -> Vec<(String, Vec<u8>)> {
    let names = world.server.names();
    assert!(names.iter().any(|name| name.contains(":e1:")), "{names:?}");
    assert!(names.iter().any(|name| name.contains(":t1:")), "{names:?}");
    let with_bytes = names.into_iter().map(|name| {
        let bytes = world.server.read(&name).expect("it is there");
        (name, bytes)
    });
    with_bytes.collect()
}

fn restore(world: &World, stored: &[(String, Vec<u8>)]) {
    for (name, bytes) in stored {
        world.server.write(name, bytes);
    }
}

/// After all that was done to it, the store is good again.
async fn writes_go_on(world: &World) {
    let process = &world.processes[0];
    assert!(process.write(0).await, "the server is there");
    assert_eq!(process.read(0).await, 1);
    eventually("the row is an entry again", async || {
        let hits = process.hits();
        assert_eq!(process.read(0).await, 1);
        (process.hits() > hits).then_some(())
    })
    .await;
}
