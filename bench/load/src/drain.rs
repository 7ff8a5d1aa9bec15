//! Large results, read as fast as they come, and COPY in both directions.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use crate::Outcome;
use crate::login::{Messages, Stream, Target};
use crate::wire::{self, Scanner};

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    target: Target,
    /// Connections that work at the same time.
    #[arg(long, default_value_t = 2)]
    clients: usize,
    #[arg(long, default_value_t = 5.0)]
    secs: f64,
    /// Run again and again until the time is over. "COPY ... FROM STDIN" is sent data.
    #[arg(long)]
    statement: String,
    /// How many megabytes a COPY FROM STDIN sends each time.
    #[arg(long, default_value_t = 64)]
    megabytes: usize,
}

/// Prints how many bytes went through, and in how many seconds.
pub fn run(options: &Options) -> Outcome<()> {
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(options.secs);
    let bytes = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..options.clients).map(|_| scope.spawn(move || one(options, until))).collect();
        threads
            .into_iter()
            .map(|t| t.join().unwrap_or(Err("a thread died".into())))
            .sum::<Outcome<u64>>()
    })?;
    println!("{}", json!({ "bytes": bytes, "secs": begun.elapsed().as_secs_f64() }));
    Ok(())
}

fn one(options: &Options, until: Instant) -> Outcome<u64> {
    let mut stream = options.target.log_in()?;
    let mut bytes = 0;
    while Instant::now() < until {
        stream.write_all(&wire::query(&options.statement))?;
        stream.flush()?;
        bytes += if options.statement.contains("FROM STDIN") {
            copy_in(&mut *stream, options.megabytes)?
        } else {
            read_result(&mut *stream)?
        };
    }
    stream.write_all(&wire::terminate())?;
    stream.flush()?;
    Ok(bytes)
}

fn read_result(stream: &mut dyn Stream) -> Outcome<u64> {
    let mut buffer = vec![0; 256 * 1024];
    let (mut scanner, mut bytes, mut ready, mut failed) = (Scanner::default(), 0, false, false);
    while !ready {
        let size = stream.read(&mut buffer)?;
        if size == 0 {
            return Err("the connection was closed".into());
        }
        bytes += size as u64;
        scanner.scan(&buffer[..size], |kind| {
            ready |= kind == b'Z';
            failed |= kind == b'E';
        });
    }
    if failed { Err("the statement failed".into()) } else { Ok(bytes) }
}

fn copy_in(stream: &mut dyn Stream, megabytes: usize) -> Outcome<u64> {
    let mut messages = Messages::default();
    messages.until(stream, b'G')?;
    let chunk = copy_data();
    let times = megabytes * 1_000_000 / chunk.len() + 1;
    for _ in 0..times {
        stream.write_all(&chunk)?;
    }
    let mut end = Vec::new();
    wire::message(&mut end, b'c', b"");
    stream.write_all(&end)?;
    stream.flush()?;
    messages.until(stream, b'Z')?;
    Ok((times * chunk.len()) as u64)
}

/// 64 kB of rows of 1 kB, each a message of its own, as libpq's programs send them.
fn copy_data() -> Vec<u8> {
    let mut row = vec![b'x'; 1000];
    row.push(b'\n');
    let mut out = Vec::new();
    while out.len() < 64 * 1024 {
        wire::message(&mut out, b'd', &row);
    }
    out
}
