//! What a question's columns are called, and of which type they are, as PostgreSQL would have it:
//! SQLite gives types to values, not to expressions, and calls an expression by its text.
//!
//! The tokens of each item are taken apart along PostgreSQL's precedence of operators (manual, 4.1.6),
//! as far as types go. What is not known here has the type of its values.

use super::tokens::{Token, inner, is, is_any, name, places, split, step, unqualified};
use crate::admin::value::Kind;

/// How deep expressions are looked into; what is deeper has the type of its values.
const DEPTH_MAX: usize = 32;

/// Questions within the items of a question: each is looked at for its name, and for its type.
const SELECTS_MAX: usize = 4;

/// Between the items of a SELECT and what follows them.
const ENDS: [&str; 12] = [
    "from",
    "where",
    "group",
    "having",
    "window",
    "union",
    "intersect",
    "except",
    "order",
    "limit",
    "offset",
    "fetch",
];

/// Words of operators whose answer is yes or no.
const JUDGES: [&str; 10] =
    ["or", "and", "not", "is", "in", "like", "ilike", "between", "similar", "exists"];

/// One item of a SELECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What PostgreSQL would call it; none where the question gives it a name of its own.
    pub name: Option<String>,
    /// Its type.
    pub kind: Option<Kind>,
    /// It stands for several columns.
    pub is_star: bool,
}

/// The type of a column of the tables that a question names.
pub type ColumnKind<'c> = &'c dyn Fn(&str) -> Option<Kind>;

/// The items of a question.
pub fn items(tokens: &[Token], column: ColumnKind<'_>) -> Vec<Item> {
    items_within(tokens, column, 0)
}

fn items_within(tokens: &[Token], column: ColumnKind<'_>, selects: usize) -> Vec<Item> {
    let listed = listed(tokens);
    if listed.is_empty() || selects > SELECTS_MAX {
        return Vec::new();
    }
    let each = split(listed, |token| *token == Token::Comma);
    each.into_iter().map(|item| Typing { column, depth: 0, selects }.item(item)).collect()
}

/// The item for each of `count` columns, as far as that is known: a star stands for any number.
pub fn for_columns(items: &[Item], count: usize) -> Vec<Option<&Item>> {
    let Some(first) = items.iter().position(|item| item.is_star) else {
        let fits = items.len() == count;
        return (0..count).map(|at| items.get(at).filter(|_| fits)).collect();
    };
    let behind = items.iter().rev().take_while(|item| !item.is_star).count();
    let of = |at: usize| match count - at {
        _ if at < first => items.get(at),
        left if left <= behind => items.get(items.len() - left),
        _ => None,
    };
    (0..count).map(of).collect()
}

/// The tokens between SELECT and what follows the list.
fn listed(tokens: &[Token]) -> &[Token] {
    let Some(select) = places(tokens, |token| is(token, "select")).first().copied() else {
        return &[];
    };
    let mut rest = &tokens[select + 1..];
    if rest.first().is_some_and(|token| is_any(token, &["distinct", "all"])) {
        rest = &rest[1..];
    }
    let end = places(rest, |token| is_any(token, &ENDS)).first().copied().unwrap_or(rest.len());
    &rest[..end]
}

/// The type behind a cast, by its words.
pub fn cast_to(word: &str) -> Kind {
    match word.to_ascii_lowercase().as_str() {
        "int2" | "smallint" | "int4" | "int" | "integer" => Kind::Int4,
        "int8" | "bigint" | "oid" | "regclass" => Kind::Int8,
        "float4" | "real" | "float8" | "double" | "float" | "numeric" | "decimal" => Kind::Float8,
        "bool" | "boolean" => Kind::Bool,
        "timestamptz" | "timestamp" => Kind::Time,
        _ => Kind::Text,
    }
}

/// The type of what a function of PostgreSQL's or SQLite's returns, where its arguments do not say.
fn returned(function: &str) -> Option<Kind> {
    Some(match function.to_ascii_lowercase().as_str() {
        "count" | "row_number" | "rank" | "dense_rank" => Kind::Int8,
        "length" | "char_length" | "strpos" | "position" | "pg_backend_pid"
        | "inet_server_port" | "array_length" | "array_upper" => Kind::Int4,
        "avg" | "extract" | "date_part" | "round" | "floor" | "ceil" | "ceiling" => Kind::Float8,
        "now" | "to_timestamp" | "date_trunc" => Kind::Time,
        "pg_is_in_recovery"
        | "exists"
        | "has_table_privilege"
        | "has_schema_privilege"
        | "has_database_privilege"
        | "pg_table_is_visible"
        | "pg_type_is_visible"
        | "pg_function_is_visible"
        | "pg_relation_is_publishable" => Kind::Bool,
        "concat" | "concat_ws" | "lower" | "upper" | "left" | "right" | "substr" | "substring"
        | "trim" | "replace" | "split_part" | "string_agg" | "group_concat" | "format_type"
        | "version" | "current_setting" | "quote_ident" | "array" => Kind::Text,
        _ => return None,
    })
}

/// The type that two values of one expression have together.
fn wider(one: Option<Kind>, other: Option<Kind>) -> Option<Kind> {
    let rank = |kind| {
        [Kind::Int4, Kind::Int8, Kind::Numeric, Kind::Float8].iter().position(|k| *k == kind)
    };
    match (one, other) {
        (Some(a), Some(b)) => match (rank(a), rank(b)) {
            (Some(left), Some(right)) => Some(if left >= right { a } else { b }),
            _ if a == b => Some(a),
            _ => None,
        },
        (known, None) | (None, known) => known,
    }
}

struct Typing<'c> {
    column: ColumnKind<'c>,
    depth: usize,
    selects: usize,
}

impl Typing<'_> {
    fn item(&mut self, tokens: &[Token]) -> Item {
        let is_star = tokens.last() == Some(&Token::Mul) && tokens.len() != 2;
        let (expression, has_name) = unnamed(tokens);
        let name = (!has_name && !is_star).then(|| self.called(expression));
        Item { name, kind: if is_star { None } else { self.kind(expression) }, is_star }
    }

    /// What PostgreSQL calls an expression (`FigureColname` in its parser).
    fn called(&self, tokens: &[Token]) -> String {
        let unknown = || "?column?".to_owned();
        let tokens = unqualified(tokens);
        match tokens {
            [first, ..] if is_any(first, &["case"]) && step(tokens) == tokens.len() => {
                "case".to_owned()
            }
            [Token::LParen, ..] if step(tokens) == tokens.len() => match inner(tokens) {
                query @ [first, ..] if is(first, "select") => {
                    let items = items_within(query, self.column, self.selects + 1);
                    items.first().and_then(|item| item.name.clone()).unwrap_or_else(unknown)
                }
                expression => self.called(expression),
            },
            [value, Token::DoubleColon, ty, ..] => {
                let own = self.called(std::slice::from_ref(value));
                let ty = name(ty).unwrap_or("?column?").to_ascii_lowercase();
                if own == "?column?" { ty } else { own }
            }
            [only] if is_any(only, &["true", "false"]) => "bool".to_owned(),
            [only] if is(only, "null") => unknown(),
            [function, Token::LParen, ..] => {
                let behind = tokens.get(1 + step(&tokens[1..]));
                // `f(...) FILTER (...)`, `f(...) OVER (...)`, `f(...)::type`.
                let is_call = behind.is_none_or(|next| {
                    is_any(next, &["filter", "over"]) || *next == Token::DoubleColon
                });
                name(function).filter(|_| is_call).map_or_else(unknown, str::to_ascii_lowercase)
            }
            [only] => name(only).map_or_else(unknown, str::to_owned),
            _ => unknown(),
        }
    }

    /// The type of an expression.
    fn kind(&mut self, tokens: &[Token]) -> Option<Kind> {
        self.depth += 1;
        let kind = if self.depth > DEPTH_MAX { None } else { self.operators(tokens) };
        self.depth -= 1;
        kind
    }

    fn operators(&mut self, tokens: &[Token]) -> Option<Kind> {
        let is_judge = |token: &Token| is_any(token, &JUDGES) || compares(token);
        if !places(tokens, is_judge).is_empty() {
            return Some(Kind::Bool);
        }
        if !places(tokens, |token| *token == Token::StringConcat).is_empty() {
            return Some(Kind::Text);
        }
        let is_sum = |token: &Token| {
            matches!(token, Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::Mod)
        };
        if places(tokens, is_sum).is_empty() {
            return self.operand(tokens);
        }
        let parts = split(tokens, is_sum);
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        let kinds: Vec<_> = parts.map(|part| self.kind(part)).collect();
        if kinds.first() == Some(&Some(Kind::Time)) {
            return Some(Kind::Time);
        }
        // Whole numbers are added as int8, so that none is cut.
        let known: Option<Vec<Kind>> = kinds.into_iter().collect();
        known?.into_iter().map(Some).fold(Some(Kind::Int8), wider)
    }

    fn operand(&mut self, tokens: &[Token]) -> Option<Kind> {
        if let Some(cast) = places(tokens, |token| *token == Token::DoubleColon).last() {
            return type_word(&tokens[cast + 1..]).map(cast_to);
        }
        let tokens = unqualified(tokens);
        match tokens {
            [Token::Number(digits, _)] => Some(match digits.parse::<i64>() {
                Ok(number) if i32::try_from(number).is_ok() => Kind::Int4,
                Ok(_) => Kind::Int8,
                Err(_) => Kind::Float8,
            }),
            [Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_)] => Some(Kind::Text),
            [only] if is_any(only, &["true", "false"]) => Some(Kind::Bool),
            [only] if is_any(only, &["null"]) => None,
            [only] if is_any(only, &["current_timestamp", "localtimestamp"]) => Some(Kind::Time),
            [case, ..] if is(case, "case") => self.case(inner(tokens)),
            [Token::LParen, ..] if step(tokens) == tokens.len() => self.group(inner(tokens)),
            [function, Token::LParen, ..] => {
                self.call(name(function)?, inner(&tokens[1..1 + step(&tokens[1..])]))
            }
            [only] => (self.column)(name(only)?),
            _ => None,
        }
    }

    fn group(&mut self, tokens: &[Token]) -> Option<Kind> {
        match tokens {
            [first, ..] if is_any(first, &["select", "with"]) => {
                let items = items_within(tokens, self.column, self.selects + 1);
                items.first().and_then(|item| item.kind)
            }
            expression => self.kind(expression),
        }
    }

    /// The values behind THEN and ELSE.
    fn case(&mut self, tokens: &[Token]) -> Option<Kind> {
        let parts = split(tokens, |token| is_any(token, &["when", "else"]));
        let values = parts.into_iter().skip(1).map(|part| {
            let then = places(part, |token| is(token, "then")).first().map_or(0, |at| at + 1);
            &part[then..]
        });
        self.widest(&values.collect::<Vec<_>>())
    }

    fn widest(&mut self, values: &[&[Token]]) -> Option<Kind> {
        values.iter().fold(None, |kind, value| wider(kind, self.kind(value)))
    }

    fn call(&mut self, function: &str, arguments: &[Token]) -> Option<Kind> {
        let function = function.to_ascii_lowercase();
        let arguments = split(arguments, |token| *token == Token::Comma);
        match function.as_str() {
            "cast" => {
                let at = places(arguments[0], |token| is(token, "as")).last().copied()?;
                type_word(&arguments[0][at + 1..]).map(cast_to)
            }
            "min" | "max" | "nullif" | "lag" | "lead" | "first_value" | "last_value" => {
                self.kind(arguments[0])
            }
            "sum" | "abs" => wider(self.kind(arguments[0]), Some(Kind::Int8)),
            "coalesce" | "greatest" | "least" | "ifnull" => self.widest(&arguments),
            _ => returned(&function),
        }
    }
}

/// Whether it is an operator whose answer is yes or no.
pub(super) fn compares(token: &Token) -> bool {
    matches!(
        token,
        Token::Eq
            | Token::Neq
            | Token::Lt
            | Token::Gt
            | Token::LtEq
            | Token::GtEq
            | Token::Tilde
            | Token::TildeAsterisk
            | Token::ExclamationMarkTilde
            | Token::ExclamationMarkTildeAsterisk
            | Token::DoubleTilde
            | Token::DoubleTildeAsterisk
            | Token::ExclamationMarkDoubleTilde
            | Token::ExclamationMarkDoubleTildeAsterisk
    )
}

/// The word of a type that says what it is: the last before its length and brackets.
fn type_word(tokens: &[Token]) -> Option<&str> {
    match unqualified(tokens) {
        // There are no arrays: an array is its text.
        [_, Token::LBracket, ..] => Some("text"),
        [first, ..] => name(first),
        [] => None,
    }
}

/// An item without the name that it is given, and whether it is given one.
fn unnamed(tokens: &[Token]) -> (&[Token], bool) {
    if let Some(at) = places(tokens, |token| is(token, "as")).last() {
        return (&tokens[..*at], true);
    }
    match tokens {
        // A word behind the end of an expression is its name.
        [rest @ .., Token::Word(word)]
            if !rest.is_empty()
                && ends(rest)
                && !is_any(&Token::Word(word.clone()), &["end", "null"]) =>
        {
            (rest, true)
        }
        _ => (tokens, false),
    }
}

fn ends(tokens: &[Token]) -> bool {
    let Some(last) = tokens.last() else { return false };
    match last {
        Token::RParen | Token::RBracket | Token::Number(..) | Token::SingleQuotedString(_) => true,
        Token::Word(_) if is(last, "precision") || is(last, "end") => true,
        Token::Word(_) => {
            !is_any(last, &JUDGES) && !is_any(last, &["then", "when", "else", "double"])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Vec<Item> {
        let column = |name: &str| match name {
            "port" => Some(Kind::Int4),
            "total" => Some(Kind::Numeric),
            "usable" => Some(Kind::Bool),
            "name" => Some(Kind::Text),
            _ => None,
        };
        items(&tokens(text).unwrap(), &column)
    }

    #[test]
    fn expressions_have_the_types_of_postgresql() {
        use Kind::{Bool, Float8, Int4, Int8, Numeric, Text, Time};
        for (expression, kind) in [
            ("1", Int4),
            ("3000000000", Int8),
            ("1.5", Float8),
            ("'x'", Text),
            ("true", Bool),
            ("port", Int4),
            ("d.port", Int4),
            ("port + 1", Int8),
            ("-port", Int8),
            ("port * 1.5", Float8),
            ("name || port", Text),
            ("port > 1 AND usable", Bool),
            ("name IS NULL", Bool),
            ("name ILIKE 'a%'", Bool),
            ("max(port)", Int4),
            ("sum(port)", Int8),
            ("sum(total)", Numeric),
            ("avg(port)", Float8),
            ("count(*)", Int8),
            ("count(*) FILTER (WHERE usable)", Int8),
            ("coalesce(max(port), 0)", Int4),
            ("CASE WHEN usable THEN 1 ELSE port END", Int4),
            ("CASE name WHEN 'a' THEN 'x' END", Text),
            ("$1::int4", Int4),
            ("port::text", Text),
            ("'5'::pg_catalog.int8", Int8),
            ("port::double precision", Float8),
            ("CAST(port AS bigint)", Int8),
            ("now()", Time),
            ("now() - interval '1 hour'", Time),
            ("extract(epoch from now())", Float8),
            ("(SELECT max(port) FROM databases)", Int4),
            ("EXISTS (SELECT 1)", Bool),
            ("(port)", Int4),
            ("row_number() OVER (ORDER BY port)", Int8),
        ] {
            assert_eq!(
                of(&format!("SELECT {expression} FROM t"))[0].kind,
                Some(kind),
                "{expression}"
            );
        }
    }

    #[test]
    fn expressions_are_called_as_postgresql_calls_them() {
        for (item, name) in [
            ("port", Some("port")),
            ("d.port", Some("port")),
            ("max(port)", Some("max")),
            ("pg_catalog.version()", Some("version")),
            ("count(*) FILTER (WHERE usable)", Some("count")),
            ("port + 1", Some("?column?")),
            ("1", Some("?column?")),
            ("1::int4", Some("int4")),
            ("port::text", Some("port")),
            ("true", Some("bool")),
            ("NULL", Some("?column?")),
            ("CASE WHEN usable THEN 1 END", Some("case")),
            ("(SELECT max(port) FROM databases)", Some("max")),
            ("current_user", Some("current_user")),
            ("port AS p", None),
            ("port p", None),
            ("max(port) \"P\"", None),
        ] {
            assert_eq!(of(&format!("SELECT {item} FROM t"))[0].name.as_deref(), name, "{item}");
        }
    }

    #[test]
    fn a_star_stands_for_any_number_of_columns() {
        let items = of("WITH x AS (SELECT 1) SELECT port, d.*, name FROM d");
        assert_eq!(items.iter().map(|item| item.is_star).collect::<Vec<_>>(), [false, true, false]);
        let names: Vec<_> = for_columns(&items, 5)
            .iter()
            .map(|item| item.and_then(|i| i.name.as_deref()))
            .collect();
        assert_eq!(names, [Some("port"), None, None, None, Some("name")]);
        assert_eq!(for_columns(&of("SELECT 1, 2"), 3), [None, None, None]);
    }

    #[test]
    fn questions_within_questions_are_looked_at_only_so_deep() {
        let nested = |depth| format!("{}1{}", "SELECT (".repeat(depth), ")".repeat(depth));
        assert_eq!(of(&nested(3))[0].kind, Some(Kind::Int4));
        assert_eq!(of(&nested(190))[0].kind, None, "and it ends");
        let dotted = format!("SELECT {}port", "a.".repeat(40_000));
        assert_eq!(of(&dotted)[0].kind, Some(Kind::Int4));
    }

    proptest! {
        #[test]
        fn any_text_has_items_or_none(
            text in "(select|from|case|end|then|as|[(]|[)]|::|a|1|,|[+*]|[.]| ){0,30}",
        ) {
            if let Ok(all) = tokens(&text) {
                let _ = for_columns(&items(&all, &|_| None), 3);
            }
        }
    }
}
