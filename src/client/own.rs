//! What a session asks of pgweir itself.

use super::outbox::Forwarding;
use super::task::Client;
use super::unit::Unit;
use crate::pooler::clock;
use crate::protocol::backend::TransactionStatus;
use crate::protocol::error_response::ErrorReport;
use crate::protocol::sqlstate::SqlState;
use crate::routing::ask::{Mistake, SETTABLE};
use crate::routing::explain::subject;
use crate::routing::freshness::{Moment, Token, TokenError, Verdict};
use crate::routing::{Ask, Reason, Role, Route};
use crate::session::Told;
use std::time::Duration;

/// How long the primary may take to say where it is, for a token.
const TOKEN_LIMIT: Duration = Duration::from_secs(5);

impl Client {
    /// Answers the statement of ours at the front of the inbox. `status` is the transaction's.
    pub(super) async fn answer_own(&mut self, status: TransactionStatus) {
        let Some(text) = self.session.executed(&self.pools.shared, self.inbox.bytes()) else {
            return;
        };
        let (answer, status) = match Ask::of(&text) {
            Some(ask) => (self.answer(ask, status).await, status),
            None => self.obey(&text),
        };
        let status = match (&answer, status) {
            (Err(_), TransactionStatus::InTransaction) if self.transaction.is_some() => {
                TransactionStatus::Failed
            }
            _ => status,
        };
        let mut to_client = Forwarding { out: &mut self.stream.out, piece: &self.inbox };
        let consumed = self.session.tell(
            &self.pools.shared,
            self.inbox.bytes(),
            &answer,
            status,
            &mut to_client,
        );
        self.inbox.advance(consumed);
    }

    async fn answer(
        &mut self,
        ask: Ask<'_>,
        status: TransactionStatus,
    ) -> Result<Told, ErrorReport> {
        let columns = ask.columns();
        let show = |rows: Vec<Vec<String>>| Ok(Told { columns, rows, tag: "SHOW" });
        match ask {
            Ask::Server => {
                let Route { role, .. } = self.route;
                show(vec![vec![self.served_by(), role.as_str().to_owned()]])
            }
            Ask::Route => show(vec![vec![self.route.reason.to_string()]]),
            Ask::Role => {
                let role = self.wish.role().map_or("auto", Role::as_str);
                show(vec![vec![role.to_owned()]])
            }
            Ask::Version => show(vec![vec![env!("CARGO_PKG_VERSION").to_owned()]]),
            Ask::Token => {
                let watch = self.worker.pooler.watch_for_tokens(&self.pools);
                let token = watch.token(clock::now(), TOKEN_LIMIT).await;
                let token = token.ok_or_else(|| no_token(TokenError::PrimaryUnknown))?;
                show(vec![vec![token.to_string()]])
            }
            Ask::ReadAfter(token) => self.read_after(&token).await,
            Ask::SetRole { role, local } => {
                self.wish.set(role, local && status != TransactionStatus::Idle);
                Ok(Told::done("SET"))
            }
            Ask::Explain(statement) => {
                let rows = self.explain(statement);
                Ok(Told { columns, rows, tag: "EXPLAIN" })
            }
            Ask::Unknown(mistake) => Err(mistaken(&mistake)),
        }
    }

    /// The host that the last statement was sent to.
    fn served_by(&self) -> String {
        let replica = self.route.replica.map(usize::from);
        let replica = replica.and_then(|index| self.pools.replicas.get(index));
        replica.unwrap_or(&self.pools.primary).host.address.to_string()
    }

    async fn read_after(&mut self, token: &str) -> Result<Told, ErrorReport> {
        let token: Token = token.parse().map_err(no_token)?;
        let watch = self.worker.pooler.watch_for_tokens(&self.pools);
        let moment = watch.must_see(token, TOKEN_LIMIT).await.map_err(no_token)?;
        self.seen.primary(moment);
        Ok(Told::done("SET"))
    }

    /// Where a statement would go now, and each rule that had a say in it, in the order of the
    /// rules.
    fn explain(&mut self, statement: &[u8]) -> Vec<Vec<String>> {
        let subject = self.with_catalog(|catalog, _| subject(statement, catalog));
        let mut unit = Unit::new(self.pools.splits());
        unit.add(self.classify_text(statement), statement);
        let mut rules = vec![Rule::new("text", unit.class.access.as_str(), unit.class.reason)];
        if let Some(subject) = subject {
            rules[0].detail = format!("{}: {subject}", rules[0].detail);
        }
        if let Some(role) = self.wish.role() {
            rules.push(Rule::new("pgweir.role", role.as_str(), Reason::Hint));
        }
        self.explain_hosts(&mut rules);
        let route = self.would_go(&unit);
        let server =
            match route.replica.and_then(|index| self.pools.replicas.get(usize::from(index))) {
                Some(replica) => replica.host.address.to_string(),
                None if route.role == Role::Primary => self.pools.primary.host.address.to_string(),
                None => String::new(),
            };
        rules.push(Rule::new("route", route.role.as_str(), route.reason));
        let row = |rule: Rule| {
            let reason = rule.reason.to_string();
            vec![
                route.role.as_str().to_owned(),
                server.clone(),
                rule.name,
                rule.says,
                reason,
                rule.detail,
            ]
        };
        rules.into_iter().map(row).collect()
    }

    /// What is known of each replica, for this session.
    fn explain_hosts(&self, rules: &mut Vec<Rule>) {
        let Some(watch) = &self.pools.watch else { return };
        let bounds = self.bounds(&self.pools);
        for (index, pool) in (0u16..).zip(&self.pools.replicas) {
            let proof = watch.proof(usize::from(index));
            let reason = match self.seen.judge(index, proof, bounds) {
                _ if !pool.is_usable() => Reason::NoReplica,
                Verdict::Fresh => Reason::Read,
                Verdict::NotFresh => Reason::NotFresh,
                Verdict::Lagging => Reason::Lagging,
            };
            let says = if reason == Reason::Read { "fresh" } else { "not now" };
            let mut rule = Rule::new(&pool.host.address.to_string(), says, reason);
            let age = bounds.now.since(proof.fresh_as_of).as_millis();
            rule.detail = match proof.fresh_as_of {
                Moment::NEVER => "nothing is proven of it".to_owned(),
                _ => format!("it shows everything that was committed {age} ms ago"),
            };
            rules.push(rule);
        }
    }
}

/// One rule that had a say.
struct Rule {
    name: String,
    says: String,
    reason: Reason,
    detail: String,
}

impl Rule {
    fn new(name: &str, says: &str, reason: Reason) -> Self {
        let detail = reason.explanation().to_owned();
        Rule { name: name.to_owned(), says: says.to_owned(), reason, detail }
    }
}

fn mistaken(mistake: &Mistake) -> ErrorReport {
    let state = match mistake {
        Mistake::Name(_) => SqlState::UNDEFINED_OBJECT,
        Mistake::Value { .. } => SqlState::INVALID_PARAMETER,
        Mistake::ReadOnly(_) => SqlState::CANNOT_CHANGE,
        Mistake::Syntax => SqlState::SYNTAX_ERROR,
    };
    ErrorReport::error(state, mistake.to_string()).hint(SETTABLE)
}

fn no_token(error: TokenError) -> ErrorReport {
    let state = match error {
        TokenError::PrimaryUnknown => SqlState::CONNECTION_FAILURE,
        _ => SqlState::INVALID_PARAMETER,
    };
    ErrorReport::error(state, error.to_string())
        .hint("SHOW pgweir.token says the token of now, on any pgweir in front of the same hosts.")
}
