//! Random scripts. Each has a mood: some kinds of statements and of acts come often, and others never, so that
//! what needs several of one kind in a row comes up as well.

use std::collections::BTreeMap;

use super::random::Random;
use super::script::{Message, Script, Step, Target};
use super::vocabulary::{COPY_INS, KINDS, Kind, Phrase, SERIALIZABLE};

/// Clients that share a pool of two.
pub const SESSIONS: usize = 4;

const STATEMENTS: &[&str] = &["", "", "s1", "s1", "s2"];
const PORTALS: &[&str] = &["", "", "", "p1"];

/// Lengths around a block of 16 kB, and over the 64 kB that may wait for one side.
const LENGTHS: &[usize] = &[1_100, 16_300, 16_379, 16_390, 17_000, 33_000, 70_000];

/// Built-in functions: int4pl, upper, repeat, and one that there is not.
const FUNCTIONS: &[(u32, &[&str])] =
    &[(177, &["1", "2"]), (871, &["a"]), (1622, &["a", "20000"]), (177, &["1"]), (1, &[])];

/// One after the other, what a client does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Simple,
    Extended,
    Prepare,
    Execute,
    Portal,
    Close,
    Sync,
    Soup,
    CopyIn,
    Call,
    Cancel,
}

const ACTS: &[Act] = &[
    Act::Simple,
    Act::Extended,
    Act::Prepare,
    Act::Execute,
    Act::Portal,
    Act::Close,
    Act::Sync,
    Act::Soup,
    Act::CopyIn,
    Act::Call,
    Act::Cancel,
];

/// What a script does often.
struct Mood {
    acts: Vec<(usize, Act)>,
    kinds: Vec<(usize, Kind)>,
    /// Of a hundred acts so many are followed by a read, and so many by something else of the kind.
    reads: usize,
    writes: usize,
    lulls: usize,
    long: usize,
    pieces: usize,
    /// Of a hundred messages of a unit so many are left out.
    careless: usize,
    serializable: bool,
}

struct Writer<'a> {
    random: &'a mut Random,
    mood: Mood,
    steps: Vec<Step>,
    /// What the client means by its names.
    names: BTreeMap<String, Phrase>,
}

/// The scripts of one group.
pub fn group(seed: u64) -> Vec<Script> {
    let mut random = Random::of(seed);
    let sessions = random.weighted(&[(2, 1), (2, 2), (1, 3), (3, SESSIONS)]);
    (0..sessions).map(|session| script(&mut random, session == 0)).collect()
}

fn script(random: &mut Random, first: bool) -> Script {
    let startup = startup(random);
    let mood = mood(random, first);
    let mut writer = Writer { random, mood, steps: Vec::new(), names: BTreeMap::new() };
    for _ in 0..=writer.random.weighted(&[(3, 0), (2, 1), (1, 2)]) {
        writer.chapter();
    }
    writer.farewell();
    Script { startup, steps: writer.steps }
}

fn startup(random: &mut Random) -> Vec<(String, String)> {
    const PARAMETERS: &[(&str, &str)] = &[
        ("TimeZone", "Europe/Berlin"),
        ("DateStyle", "German"),
        ("application_name", "started"),
        ("search_path", "public, pg_catalog"),
        ("options", "-c timezone=Asia/Tokyo"),
    ];
    if !random.percent(15) {
        return Vec::new();
    }
    let (name, value) = *random.of_these(PARAMETERS);
    vec![(name.to_owned(), value.to_owned())]
}

fn mood(random: &mut Random, first: bool) -> Mood {
    let acts =
        ACTS.iter().map(|act| (act.weight() * random.weighted(&[(2, 0), (3, 2), (1, 8)]), *act));
    let mut acts: Vec<_> = acts.collect();
    acts.extend([(3, Act::Simple), (3, Act::Extended)]);
    let kinds = KINDS.iter().map(|kind| (random.weighted(&[(3, 0), (3, 1), (1, 5)]), *kind));
    let mut kinds: Vec<_> = kinds.collect();
    kinds.extend([(2, Kind::Read), (1, Kind::Write)]);
    if random.percent(3) {
        kinds.push((12, Kind::Define));
    }
    let (reads, writes, lulls) =
        random.weighted(&[(4, (85, 5, 2)), (2, (40, 20, 15)), (2, (8, 20, 20))]);
    Mood {
        acts,
        kinds,
        reads,
        writes,
        lulls,
        long: random.weighted(&[(7, 0), (3, 12)]),
        pieces: random.weighted(&[(8, 0), (1, 30)]),
        careless: random.weighted(&[(5, 0), (3, 4), (1, 15)]),
        serializable: first && random.percent(30),
    }
}

impl Act {
    fn weight(self) -> usize {
        match self {
            Act::Simple | Act::Extended => 4,
            Act::Prepare | Act::Execute => 3,
            Act::Portal | Act::Close | Act::Sync | Act::Soup => 2,
            Act::CopyIn | Act::Call | Act::Cancel => 1,
        }
    }
}

impl Writer<'_> {
    /// A transaction, as a rule, with some acts in it.
    fn chapter(&mut self) {
        let in_transaction = self.random.percent(65);
        if in_transaction {
            self.control(Kind::Begin);
        }
        for _ in 0..self.random.weighted(&[(2, 1), (3, 2), (3, 4), (1, 8)]) {
            let act = self.random.weighted(&self.mood.acts);
            self.act(act);
            self.separate();
        }
        if in_transaction && self.random.percent(80) {
            self.control(Kind::End);
        }
    }

    /// A statement that begins or ends a transaction, by any of the ways.
    fn control(&mut self, kind: Kind) {
        let phrase = match kind {
            Kind::Begin if self.mood.serializable => *self.random.of_these(SERIALIZABLE),
            kind => *self.random.of_these(kind.phrases()),
        };
        match self.random.weighted(&[(5, 0), (3, 1), (2, 2)]) {
            0 => self.query(phrase),
            1 => self.extended(phrase),
            _ => {
                self.prepare(phrase);
                self.separate();
                self.execute();
            }
        }
        self.separate();
    }

    fn act(&mut self, act: Act) {
        let phrase = self.phrase();
        match act {
            Act::Simple => self.query(phrase),
            Act::Extended => self.extended(phrase),
            Act::Prepare => self.prepare(phrase),
            Act::Execute => self.execute(),
            Act::Portal => self.portal(phrase),
            Act::Close => self.close(),
            Act::Sync => self.sync(),
            Act::Soup => self.soup(phrase),
            Act::CopyIn => self.copy_in(),
            Act::Call => self.call(),
            Act::Cancel => self.cancel(),
        }
    }

    fn phrase(&mut self) -> Phrase {
        let kind = self.random.weighted(&self.mood.kinds);
        *self.random.of_these(kind.phrases())
    }

    fn query(&mut self, phrase: Phrase) {
        let text =
            phrase.values.iter().enumerate().fold(phrase.text.to_owned(), |text, (at, value)| {
                text.replace(&format!("${}", at + 1), &format!("'{value}'"))
            });
        let text = self.long(text);
        self.say(Message::Query(text));
    }

    /// Prepared, bound and executed in one unit.
    fn extended(&mut self, phrase: Phrase) {
        let (statement, portal) = (self.statement(), self.portal_name());
        self.parse(&statement, phrase);
        if self.random.percent(20) {
            self.say(Message::Describe(Target::Statement(statement.clone())));
        }
        self.bind(&portal, &statement);
        self.run(&portal);
        self.end_unit();
    }

    fn prepare(&mut self, phrase: Phrase) {
        let statement = self.statement();
        if self.random.percent(15) {
            self.say(Message::Close(Target::Statement(statement.clone())));
        }
        self.parse(&statement, phrase);
        if self.random.percent(40) {
            self.say(Message::Describe(Target::Statement(statement)));
        }
        self.end_unit();
    }

    /// What was prepared before, as a rule.
    fn execute(&mut self) {
        let statement = self.prepared();
        let portal = self.portal_name();
        if self.random.percent(10) {
            self.say(Message::Describe(Target::Statement(statement.clone())));
        }
        self.bind(&portal, &statement);
        self.run(&portal);
        self.end_unit();
    }

    /// A portal that outlives its unit, if there is a transaction.
    fn portal(&mut self, phrase: Phrase) {
        let (statement, portal) = (self.statement(), self.portal_name());
        self.parse(&statement, phrase);
        self.bind(&portal, &statement);
        let end = *self.random.of_these(&[0, 1, 2]);
        for round in 0..=end {
            let rows = *self.random.of_these(&[1, 2, 2, 0]);
            if round > 0 || self.random.percent(70) {
                self.say(Message::Execute { portal: portal.clone(), rows });
            }
            if self.random.percent(70) {
                self.end_unit();
                self.separate();
            }
        }
        if self.random.percent(30) {
            self.say(Message::Close(Target::Portal(portal)));
        }
        self.end_unit();
    }

    fn close(&mut self) {
        let target = match self.random.percent(70) {
            true => Target::Statement(self.prepared()),
            false => Target::Portal(self.portal_name()),
        };
        self.say(Message::Close(target));
        self.end_unit();
    }

    fn sync(&mut self) {
        if self.random.percent(40) {
            self.say(Message::Flush);
        }
        self.say(Message::Sync);
    }

    /// Whatever comes, with names that may not be there.
    fn soup(&mut self, phrase: Phrase) {
        for _ in 0..self.random.weighted(&[(2, 1), (3, 2), (3, 3), (2, 5)]) {
            let (statement, portal) = (self.statement(), self.portal_name());
            match self.random.below(9) {
                0 | 1 => self.parse(&statement, phrase),
                2 | 3 => self.bind(&portal, &statement),
                4 => self.say(Message::Describe(Target::Statement(statement))),
                5 => self.say(Message::Describe(Target::Portal(portal))),
                6 | 7 => {
                    let rows = *self.random.of_these(&[0, 0, 1, 2]);
                    self.say(Message::Execute { portal, rows });
                }
                _ => self.say(Message::Close(Target::Statement(statement))),
            }
        }
        self.end_unit();
    }

    fn copy_in(&mut self) {
        let phrase = *self.random.of_these(COPY_INS);
        let extended = self.random.percent(30);
        match extended {
            false => self.say(Message::Query(phrase.text.to_owned())),
            true => {
                self.parse("", phrase);
                self.bind("", "");
                self.say(Message::Execute { portal: String::new(), rows: 0 });
                // The answer that copying begins is sent at once.
            }
        }
        self.separate();
        let csv = phrase.text.contains("csv");
        for line in 0..self.random.below(4) {
            let long = self.random.percent(10);
            let value = if long { "#17000" } else { "copied" };
            let row = match (csv, self.random.percent(8)) {
                (_, true) => "nonsense\n".to_owned(),
                (true, _) => format!("@{line},{value}\n"),
                (false, _) => format!("@{line}\t{value}\n"),
            };
            self.say(Message::CopyData(row));
            if self.random.percent(20) {
                self.separate();
            }
        }
        let done = self.random.percent(80);
        self.say(if done { Message::CopyDone } else { Message::CopyFail });
        if extended {
            self.say(Message::Sync);
        }
    }

    fn call(&mut self) {
        let (function, values) = *self.random.of_these(FUNCTIONS);
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        self.say(Message::Call { function, values });
    }

    fn cancel(&mut self) {
        self.steps.push(Step::Read);
        // It says nothing before its end, so that it does not matter when it is canceled.
        let text = "do $$ begin perform pg_sleep(60); end $$".to_owned();
        self.say(Message::Query(text));
        self.steps.push(Step::Cancel);
        self.steps.push(Step::Read);
    }

    fn parse(&mut self, name: &str, phrase: Phrase) {
        self.names.insert(name.to_owned(), phrase);
        let text = self.long(phrase.text.to_owned());
        self.say(Message::Parse { name: name.to_owned(), text });
    }

    fn bind(&mut self, portal: &str, statement: &str) {
        let values = self.names.get(statement).map_or(&[][..], |phrase| phrase.values);
        let mut values: Vec<_> = values.iter().map(|value| Some((*value).to_owned())).collect();
        if self.random.percent(self.mood.careless) {
            match self.random.below(3) {
                0 => values.push(Some("1".to_owned())),
                1 => values = Vec::new(),
                _ => values.iter_mut().for_each(|value| *value = None),
            }
        }
        if self.random.percent(self.mood.long)
            && let Some(value) = values.iter_mut().flatten().find(|value| *value == "p")
        {
            *value = format!("#{}", self.random.of_these(LENGTHS));
        }
        let (portal, statement) = (portal.to_owned(), statement.to_owned());
        let binary = self.random.percent(10);
        self.say(Message::Bind { portal, statement, values, binary });
    }

    /// Describes what was bound, as most drivers do, and executes it.
    fn run(&mut self, portal: &str) {
        if self.random.percent(40) {
            self.say(Message::Describe(Target::Portal(portal.to_owned())));
        }
        let rows = self.random.weighted(&[(8, 0), (1, 1), (1, 2)]);
        self.say(Message::Execute { portal: portal.to_owned(), rows });
        if self.random.percent(6) {
            self.say(Message::Execute { portal: portal.to_owned(), rows });
        }
    }

    fn end_unit(&mut self) {
        match self.random.weighted(&[(90, 0), (5, 1), (4, 2), (1, 3)]) {
            0 => self.say(Message::Sync),
            1 => {
                self.say(Message::Flush);
                self.steps.push(Step::Read);
                self.say(Message::Sync);
            }
            2 => self.say(Message::Flush),
            _ => {}
        }
    }

    fn say(&mut self, message: Message) {
        let always = matches!(message, Message::Query(_) | Message::CopyDone | Message::CopyFail);
        if !always && self.random.percent(self.mood.careless) {
            return;
        }
        self.steps.push(Step::Say(message));
    }

    fn separate(&mut self) {
        let Mood { reads, writes, lulls, pieces, .. } = self.mood;
        let step = match self.random.below(100) {
            at if at < reads => Step::Read,
            at if at < reads + writes => Step::Write,
            at if at < reads + writes + lulls => Step::Lull,
            _ => return,
        };
        self.steps.push(step);
        if self.random.percent(pieces) {
            let piece = *self.random.of_these(&[1, 2, 5, 7, 100]);
            self.steps.push(Step::Pieces(piece));
        }
    }

    fn long(&mut self, text: String) -> String {
        if !self.random.percent(self.mood.long) {
            return text;
        }
        let length = *self.random.of_these(LENGTHS);
        match self.random.percent(50) {
            true => format!("/*#{length}*/ {text}"),
            false => format!("{text} /*#{length}*/"),
        }
    }

    fn statement(&mut self) -> String {
        (*self.random.of_these(STATEMENTS)).to_owned()
    }

    fn portal_name(&mut self) -> String {
        (*self.random.of_these(PORTALS)).to_owned()
    }

    /// A name that has been prepared, if there is one.
    fn prepared(&mut self) -> String {
        let names: Vec<_> = self.names.keys().cloned().collect();
        match names.is_empty() || self.random.percent(5) {
            true => self.statement(),
            false => self.random.of_these(&names).clone(),
        }
    }

    /// As a rule a client reads everything and says goodbye.
    fn farewell(&mut self) {
        let last: &[Step] = match self.random.weighted(&[(70, 0), (6, 1), (8, 2), (8, 3), (8, 4)]) {
            0 => &[],
            1 => &[Step::Say(Message::Terminate)],
            2 => &[Step::Read, Step::Vanish],
            3 => &[Step::Vanish],
            _ => &[Step::Read, Step::Tear],
        };
        self.steps.extend_from_slice(last);
    }
}
