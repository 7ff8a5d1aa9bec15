//! From answers to facts. What has still to be examined counts as unsafe until it has been.

use std::collections::{HashMap, HashSet};

use super::super::{Reason, functions};
use super::answers::{Answers, Function, Relation};
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
    take_words(&mut facts, &answers);
    let mut doubts = Vec::new();
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
    let mut facts = settle(facts, doubts);
    take_unqualified(&mut facts, &answers.relations);
    Ok(facts)
}

/// Operators that key words stand for: BETWEEN, IN, DISTINCT, ORDER BY, LIKE, ILIKE ...
const IMPLIED: &[&str] = &["<", "<=", "<>", "=", ">", ">=", "!~~", "!~~*", "~~", "~~*"];

fn take_words(facts: &mut Facts, answers: &Answers) {
    for operator in &answers.operators {
        facts.operators.insert(facts.names.hash(None, operator), ());
    }
    for name in &answers.types {
        *facts.types.entry(facts.names.hash(None, name)).or_default() += 1;
    }
    let is_implied = |operator: &String| IMPLIED.contains(&operator.as_str());
    facts.hidden = answers.hidden || answers.operators.iter().any(is_implied);
}

/// Something that is unsafe unless all of its texts only read.
struct Doubt {
    of: Doubted,
    texts: Vec<Option<String>>,
}

enum Doubted {
    /// The hashes of its name with and without its schema.
    Function([u64; 2]),
    Type(u64),
    Relation(u64),
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
            let defaults = defaults.map(|defaults| format!("SELECT {defaults}"));
            doubts.push(Doubt { of: Doubted::Function(names), texts: vec![defaults] });
        }
    }
}

fn take_domains(
    facts: &mut Facts,
    domains: Vec<(String, Option<String>)>,
    doubts: &mut Vec<Doubt>,
) {
    for (name, check) in domains {
        let hash = facts.names.hash(None, &name);
        *facts.types.entry(hash).or_default() += 1;
        let check = check.map(|check| format!("SELECT ({check})"));
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
) -> (Option<Reason>, Option<Vec<Option<String>>>) {
    if let Some(text) = views.get(&relation.oid) {
        return (Some(Reason::UnsafeView), Some(vec![text.clone()]));
    }
    let Some(texts) = policies.remove(&relation.oid) else { return (None, None) };
    let select = |text: Option<String>| text.map(|text| format!("SELECT ({text})"));
    (Some(Reason::UnsafePolicy), Some(texts.into_iter().map(select).collect()))
}

/// Takes back the doubts that examining their texts dispels, until it dispels no more.
fn settle(facts: Facts, mut doubts: Vec<Doubt>) -> Facts {
    let mut catalog = Catalog::of(facts, super::FIRST_GENERATION);
    for _ in 0..ROUNDS_MAX {
        let before = doubts.len();
        doubts.retain(|doubt| !dispel(&mut catalog, doubt));
        if doubts.len() == before || doubts.is_empty() {
            break;
        }
    }
    match catalog.known {
        super::Known::Facts(facts) => *facts,
        super::Known::Nothing | super::Known::Unreadable => Facts::new(0),
    }
}

/// Whether the doubt was unfounded.
fn dispel(catalog: &mut Catalog, doubt: &Doubt) -> bool {
    let is_read =
        |text: &Option<String>| text.as_deref().is_some_and(|text| text::is_read(text, catalog));
    if !doubt.texts.iter().all(is_read) {
        return false;
    }
    let super::Known::Facts(facts) = &mut catalog.known else { return false };
    match &doubt.of {
        Doubted::Relation(hash) => {
            facts.relations.insert(*hash, None);
        }
        Doubted::Type(hash) => one_less(&mut facts.types, *hash),
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

/// A name without a schema may mean any relation of that name.
fn take_unqualified(facts: &mut Facts, relations: &[Relation]) {
    for Relation { schema, name, .. } in relations {
        let objection = facts.relation(Some(schema), name).unwrap_or(None);
        let known = facts.relations.entry(facts.names.hash(None, name)).or_default();
        *known = known.or(objection);
    }
}
