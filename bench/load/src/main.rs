//! The load that pgbench cannot make: a server that answers at once, crowds of clients, storms of
//! logins, and large results that are read as fast as they come. Results go to stdout as JSON.

mod crowd;
mod drain;
mod latency;
mod login;
mod logins;
mod poller;
mod scram;
mod stub;
mod tls;
mod wire;

use clap::Parser;

/// Everything that goes wrong ends the program with its text.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
enum Command {
    /// A PostgreSQL that answers every statement at once with one row.
    Stub(stub::Options),
    /// Many clients, of which some have a statement in flight.
    Crowd(crowd::Options),
    /// Clients that log in, and leave, and log in again.
    Logins(logins::Options),
    /// Large results, and COPY in both directions.
    Drain(drain::Options),
}

fn main() -> Outcome<()> {
    let command = Command::parse();
    raise_descriptor_limit()?;
    match command {
        Command::Stub(options) => stub::run(&options),
        Command::Crowd(options) => crowd::run(&options),
        Command::Logins(options) => logins::run(&options),
        Command::Drain(options) => drain::run(&options),
    }
}

fn raise_descriptor_limit() -> Outcome<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
