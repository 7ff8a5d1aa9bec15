//! What both programs share: checks that print a line each, and the wait that makes another connection's writes visible.

use std::fmt::Debug;
use std::time::{Duration, Instant};

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Outcome<T = ()> = Result<T, Error>;

/// Open at the same time, whatever the pool behind the URL holds.
pub const CONNECTIONS: usize = 40;
pub const LARGE: usize = 5 * 1024 * 1024;

pub fn url() -> String {
    std::env::var("DATABASE_URL").expect("DATABASE_URL is set")
}

/// One check: its line says ok or FAIL, and the first failure ends the program.
pub async fn check(name: &str, work: impl Future<Output = Outcome>) {
    let started = Instant::now();
    if let Err(error) = work.await {
        println!("FAIL {name}: {error} ({error:?})");
        std::process::exit(1);
    }
    println!("ok   {name} ({} ms)", started.elapsed().as_millis());
}

/// Fails with both values when they differ.
#[track_caller]
pub fn expect<A: PartialEq<B> + Debug, B: Debug>(actual: A, wanted: B) -> Outcome {
    if actual == wanted {
        return Ok(());
    }
    let line = std::panic::Location::caller().line();
    let mut text = format!("line {line}: got {actual:?}, wanted {wanted:?}");
    text.truncate(text.floor_char_boundary(600));
    Err(text.into())
}

/// Longer than pgweir's max_replica_lag (500 ms): a read on another connection sees the write after it.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}
