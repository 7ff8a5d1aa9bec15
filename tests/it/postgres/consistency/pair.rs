//! A session of the load that goes on in another process, by a token.

use std::sync::Arc;

use rand::Rng;
use rand::rngs::StdRng;
use tokio_postgres::{Config, Error};

use super::history::Event;
use super::load::Load;
use super::session::{Protocol, Session};
use super::stage::REGISTERS;

/// Two connections through two processes that are used in turn. Only the token leads from one to the other.
pub struct Pair {
    load: Arc<Load>,
    here: Session,
    there: Session,
    pub events: Vec<Event>,
}

impl Pair {
    /// Connects to both.
    pub async fn open(
        load: &Arc<Load>,
        to: [&Config; 2],
        protocol: Protocol,
    ) -> Result<Pair, Error> {
        let here = Session::open(load, to[0], protocol).await?;
        let there = Session::open(load, to[1], protocol).await?;
        Ok(Pair { load: Arc::clone(load), here, there, events: Vec::new() })
    }

    /// Reads or writes on one side, and then reads on the other one.
    pub async fn step(&mut self, random: &mut StdRng) -> Result<(), Error> {
        let done = self.go_over(random).await;
        // What was sent counts, whatever came of it.
        self.events.append(&mut self.here.events);
        self.events.append(&mut self.there.events);
        std::mem::swap(&mut self.here, &mut self.there);
        done
    }

    async fn go_over(&mut self, random: &mut StdRng) -> Result<(), Error> {
        let register = random.random_range(0..REGISTERS);
        match random.random_range(0..3) {
            0 => self.here.write(register).await?,
            1 => self.here.read(register, None).await?,
            _ => {}
        }
        // The token is of what had been committed when it was asked for, by whomever.
        self.events.append(&mut self.here.events);
        self.events.push(Event::Told(self.load.now()));
        let token = self.here.ask("SHOW pgweir.token").await?;
        self.there.run(&format!("SET pgweir.read_after = '{token}'")).await?;
        self.there.read(register, None).await?;
        self.there.read(random.random_range(0..REGISTERS), None).await
    }
}
