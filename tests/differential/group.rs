//! Some scripts that are played at once: directly first, and then through pgweir.

use std::fmt;
use std::thread;
use std::time::Duration;

use super::play::{self, End, play};
use super::script::Script;
use super::stage::{Pooler, Stage, fresh_key};
use super::transcript::Transcript;

/// PostgreSQL itself, on a machine that does other things too.
const DIRECT_PATIENCE: Duration = Duration::from_secs(30);

/// The first thing that was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which of the scripts, where it was one.
    pub session: Option<usize>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Without pgweir already: a mistake of the script, or of this test.
    Direct(String),
    Hangs {
        told: Vec<String>,
        expected: Vec<String>,
    },
    Differs {
        told: Vec<String>,
        expected: Vec<String>,
    },
    NoLogin(String),
    Rows(String),
    Left(String),
}

type Played = (Transcript, End);

/// Plays these scripts at once.
pub fn try_out(
    scripts: &[Script],
    stage: &mut Stage,
    pooler: &mut Pooler,
    patience: Duration,
) -> Result<(), Failure> {
    let keys: Vec<u64> = scripts.iter().map(|_| fresh_key()).collect();
    let direct = all(scripts, stage, &keys, None, stage.direct_port(), DIRECT_PATIENCE);
    for (session, (transcript, end)) in direct.iter().enumerate() {
        if *end != End::Done {
            let what = What::Direct(format!("{end:?} behind {:#?}", transcript.lines));
            return Err(Failure { session: Some(session), what });
        }
    }
    let crashed = |line: &String| line.contains("because of crash of another server process");
    if direct.iter().any(|(told, _)| told.lines.iter().any(crashed))
        && let Some(log) = stage.crashed()
    {
        return Err(Failure { session: None, what: What::Direct(log) });
    }
    let port = pooler.pgweir.port();
    let through = all(scripts, stage, &keys, Some(&direct), port, patience);
    for (session, (told, end)) in through.iter().enumerate() {
        wrong(told, end, &direct[session].0)
            .map_or(Ok(()), |what| Err(Failure { session: Some(session), what }))?;
    }
    afterwards(stage, pooler)?;
    for (session, script) in scripts.iter().enumerate() {
        let rows = stage.rows_differ(keys[session]);
        if let Some(rows) = rows.filter(|_| !script.may_lose_writes()) {
            return Err(Failure { session: Some(session), what: What::Rows(rows) });
        }
    }
    Ok(())
}

/// Nothing is left of them, and every worker lets clients in.
fn afterwards(stage: &mut Stage, pooler: &mut Pooler) -> Result<(), Failure> {
    let left = pooler.left().or_else(|| stage.left_on_hosts());
    let left = left.or_else(|| pooler.workers_answer(stage));
    left.map_or(Ok(()), |left| Err(Failure { session: None, what: What::Left(left) }))
}

fn all(
    scripts: &[Script],
    stage: &Stage,
    keys: &[u64],
    expected: Option<&[Played]>,
    port: u16,
    patience: Duration,
) -> Vec<Played> {
    let (user, database) = (stage.user(), stage.database(expected.is_some()));
    thread::scope(|scope| {
        let playing: Vec<_> = scripts
            .iter()
            .enumerate()
            .map(|(session, script)| {
                let expected = expected.map(|all| &all[session].0);
                let stage = play::Stage { port, user, database, patience, key: keys[session] };
                scope.spawn(move || play(script, &stage, expected))
            })
            .collect();
        playing.into_iter().map(|played| played.join().unwrap()).collect()
    })
}

fn wrong(told: &Transcript, end: &End, expected: &Transcript) -> Option<What> {
    let (told, expected) = (told.lines.clone(), expected.lines.clone());
    match end {
        End::Done => None,
        End::Hangs => Some(What::Hangs { told, expected }),
        End::Differs(_) => Some(What::Differs { told, expected }),
        End::NoLogin(why) => Some(What::NoLogin(why.clone())),
    }
}

impl What {
    /// The same for failures that have one cause, as a rule: what was told and what was expected instead.
    pub fn signature(&self) -> String {
        match self {
            What::Direct(_) => "direct".to_owned(),
            What::Hangs { told, expected } => {
                format!("hangs instead of {}", kind(expected.get(told.len())))
            }
            What::Differs { told, expected } => {
                let expected = expected.get(told.len().saturating_sub(1));
                format!("{} instead of {}", kind(told.last()), kind(expected))
            }
            What::NoLogin(_) => "no login".to_owned(),
            What::Rows(_) => "rows".to_owned(),
            What::Left(_) => "left".to_owned(),
        }
    }
}

/// A line without its values: the type byte, and an error's code and message without what is in quotes.
fn kind(line: Option<&String>) -> String {
    let Some(line) = line else { return "nothing".to_owned() };
    let (tag, rest) = line.split_at(1.min(line.len()));
    match tag {
        "E" | "N" | "C" | "Z" | "(" => {
            let words = rest.split(';').take(3).collect::<Vec<_>>().join(";");
            let plain = |c: &char| !c.is_ascii_digit() || tag == "E";
            format!("{tag}{}", words.chars().filter(plain).collect::<String>())
        }
        _ => tag.to_owned(),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(session) = self.session {
            write!(f, "session {}: ", session + 1)?;
        }
        match &self.what {
            What::Direct(why) => write!(f, "PostgreSQL itself: {why}"),
            What::NoLogin(why) => write!(f, "no login: {why}"),
            What::Rows(why) | What::Left(why) => f.write_str(why),
            What::Hangs { told, expected } => {
                let next = expected.get(told.len()).map_or("?", String::as_str);
                write!(
                    f,
                    "hangs; {next} should come behind\n{}",
                    told[1.min(told.len())..].join("\n")
                )
            }
            What::Differs { told, expected } => {
                let at = told.len().saturating_sub(1);
                let expected = expected.get(at).map_or("nothing", String::as_str);
                let told_now = told.get(at).map_or("nothing", String::as_str);
                let before = told[1.min(at)..at].join("\n");
                write!(f, "told     {told_now}\nexpected {expected}\nbehind\n{before}")
            }
        }
    }
}
