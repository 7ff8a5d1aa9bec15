//! Plays a script on a connection, and writes down what comes of it.

use std::thread;
use std::time::{Duration, Instant};

use super::caution::Caution;
use super::connection::{Connection, Got};
use super::encode;
use super::known;
use super::owed::Owed;
use super::script::{Message, Script, Step};
use super::transcript::Transcript;

/// What a peer gets done before the next write comes: a statement is on its way then.
const LULL: Duration = Duration::from_millis(3);

/// Between two tries to cancel what may not run yet.
const CANCEL_AGAIN: Duration = Duration::from_millis(30);

/// How a script ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// All that it does was done.
    Done,
    /// An answer did not come; nothing was told after these lines.
    Hangs,
    /// Something else was told than what was expected, at this line.
    Differs(usize),
    /// The login was refused, or not answered.
    NoLogin(String),
}

/// Where and how a script is played.
pub struct Stage<'a> {
    pub port: u16,
    pub user: &'a str,
    pub database: &'a str,
    /// How long each answer may take.
    pub patience: Duration,
    /// The first of the keys that the script's session has for itself.
    pub key: u64,
}

struct Play<'a> {
    connection: Connection,
    transcript: Transcript,
    expected: Option<&'a Transcript>,
    owed: Owed,
    caution: Caution,
    stage: &'a Stage<'a>,
    filled: Vec<u8>,
    piece: usize,
    /// Answers behind this point depend on when the peer noticed that its client had gone.
    over: bool,
}

/// Plays it to its end, or up to where it differs from what is expected.
pub fn play(
    script: &Script,
    stage: &Stage<'_>,
    expected: Option<&Transcript>,
) -> (Transcript, End) {
    let fixed = [("user", stage.user), ("database", stage.database)];
    let own = script.startup.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let parameters: Vec<_> = fixed.into_iter().chain(own).collect();
    let (connection, reported) = match Connection::login(stage.port, &parameters, stage.deadline())
    {
        Ok(login) => login,
        Err(why) => return (Transcript::default(), End::NoLogin(why)),
    };
    let mut play = Play {
        connection,
        transcript: Transcript::begin(reported),
        expected,
        owed: Owed::default(),
        caution: Caution::default(),
        stage,
        filled: Vec::new(),
        piece: usize::MAX,
        over: false,
    };
    let end = play.all(script).err().unwrap_or(End::Done);
    (play.transcript, end)
}

impl Stage<'_> {
    fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }
}

impl Play<'_> {
    fn all(&mut self, script: &Script) -> Result<(), End> {
        self.compare()?;
        for step in &script.steps {
            if !self.over {
                self.step(step)?;
            }
        }
        self.finish()?;
        self.compare()
    }

    /// A client that has not gone yet ends its unit and goes.
    fn finish(&mut self) -> Result<(), End> {
        if !self.over {
            self.read()?;
        }
        if !self.over && self.owed.is_unfinished() && !self.owed.copies() {
            self.say(&Message::Sync);
            self.read()?;
        }
        if self.over { Ok(()) } else { self.leave() }
    }

    fn step(&mut self, step: &Step) -> Result<(), End> {
        match step {
            Step::Say(Message::Terminate) => return self.leave(),
            Step::Say(message) => self.say(message),
            Step::Pieces(bytes) => self.piece = (*bytes).max(1),
            Step::Write => self.write(),
            Step::Lull => {
                self.write();
                thread::sleep(LULL);
            }
            Step::Read => return self.read(),
            Step::Cancel => return self.cancel(),
            Step::Vanish => self.vanish(),
            Step::Tear => {
                let torn = encode::bytes(&Message::Query("select 1".to_owned()), 0);
                self.filled.extend(&torn[..torn.len() / 2]);
                self.vanish();
            }
        }
        Ok(())
    }

    fn say(&mut self, message: &Message) {
        if !self.caution.allows(message) {
            return;
        }
        self.filled.extend(encode::bytes(message, self.stage.key));
        self.owed.sent(message);
    }

    fn write(&mut self) {
        self.connection.send(&self.filled, self.piece);
        self.filled.clear();
        self.piece = usize::MAX;
    }

    fn read(&mut self) -> Result<(), End> {
        self.write();
        while self.owed.awaits() {
            if !self.next()? {
                self.over = true;
                return self.compare();
            }
        }
        self.compare()
    }

    /// The next answer; false at the end of the connection.
    fn next(&mut self) -> Result<bool, End> {
        match self.connection.next(self.stage.deadline()) {
            Got::Reply(reply) => {
                self.owed.received(reply.tag);
                self.caution.received(&reply, !self.owed.is_unfinished());
                self.transcript.note(&reply);
                self.compare()?;
                Ok(true)
            }
            Got::End => {
                self.transcript.end();
                Ok(false)
            }
            Got::Nothing => Err(End::Hangs),
        }
    }

    /// What is told is the beginning of what is expected.
    fn compare(&self) -> Result<(), End> {
        let Some(expected) = self.expected else { return Ok(()) };
        let differs = known::first_difference(&self.transcript.lines, &expected.lines);
        differs.map_or(Ok(()), |at| Err(End::Differs(at)))
    }

    fn cancel(&mut self) -> Result<(), End> {
        self.write();
        let deadline = self.stage.deadline();
        if !self.owed.awaits() {
            return Ok(());
        }
        while self.owed.awaits() {
            if self.connection.hears(CANCEL_AGAIN) {
                if !self.next()? {
                    self.over = true;
                    break;
                }
                if self.is_ending() {
                    break;
                }
            } else if Instant::now() > deadline {
                return Err(End::Hangs);
            } else {
                self.connection.cancel(deadline);
            }
        }
        Ok(())
    }

    /// Whether the last answer ends what was canceled, or what could not be.
    fn is_ending(&self) -> bool {
        self.transcript.lines.last().is_some_and(|line| line.starts_with(['E', 'C', 'Z']))
    }

    /// Says that it goes, and listens until nothing more comes.
    fn leave(&mut self) -> Result<(), End> {
        self.say(&Message::Terminate);
        self.write();
        self.over = true;
        while self.owed.awaits() && self.next()? {}
        // One that goes in the middle of a unit does not care for what is said about it.
        if self.owed.is_unfinished() {
            return Ok(());
        }
        while self.next()? {}
        Ok(())
    }

    fn vanish(&mut self) {
        self.write();
        self.over = true;
    }
}
