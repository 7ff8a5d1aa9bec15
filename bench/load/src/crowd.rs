//! Many clients, all connected, of which some have a statement in flight.
//!
//! Prints a line once all are connected, then runs once for each line that it reads, of the form
//! `SECS IN_FLIGHT RATE`: for SECS seconds it keeps IN_FLIGHT statements going, each by the client that
//! has been silent longest; or, where RATE is not 0, it begins RATE statements a second, no matter
//! how long they take, and counts the time from when each was due.

use std::collections::VecDeque;
use std::io::{BufRead, Write};
use std::net::TcpStream;
use std::num::NonZeroU64;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::Outcome;
use crate::latency::Latencies;
use crate::login::{Messages, Target};
use crate::poller::{Poller, read_all};
use crate::wire::{self, Protocol, Scanner};

/// Logins that go on at the same time.
const LOGIN_THREADS: usize = 8;

/// How long the last statements of a run may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    target: Target,
    #[arg(long, default_value_t = 1)]
    clients: usize,
    #[arg(long, value_enum, default_value = "simple")]
    protocol: Protocol,
    #[arg(long, default_value = "SELECT 1")]
    statement: String,
}

/// Connects, and then does what stdin says until it ends.
pub fn run(options: &Options) -> Outcome<()> {
    rustix::thread::set_current_timer_slack(NonZeroU64::new(1))?;
    let begun = Instant::now();
    let mut crowd = Crowd::new(options)?;
    say(&json!({ "clients": options.clients, "secs": begun.elapsed().as_secs_f64() }))?;
    for line in std::io::stdin().lock().lines() {
        say(&crowd.run(&Plan::parse(&line?)?)?)?;
    }
    Ok(())
}

fn say(value: &Value) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}

/// One line of stdin.
struct Plan {
    time: Duration,
    in_flight: usize,
    /// Between two statements, where there is a rate.
    gap: Option<Duration>,
}

impl Plan {
    fn parse(line: &str) -> Outcome<Plan> {
        let parts: Vec<_> = line.split_whitespace().collect();
        let [secs, in_flight, rate] = parts[..] else {
            return Err("expected: SECS IN_FLIGHT RATE".into());
        };
        let rate: f64 = rate.parse()?;
        Ok(Plan {
            time: Duration::from_secs_f64(secs.parse()?),
            in_flight: in_flight.parse()?,
            gap: (rate > 0.0).then(|| Duration::from_secs_f64(1.0 / rate)),
        })
    }
}

struct Crowd {
    clients: Vec<Client>,
    /// Clients without a statement, the one that has been silent longest first.
    idle: VecDeque<usize>,
    poller: Poller,
    buffer: Vec<u8>,
    statement: Vec<u8>,
}

struct Client {
    stream: TcpStream,
    scanner: Scanner,
    since: Instant,
}

impl Crowd {
    fn new(options: &Options) -> Outcome<Crowd> {
        let poller = Poller::new()?;
        let mut clients = Vec::new();
        for stream in connect_all(options)? {
            stream.set_nonblocking(true)?;
            poller.add(&stream, clients.len())?;
            clients.push(Client { stream, scanner: Scanner::default(), since: Instant::now() });
        }
        Ok(Crowd {
            idle: (0..clients.len()).collect(),
            clients,
            poller,
            buffer: vec![0; 64 * 1024],
            statement: wire::statement(options.protocol, &options.statement),
        })
    }

    fn run(&mut self, plan: &Plan) -> Outcome<Value> {
        let mut latencies = Latencies::default();
        let begun = Instant::now();
        let end = begun + plan.time;
        let (mut in_flight, mut due) = (0, begun);
        let mut now = begun;
        while now < end || in_flight > 0 {
            if now > end + PATIENCE {
                return Err(format!("{in_flight} statements were not answered").into());
            }
            while now < end && self.may_begin(plan, in_flight, due, now) {
                self.begin(if plan.gap.is_some() { due } else { now })?;
                due += plan.gap.unwrap_or_default();
                in_flight += 1;
            }
            in_flight -= self.collect(self.wait(plan, due, now, end), &mut latencies)?;
            now = Instant::now();
        }
        Ok(latencies.summary(begun.elapsed().as_secs_f64()))
    }

    fn may_begin(&self, plan: &Plan, in_flight: usize, due: Instant, now: Instant) -> bool {
        let wanted = if plan.gap.is_some() { due <= now } else { in_flight < plan.in_flight };
        wanted && !self.idle.is_empty()
    }

    /// How long nothing needs to be done unless an answer comes.
    fn wait(&self, plan: &Plan, due: Instant, now: Instant, end: Instant) -> Duration {
        if plan.gap.is_some() && now < end && !self.idle.is_empty() {
            return due.saturating_duration_since(now);
        }
        Duration::from_millis(100)
    }

    fn begin(&mut self, since: Instant) -> Outcome<()> {
        let number = self.idle.pop_front().ok_or("no client is idle")?;
        let client = &mut self.clients[number];
        client.since = since;
        Ok((&client.stream).write_all(&self.statement)?)
    }

    /// Waits for answers, and says how many have come.
    fn collect(&mut self, timeout: Duration, latencies: &mut Latencies) -> Outcome<usize> {
        let mut answered = 0;
        for number in self.poller.wait(timeout)? {
            let Client { stream, scanner, since } = &mut self.clients[number];
            let (mut ready, mut failed) = (false, false);
            let open = read_all(stream, &mut self.buffer, |bytes| {
                scanner.scan(bytes, |kind| {
                    ready |= kind == b'Z';
                    failed |= kind == b'E';
                });
                Ok(())
            })?;
            if !open || failed {
                return Err("a statement failed".into());
            }
            if ready {
                latencies.record(since.elapsed());
                self.idle.push_back(number);
                answered += 1;
            }
        }
        Ok(answered)
    }
}

fn connect_all(options: &Options) -> Outcome<Vec<TcpStream>> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..LOGIN_THREADS)
            .map(|number| {
                let count = (number..options.clients).step_by(LOGIN_THREADS).count();
                scope.spawn(move || {
                    (0..count).map(|_| connect(options)).collect::<Outcome<Vec<_>>>()
                })
            })
            .collect();
        let mut streams = Vec::new();
        for thread in threads {
            streams.extend(thread.join().map_err(|_| "a thread died")??);
        }
        Ok(streams)
    })
}

/// A client that has run one statement, as every real one has.
fn connect(options: &Options) -> Outcome<TcpStream> {
    let mut stream = options.target.log_in_plain()?;
    let mut messages = Messages::default();
    for bytes in [
        wire::preparation(options.protocol, &options.statement),
        wire::statement(options.protocol, &options.statement),
    ] {
        if !bytes.is_empty() {
            stream.write_all(&bytes)?;
            messages.until(&mut stream, b'Z')?;
        }
    }
    Ok(stream)
}
