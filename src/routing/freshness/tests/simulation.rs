//! A primary, replicas and sessions in random worlds; virtual time, watched by a model.
//!
//! Each seed is one world; `PGWEIR_SIMULATION_SEED=7 cargo test --lib simulation` runs that one
//! alone. The world ([`world`]) lets replicas lag, pause, restart from an older position and be cut
//! off, answers be lost, and standbys be promoted, while sessions write and read as the rules
//! let them. The model ([`model`]) knows what was acknowledged when, and judges each read.

mod model;
mod world;

use std::env;

use self::world::World;

/// Worlds, and events in each: in a debug build a few seconds.
const SEEDS: u64 = 100;
const EVENTS: usize = 30_000;

#[test]
fn no_read_is_wrong_whatever_happens() {
    let share = share_on_replicas(World::of);
    assert!(share > 0.3, "only {share} of the reads were served by replicas");
}

#[test]
fn while_nothing_happens_nearly_all_reads_are_served_by_replicas() {
    let share = share_on_replicas(World::calm);
    assert!(share > 0.98, "only {share} of the reads were served by replicas");
}

fn share_on_replicas(make: fn(u64) -> World) -> f64 {
    let seed = env::var("PGWEIR_SIMULATION_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = seed.map_or(0..SEEDS, |seed| seed..seed + 1);
    let (mut on_replicas, mut all) = (0, 0);
    for seed in seeds {
        println!("seed {seed}");
        let mut world = make(seed);
        (0..EVENTS).for_each(|_| world.step());
        on_replicas += world.reads_on_replicas;
        all += world.reads;
    }
    println!("{on_replicas} of {all} reads were served by replicas");
    f64::from(on_replicas) / f64::from(all)
}
