//! From answers to facts. What has still to be examined counts as unsafe until it has been.

use std::collections::{HashMap, HashSet};

use super::super::{Reason, functions};
use super::answers::{Answers, Body, Function, Language, Relation};
use super::facts::{ByName, Facts};
use super::{Catalog, text};

/// Functions of users that are kept. The largest applications have some thousand; one row costs
/// about 60 bytes here.
const FUNCTIONS_MAX: usize = 100_000;

/// Relations that are kept, two entries of some 16 bytes each. A database with more is slow in
/// PostgreSQL itself.
const RELATIONS_MAX: usize = 1_000_000;

/// How often everything that is not yet proven is looked at again. Objects come in the order in
/// which they were made, so one round is enough for what was not replaced later.
const ROUNDS_MAX: usize = 32;

/// The database has more than can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database has more than {FUNCTIONS_MAX} functions or {RELATIONS_MAX} relations")]
pub struct TooLarge;

/// The facts that follow from `answers`.
pub(super) fn build(answers: Answers, key: u64) -> Result<Facts, TooLarge> {
    if answers.functions.len() > FUNCTIONS_MAX || answers.relations.len() > RELATIONS_MAX {
        return Err(TooLarge);
    }
    let mut facts = Facts::new(key);
    let mut doubts = Vec::new();
    take_words(&mut facts, &answers, &mut doubts);
    take_functions(&mut facts, answers.functions, &mut doubts);
    take_domains(&mut facts, answers.domains, &mut doubts);
    let views: HashMap<_, _> = answers.views.into_iter().collect();
    let mut policies: HashMap<u32, Vec<Option<String>>> = HashMap::new();
    for (oid, text) in answers.policies {
        policies.entry(oid).or_default().push(text);
    }
    let own = own_objections(&answers.relations, &answers.inherits, &answers.typed);
    for relation in &answers.relations {
        let (objection, texts) = match own.get(&relation.oid) {
            Some(reason) => (Some(*reason), None),
            None => doubted(relation, &views, &mut policies),
        };
        let qualified = facts.names.hash(Some(&relation.schema), &relation.name);
        facts.relations.insert(qualified, objection);
        if relation.schema == "pg_catalog" {
            facts.relations.insert(facts.names.hash(None, &relation.name), objection);
        }
        if let Some(texts) = texts {
            doubts.push(Doubt { of: Doubted::Relation(qualified), texts });
        }
    }
    let bodies = answers.bodies.into_iter().map(|body| body_doubt(&facts, body)).collect();
    Ok(settle_all(facts, doubts, bodies, &answers.relations))
}

/// First what PostgreSQL spells, with a schema before every name that needs one; then bodies too,
/// which name things as their authors did. Each may depend on the other.
///
/// What needs no name is doubted last: if one such function is not safe every text is a write, and
/// if all of them only read, apart from calling each other, none of them writes.
fn settle_all(facts: Facts, doubts: Vec<Doubt>, bodies: Vec<Doubt>, all: &[Relation]) -> Facts {
    let (mut facts, mut doubts) = settle(facts, doubts);
    doubts.extend(bodies);
    for _ in 0..ROUNDS_MAX {
        take_unqualified(&mut facts, all);
        let before = doubts.len();
        (facts, doubts) = settle(facts, doubts);
        if doubts.len() == before {
            break;
        }
    }
    facts.hidden = doubts.iter().any(|doubt| matches!(doubt.of, Doubted::Hidden));
    facts.prune();
    facts
}

/// Operators that key words stand for: BETWEEN, IN, DISTINCT, ORDER BY, LIKE, ILIKE ...
const IMPLIED: &[&str] = &["<", "<=", "<>", "=", ">", ">=", "!~~", "!~~*", "~~", "~~*"];

fn take_words(facts: &mut Facts, answers: &Answers, doubts: &mut Vec<Doubt>) {
    let select = |call: &Option<String>| {
        vec![Text::Query(call.as_ref().map(|call| format!("SELECT {call}")))]
    };
    for (operator, call) in &answers.operators {
        let hash = facts.names.hash(None, operator);
        *facts.operators.entry(hash).or_default() += 1;
        doubts.push(Doubt { of: Doubted::Operator(hash), texts: select(call) });
    }
    for name in &answers.types {
        *facts.types.entry(facts.names.hash(None, name)).or_default() += 1;
    }
    let implied = answers.operators.iter().filter(|one| IMPLIED.contains(&one.0.as_str()));
    for call in implied.map(|one| &one.1).chain(&answers.hidden) {
        doubts.push(Doubt { of: Doubted::Hidden, texts: select(call) });
    }
}

/// Something that is unsafe unless all of its texts only read.
struct Doubt {
    of: Doubted,
    texts: Vec<Text>,
}

/// What may dispel a doubt; a text that nobody knows does not.
enum Text {
    Query(Option<String>),
    Body(Language, String),
}

enum Doubted {
    /// The hashes of its name with and without its schema.
    Function([u64; 2]),
    Type(u64),
    Relation(u64),
    Operator(u64),
    /// What no text needs to name.
    Hidden,
}

fn take_functions(facts: &mut Facts, functions: Vec<Function>, doubts: &mut Vec<Doubt>) {
    for function in functions {
        let Function { schema, name, is_built_in, is_safe, is_field, defaults } = function;
        if is_built_in && functions::objection(&name).is_none() {
            continue;
        }
        let names = [Some(schema.as_str()), None].map(|schema| facts.names.hash(schema, &name));
        let is_safe = is_safe && !is_built_in;
        for hash in names {
            *facts.functions.entry(hash).or_default() += u32::from(!is_safe || defaults.is_some());
        }
        if is_field {
            facts.fields.insert(names[1], ());
        }
        if is_safe && defaults.is_some() {
            let defaults = Text::Query(defaults.map(|defaults| format!("SELECT {defaults}")));
            doubts.push(Doubt { of: Doubted::Function(names), texts: vec![defaults] });
        }
    }
}

/// A function that is not safe by its declaration is so if its body, and what else a call of it runs,
/// only read.
fn body_doubt(facts: &Facts, body: Body) -> Doubt {
    let Body { schema, name, language, text, others } = body;
    let names = [Some(schema.as_str()), None].map(|schema| facts.names.hash(schema, &name));
    let others = others.filter(|others| !others.is_empty());
    let mut texts = vec![Text::Body(language, text)];
    texts.extend(others.map(|others| Text::Query(Some(format!("SELECT {others}")))));
    Doubt { of: Doubted::Function(names), texts }
}

fn take_domains(
    facts: &mut Facts,
    domains: Vec<(String, Option<String>)>,
    doubts: &mut Vec<Doubt>,
) {
    for (name, check) in domains {
        let hash = facts.names.hash(None, &name);
        *facts.types.entry(hash).or_default() += 1;
        let check = Text::Query(check.map(|check| format!("SELECT ({check})")));
        doubts.push(Doubt { of: Doubted::Type(hash), texts: vec![check] });
    }
}

/// What speaks against relations by their own kind, or by that of a child whose rows are theirs.
fn own_objections(
    relations: &[Relation],
    inherits: &[(u32, u32)],
    typed: &[u32],
) -> HashMap<u32, Reason> {
    let typed: HashSet<_> = typed.iter().collect();
    let mut parents: HashMap<u32, Vec<u32>> = HashMap::new();
    for (parent, child) in inherits {
        parents.entry(*child).or_default().push(*parent);
    }
    let mut objections = HashMap::new();
    for relation in relations {
        let by_type = typed.contains(&relation.oid).then_some(Reason::UnsafeType);
        let Some(reason) = objection(relation).or(by_type) else { continue };
        let mut pending = vec![relation.oid];
        while let Some(oid) = pending.pop() {
            if oid == relation.oid || !objections.contains_key(&oid) {
                objections.insert(oid, reason);
                pending.extend(parents.remove(&oid).unwrap_or_default());
            }
        }
    }
    objections
}

fn objection(relation: &Relation) -> Option<Reason> {
    match (relation.persistence.as_str(), relation.kind.as_str()) {
        ("t", _) => Some(Reason::Temporary),
        (_, "S") => Some(Reason::Sequence),
        ("u", _) => Some(Reason::Unlogged),
        (_, "f") => Some(Reason::Foreign),
        _ => None,
    }
}

/// What is to be examined of a relation, and what speaks against it until then.
fn doubted(
    relation: &Relation,
    views: &HashMap<u32, Option<String>>,
    policies: &mut HashMap<u32, Vec<Option<String>>>,
) -> (Option<Reason>, Option<Vec<Text>>) {
    if let Some(text) = views.get(&relation.oid) {
        return (Some(Reason::UnsafeView), Some(vec![Text::Query(text.clone())]));
    }
    let Some(texts) = policies.remove(&relation.oid) else { return (None, None) };
    let select = |text: Option<String>| Text::Query(text.map(|text| format!("SELECT ({text})")));
    (Some(Reason::UnsafePolicy), Some(texts.into_iter().map(select).collect()))
}

/// Takes back the doubts that examining their texts dispels, until it dispels no more; returns the
/// rest of them, too.
fn settle(facts: Facts, mut doubts: Vec<Doubt>) -> (Facts, Vec<Doubt>) {
    let mut catalog = Catalog::of(facts, super::FIRST_GENERATION);
    for _ in 0..ROUNDS_MAX {
        let before = doubts.len();
        doubts.retain(|doubt| !dispel(&mut catalog, doubt));
        if doubts.len() == before || doubts.is_empty() {
            break;
        }
    }
    let facts = match catalog.known {
        super::Known::Facts(facts) => *facts,
        super::Known::Nothing | super::Known::Unreadable => Facts::new(0),
    };
    (facts, doubts)
}

/// Whether the doubt was unfounded.
fn dispel(catalog: &mut Catalog, doubt: &Doubt) -> bool {
    let is_read = |text: &Text| match text {
        Text::Query(query) => query.as_deref().is_some_and(|query| text::is_read(query, catalog)),
        Text::Body(language, body) => text::is_reading_body(*language, body, catalog),
    };
    if !doubt.texts.iter().all(is_read) {
        return false;
    }
    let super::Known::Facts(facts) = &mut catalog.known else { return false };
    match &doubt.of {
        Doubted::Relation(hash) => {
            facts.relations.insert(*hash, None);
        }
        Doubted::Type(hash) => one_less(&mut facts.types, *hash),
        Doubted::Operator(hash) => one_less(&mut facts.operators, *hash),
        Doubted::Hidden => {}
        Doubted::Function(hashes) => {
            hashes.iter().for_each(|hash| one_less(&mut facts.functions, *hash));
        }
    }
    true
}

fn one_less(map: &mut ByName<u32>, hash: u64) {
    if let Some(count) = map.get_mut(&hash) {
        *count = count.saturating_sub(1);
    }
}

/// A name without a schema may mean any relation of that name. To be called again when relations
/// have been found to be safe.
fn take_unqualified(facts: &mut Facts, relations: &[Relation]) {
    for Relation { name, .. } in relations {
        facts.relations.insert(facts.names.hash(None, name), None);
    }
    for Relation { schema, name, .. } in relations {
        let objection = facts.relation(Some(schema), name).unwrap_or(None);
        let known = facts.relations.entry(facts.names.hash(None, name)).or_default();
        *known = known.or(objection);
    }
}
