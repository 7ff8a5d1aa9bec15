//! One session of the load: what it sends in one protocol or another, and what it notes of the answers.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage, Statement};

use super::history::{Event, Read, Value, Write};
use super::load::Load;
use super::stage::REGISTERS;

/// `$2` is the read's number, which so gets into the hosts' logs.
const SELECT: &str = "SELECT value FROM register WHERE id = $1 AND $2 <> ''";
const UPDATE: &str = "UPDATE register SET value = value + 1 WHERE id = $1 RETURNING value";

/// How statements are sent.
#[derive(Clone, Copy, Debug)]
pub enum Protocol {
    Simple,
    /// Extended, with a statement that is prepared once.
    Prepared,
    /// Extended, with the unnamed statement, parsed each time.
    Unnamed,
}

impl Protocol {
    pub const ALL: [Protocol; 3] = [Protocol::Simple, Protocol::Prepared, Protocol::Unnamed];
}

/// What a session does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Read,
    Write,
    WriteAndRead,
    /// Three reads on one host.
    ReadOnly,
    /// The same in one snapshot.
    ReadOnlySnapshot,
    /// A read, a write and a read.
    Plain,
    /// Reads in a transaction that only its author knows not to write.
    PlainReads,
    /// A commit that does not wait for its WAL to be flushed, which is not sent before that either.
    Unflushed,
}

/// How often each comes, of 100.
const STEPS: [(Step, u32); 8] = [
    (Step::Read, 58),
    (Step::Write, 8),
    (Step::WriteAndRead, 10),
    (Step::ReadOnly, 6),
    (Step::ReadOnlySnapshot, 6),
    (Step::Plain, 4),
    (Step::PlainReads, 4),
    (Step::Unflushed, 4),
];

/// One connection through pgweir, and what has happened on it.
pub struct Session {
    load: Arc<Load>,
    client: Client,
    protocol: Protocol,
    select: Statement,
    update: Statement,
    pub events: Vec<Event>,
}

impl Session {
    /// Connects.
    pub async fn open(load: &Arc<Load>, to: &Config, protocol: Protocol) -> Result<Session, Error> {
        let (client, connection) = to.connect(NoTls).await?;
        tokio::spawn(connection);
        let select = client.prepare_typed(SELECT, &[Type::INT4, Type::TEXT]).await?;
        let update = client.prepare_typed(UPDATE, &[Type::INT4]).await?;
        let (load, events) = (Arc::clone(load), Vec::new());
        Ok(Session { load, client, protocol, select, update, events })
    }

    /// Does one thing.
    pub async fn step(&mut self, random: &mut StdRng) -> Result<(), Error> {
        let (step, register) = (choose(random), random.random_range(0..REGISTERS));
        match step {
            Step::Read => self.read(register, None).await,
            Step::Write => self.write(register).await,
            Step::WriteAndRead => {
                self.write(register).await?;
                self.read(register, None).await
            }
            Step::ReadOnly => self.reads("BEGIN READ ONLY", random).await,
            Step::ReadOnlySnapshot => {
                self.reads("START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", random)
                    .await
            }
            Step::PlainReads => self.reads("BEGIN", random).await,
            Step::Plain => self.transaction("BEGIN", register).await,
            Step::Unflushed => {
                self.transaction("BEGIN; SET LOCAL synchronous_commit = off", register).await?;
                self.read(register, None).await
            }
        }
    }

    /// One value of one statement, by simple query.
    pub async fn ask(&self, sql: &str) -> Result<String, Error> {
        Ok(first_value(&self.client.simple_query(sql).await?))
    }

    /// Runs statements, by simple query.
    pub async fn run(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await
    }

    /// Reads a register, in a transaction that was sent at `began` or by itself.
    pub async fn read(&mut self, register: usize, began: Option<Duration>) -> Result<(), Error> {
        let id = self.load.next_read();
        let began = began.unwrap_or_else(|| self.load.now());
        let (number, mark) = (i32::try_from(register).unwrap(), format!("read-{id}"));
        let value = match self.protocol {
            Protocol::Simple => {
                let sql = SELECT.replace("$1", &number.to_string());
                self.value(&sql.replace("$2", &format!("'{mark}'"))).await?
            }
            Protocol::Prepared => {
                number_of(&self.client.query_one(&self.select, &[&number, &mark]).await?)
            }
            Protocol::Unnamed => {
                let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
                    [(&number, Type::INT4), (&mark, Type::TEXT)];
                number_of(&self.client.query_typed(SELECT, &parameters).await?[0])
            }
        };
        let ended = self.load.now();
        self.events.push(Event::Read(Read { id, register, value, began, ended }));
        self.load.has_read();
        Ok(())
    }

    /// Writes a register by itself.
    pub async fn write(&mut self, register: usize) -> Result<(), Error> {
        let at = self.update(register).await?;
        self.acked(at);
        Ok(())
    }

    async fn reads(&mut self, begin: &str, random: &mut StdRng) -> Result<(), Error> {
        let began = self.load.now();
        self.run(begin).await?;
        for _ in 0..3 {
            self.read(random.random_range(0..REGISTERS), Some(began)).await?;
        }
        self.run("COMMIT").await
    }

    async fn transaction(&mut self, begin: &str, register: usize) -> Result<(), Error> {
        let began = self.load.now();
        self.run(begin).await?;
        self.read(register, Some(began)).await?;
        let at = self.update(register).await?;
        self.read(register, Some(began)).await?;
        self.run("COMMIT").await?;
        self.acked(at);
        Ok(())
    }

    /// The place of the write among the events. It is there before the answer is: if none comes, the
    /// write may have happened all the same.
    async fn update(&mut self, register: usize) -> Result<usize, Error> {
        let (at, began) = (self.events.len(), self.load.now());
        self.events.push(Event::Wrote(Write { register, value: None, began, acked: None }));
        let number = i32::try_from(register).unwrap();
        let value = match self.protocol {
            Protocol::Simple => self.value(&UPDATE.replace("$1", &number.to_string())).await?,
            Protocol::Prepared => {
                number_of(&self.client.query_one(&self.update, &[&number]).await?)
            }
            Protocol::Unnamed => {
                number_of(&self.client.query_typed(UPDATE, &[(&number, Type::INT4)]).await?[0])
            }
        };
        self.written(at).value = Some(value);
        Ok(at)
    }

    fn acked(&mut self, at: usize) {
        self.written(at).acked = Some(self.load.now());
    }

    fn written(&mut self, at: usize) -> &mut Write {
        match &mut self.events[at] {
            Event::Wrote(write) => write,
            other => panic!("{other:?} is not a write"),
        }
    }

    async fn value(&self, sql: &str) -> Result<Value, Error> {
        Ok(self.ask(sql).await?.parse().unwrap())
    }
}

fn choose(random: &mut StdRng) -> Step {
    let mut left = random.random_range(0..STEPS.iter().map(|(_, weight)| weight).sum::<u32>());
    for (step, weight) in STEPS {
        match left.checked_sub(weight) {
            Some(rest) => left = rest,
            None => return step,
        }
    }
    unreachable!("the number is smaller than all weights together")
}

fn number_of(row: &tokio_postgres::Row) -> Value {
    row.get::<_, i64>(0).try_into().unwrap()
}

fn first_value(messages: &[SimpleQueryMessage]) -> String {
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.expect("a statement of the load returned no value").to_owned()
}
