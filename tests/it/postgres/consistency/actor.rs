//! Who acts in the load: a session, or one that goes to and fro between two processes.

use std::sync::Arc;

use rand::rngs::StdRng;
use tokio_postgres::{Config, Error};

use super::history::Event;
use super::load::Load;
use super::pair::Pair;
use super::session::{Protocol, Session};

/// One of the two; there are a dozen, so their sizes are of no account.
pub enum Actor {
    Session(Box<Session>),
    Pair(Box<Pair>),
}

impl Actor {
    /// Connects: to one process, or to two.
    pub async fn open(load: &Arc<Load>, to: &[Config], protocol: Protocol) -> Result<Actor, Error> {
        match to {
            [one] => Ok(Actor::Session(Box::new(Session::open(load, one, protocol).await?))),
            [one, two] => Ok(Actor::Pair(Box::new(Pair::open(load, [one, two], protocol).await?))),
            more => panic!("a load goes through one process or two, not {}", more.len()),
        }
    }

    /// Does one thing.
    pub async fn step(&mut self, random: &mut StdRng) -> Result<(), Error> {
        match self {
            Actor::Session(session) => session.step(random).await,
            Actor::Pair(pair) => pair.step(random).await,
        }
    }

    /// What has happened.
    pub fn into_events(self) -> Vec<Event> {
        match self {
            Actor::Session(session) => session.events,
            Actor::Pair(pair) => pair.events,
        }
    }
}
