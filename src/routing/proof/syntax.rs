//! From our tokens to sqlparser's tree, within bounds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sqlparser::ast::Query;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token as Syntax;

use super::super::Reason;
use super::super::token::{Kind, Token};
use super::dialect::Budgeted;

/// The most tokens that are parsed, lists of literals counted as one. Queries that programs write
/// reach some thousand (six for each `alias.column AS name`); at this bound the parser needs a few
/// milliseconds. It is also the bound on how deep a tree can grow without parentheses
/// (`a + a + a`), which is what its drop needs stack for.
pub const MAX_TOKENS: usize = 4096;

/// The deepest nesting of parentheses, brackets and CASE that is parsed. Written queries stay
/// below ten, generated ones below twenty.
pub const MAX_DEPTH: usize = 32;

/// What the parser counts down: each level of nesting takes up to three of its own (query,
/// table, expression), and NOT or a sign one without any parenthesis.
const MAX_RECURSION: usize = 3 * MAX_DEPTH + 16;

/// How often the parser may begin to read an operand, on average for each token. One operand is
/// one token; what is tried two or three ways, and that inside of itself, stays below this.
const OPERANDS_PER_TOKEN: usize = 16;

/// The tree of `tokens`, which must be one query and nothing else.
pub(super) fn parse(tokens: &[Token<'_>]) -> Result<Box<Query>, Reason> {
    check_bounds(tokens)?;
    let tokens = tokens.iter().map(translate).collect::<Result<Vec<_>, Reason>>()?;
    // A defect of the parser must cost one read its replica, not a client its session.
    catch_unwind(AssertUnwindSafe(|| parse_all(tokens))).unwrap_or(Err(Reason::Unparsed))
}

fn parse_all(tokens: Vec<Syntax>) -> Result<Box<Query>, Reason> {
    let dialect = Budgeted::new(OPERANDS_PER_TOKEN * tokens.len());
    let parser = Parser::new(&dialect).with_recursion_limit(MAX_RECURSION);
    let mut parser = parser.with_tokens(tokens);
    let query = parser.parse_query().map_err(reason)?;
    match parser.peek_token().token {
        Syntax::EOF => Ok(query),
        _ => Err(Reason::Unparsed),
    }
}

/// By value, as the parser's own `Result` hands it over.
#[allow(clippy::needless_pass_by_value)]
fn reason(error: ParserError) -> Reason {
    match error {
        ParserError::RecursionLimitExceeded => Reason::TooDeep,
        ParserError::TokenizerError(_) | ParserError::ParserError(_) => Reason::Unparsed,
    }
}

fn check_bounds(tokens: &[Token<'_>]) -> Result<(), Reason> {
    if tokens.len() > MAX_TOKENS {
        return Err(Reason::TooLong);
    }
    let mut depth = 0_usize;
    for token in tokens {
        match step(token) {
            Step::In => depth += 1,
            Step::Out => depth = depth.saturating_sub(1),
            Step::Along => {}
        }
        if depth > MAX_DEPTH {
            return Err(Reason::TooDeep);
        }
    }
    Ok(())
}

enum Step {
    In,
    Out,
    Along,
}

fn step(token: &Token<'_>) -> Step {
    match (token.kind, token.text) {
        (Kind::Punctuation, b"(" | b"[") => Step::In,
        (Kind::Punctuation, b")" | b"]") => Step::Out,
        (Kind::Word, _) if token.is_word("case") => Step::In,
        (Kind::Word, _) if token.is_word("end") => Step::Out,
        _ => Step::Along,
    }
}

/// The name that a word token stands for: folded, or what its quotes hold.
pub(crate) fn name(token: &Token<'_>) -> Result<String, Reason> {
    let text = String::from_utf8_lossy(token.text);
    match token.kind {
        Kind::Word => Ok(text.to_ascii_lowercase()),
        Kind::QuotedWord => Ok(text[1..text.len() - 1].replace("\"\"", "\"")),
        _ => Err(Reason::Unparsed),
    }
}

fn translate(token: &Token<'_>) -> Result<Syntax, Reason> {
    Ok(match token.kind {
        Kind::Word => Syntax::make_word(&name(token)?, None),
        Kind::QuotedWord => Syntax::make_word(&name(token)?, Some('"')),
        Kind::Number => Syntax::Number("1".to_owned(), false),
        Kind::Parameter => Syntax::Placeholder("$1".to_owned()),
        Kind::String | Kind::Bits => Syntax::SingleQuotedString("x".to_owned()),
        Kind::Operator => operator(token.text),
        Kind::Punctuation => punctuation(token.text)?,
        Kind::UnicodeWord | Kind::UnclearString | Kind::Unfinished | Kind::Stray => {
            return Err(Reason::Unparsed);
        }
    })
}

fn punctuation(text: &[u8]) -> Result<Syntax, Reason> {
    Ok(match text {
        b"(" => Syntax::LParen,
        b")" => Syntax::RParen,
        b"[" => Syntax::LBracket,
        b"]" => Syntax::RBracket,
        b"," => Syntax::Comma,
        b"." => Syntax::Period,
        b":" => Syntax::Colon,
        b"::" => Syntax::DoubleColon,
        b":=" => Syntax::Assignment,
        _ => return Err(Reason::Unparsed),
    })
}

/// The operators that PostgreSQL's grammar or the parser gives a meaning of their own; any other
/// is an operator among its like.
fn operator(text: &[u8]) -> Syntax {
    match text {
        b"=" => Syntax::Eq,
        b"<>" | b"!=" => Syntax::Neq,
        b"<" => Syntax::Lt,
        b">" => Syntax::Gt,
        b"<=" => Syntax::LtEq,
        b">=" => Syntax::GtEq,
        b"=>" => Syntax::RArrow,
        b"+" => Syntax::Plus,
        b"-" => Syntax::Minus,
        b"*" => Syntax::Mul,
        b"/" => Syntax::Div,
        b"%" => Syntax::Mod,
        b"^" => Syntax::Caret,
        b"@" => Syntax::AtSign,
        b"|/" => Syntax::PGSquareRoot,
        b"||/" => Syntax::PGCubeRoot,
        b"~" => Syntax::Tilde,
        b"#" => Syntax::Sharp,
        b"->" => Syntax::Arrow,
        b"->>" => Syntax::LongArrow,
        b"||" => Syntax::StringConcat,
        _ => Syntax::CustomBinaryOperator(String::from_utf8_lossy(text).into_owned()),
    }
}
