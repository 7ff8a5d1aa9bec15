//! Clients that log in, leave, and log in again, as often as they can.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use crate::login::Target;
use crate::{Outcome, wire};

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    target: Target,
    /// How many log in at the same time.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    #[arg(long, default_value_t = 5.0)]
    secs: f64,
}

/// Prints how many logins there were, and in how many seconds.
pub fn run(options: &Options) -> Outcome<()> {
    options.target.log_in()?;
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(options.secs);
    let count = thread::scope(|scope| {
        let threads: Vec<_> = (0..options.clients)
            .map(|_| scope.spawn(move || storm(&options.target, until)))
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().unwrap_or(Err("a thread died".into())))
            .sum::<Outcome<u64>>()
    })?;
    println!("{}", json!({ "logins": count, "secs": begun.elapsed().as_secs_f64() }));
    Ok(())
}

fn storm(target: &Target, until: Instant) -> Outcome<u64> {
    let mut count = 0;
    while Instant::now() < until {
        let mut stream = target.log_in()?;
        stream.write_all(&wire::terminate())?;
        stream.flush()?;
        // Wait for the other side to close: then it, and not we, keeps the port for a minute.
        while stream.read(&mut [0; 64]).is_ok_and(|size| size > 0) {}
        count += 1;
    }
    Ok(count)
}
