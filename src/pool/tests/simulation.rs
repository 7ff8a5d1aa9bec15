//! A pool under random clients, deaths, failures and operators; virtual time, watched by a model.
//!
//! Each seed is one world; `PGWEIR_SIMULATION_SEED=7 cargo test --lib simulation` runs that one
//! alone. The world ([`world`]) makes everything happen that floor 3 can do to a pool. The model
//! ([`model`]) keeps its own books of what `Core` answered, and checks them after each step.

mod model;
mod world;

use std::env;

use self::world::World;

/// Worlds, and steps in each: in a debug build a few seconds.
const SEEDS: u64 = 100;
const STEPS: usize = 8_000;

#[test]
fn no_client_is_lost_and_no_server_is_shared() {
    let seed = env::var("PGWEIR_SIMULATION_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = seed.map_or(0..SEEDS, |seed| seed..seed + 1);
    for seed in seeds {
        println!("seed {seed}");
        let mut world = World::of(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.come_to_rest();
    }
}
