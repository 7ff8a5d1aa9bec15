//! Which answers must come by now, by the protocol alone.
//!
//! PostgreSQL answers messages in their order. It may keep what it has to say until a Query, a FunctionCall, a
//! Sync or a Flush, and after an error it passes over all up to the next Sync (its manual, "Message Flow").

use std::collections::VecDeque;

use super::script::{Message, Target};

/// What has been sent and not been answered in full.
#[derive(Clone, Debug, Default)]
pub struct Owed {
    asked: VecDeque<Asked>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Answering,
    /// After an error, up to a Sync that has not been sent yet.
    PassingOver,
    /// The front copies from the client.
    Copying,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Query or FunctionCall: answered up to its ReadyForQuery, as a Sync is.
    Query,
    Sync,
    Parse,
    Bind,
    DescribeStatement,
    DescribePortal,
    Close,
    Execute,
    Flush,
    CopyData,
    CopyEnd,
}

impl Owed {
    pub fn sent(&mut self, message: &Message) {
        let asked = match message {
            Message::Query(_) | Message::Call { .. } => Asked::Query,
            Message::Sync => Asked::Sync,
            Message::Parse { .. } => Asked::Parse,
            Message::Bind { .. } => Asked::Bind,
            Message::Describe(Target::Statement(_)) => Asked::DescribeStatement,
            Message::Describe(Target::Portal(_)) => Asked::DescribePortal,
            Message::Close(_) => Asked::Close,
            Message::Execute { .. } => Asked::Execute,
            Message::Flush => Asked::Flush,
            Message::CopyData(_) => Asked::CopyData,
            Message::CopyDone | Message::CopyFail => Asked::CopyEnd,
            Message::Terminate => return,
        };
        match self.state {
            State::PassingOver if *message == Message::Sync => {
                self.state = State::Answering;
                self.asked.push_back(asked);
            }
            State::PassingOver => {}
            // COPY ignores them (`CopyGetData` in PostgreSQL's copyfromparse.c).
            State::Copying
                if matches!(message, Message::Sync | Message::Flush) && !self.copied() => {}
            _ => self.asked.push_back(asked),
        }
        self.tidy();
    }

    /// Takes an answer's type byte into account.
    pub fn received(&mut self, tag: char) {
        match (tag, self.asked.front()) {
            ('S' | 'N' | 'A', _) | (_, None) => {}
            ('G', _) => self.begin_copy(),
            ('Z', _) => self.answered(),
            ('E', Some(Asked::Query | Asked::Sync)) => self.state = State::Answering,
            ('E', _) => self.pass_over(),
            (_, Some(Asked::Query)) if self.state == State::Copying => self.end_copy(),
            (_, Some(Asked::Query | Asked::Sync)) | ('t' | 'D' | 'd' | 'c' | 'H', _) => {}
            (_, Some(Asked::Execute)) if self.state == State::Copying => {
                self.end_copy();
                self.answered();
            }
            _ => self.answered(),
        }
        self.tidy();
    }

    /// Whether an answer must come without anything else being sent.
    pub fn awaits(&self) -> bool {
        match (self.state, self.asked.front()) {
            (State::PassingOver, _) | (_, None) => false,
            (State::Answering, _) => self.asked.iter().any(Asked::flushes),
            (State::Copying, Some(Asked::Query)) => self.ends_copy(),
            (State::Copying, _) => {
                let behind = self.asked.iter().skip_while(|asked| **asked != Asked::CopyEnd);
                behind.skip(1).any(Asked::flushes)
            }
        }
    }

    /// Whether a unit has begun that nothing has ended yet.
    pub fn is_unfinished(&self) -> bool {
        self.state == State::PassingOver || !self.asked.is_empty()
    }

    /// Whether the peer waits for data to copy.
    pub fn copies(&self) -> bool {
        self.state == State::Copying
    }

    fn begin_copy(&mut self) {
        self.state = State::Copying;
        let end = self.asked.iter().skip(1).position(|asked| *asked == Asked::CopyEnd);
        let end = end.map_or(self.asked.len(), |end| end + 1);
        let mut at = 0;
        let syncs_and_data =
            |asked: &Asked| matches!(asked, Asked::CopyData | Asked::Flush | Asked::Sync);
        self.asked.retain(|asked| {
            at += 1;
            at == 1 || at > end || !syncs_and_data(asked)
        });
    }

    fn copied(&self) -> bool {
        self.asked.contains(&Asked::CopyEnd)
    }

    fn ends_copy(&self) -> bool {
        self.asked.iter().skip(1).any(|asked| *asked != Asked::CopyData)
    }

    fn end_copy(&mut self) {
        self.state = State::Answering;
        if let Some(end) = self.asked.iter().position(|asked| *asked == Asked::CopyEnd) {
            self.asked.drain(1..=end);
        }
    }

    fn answered(&mut self) {
        self.asked.pop_front();
    }

    fn pass_over(&mut self) {
        self.state = State::Answering;
        self.asked.pop_front();
        while self.asked.front().is_some_and(|asked| *asked != Asked::Sync) {
            self.asked.pop_front();
        }
        if self.asked.is_empty() {
            self.state = State::PassingOver;
        }
    }

    /// What has no answer of its own goes when its turn comes.
    fn tidy(&mut self) {
        let silent =
            |asked: &Asked| matches!(asked, Asked::Flush | Asked::CopyData | Asked::CopyEnd);
        while self.asked.front().is_some_and(silent) {
            self.asked.pop_front();
        }
    }
}

impl Asked {
    fn flushes(&self) -> bool {
        matches!(self, Asked::Query | Asked::Sync | Asked::Flush)
    }
}
