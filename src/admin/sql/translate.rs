//! PostgreSQL's spellings that SQLite does not have, put into its own.
//!
//! Token by token, with what has been written so far at hand: a cast, a subscript or an interval takes
//! the operand in front of it into a function ([`functions`](super::functions)). Schemas of functions
//! and tables are dropped where there is only one.

use super::tokens::{Token, inner, is, is_any, name, split, step};
use super::typing::cast_to;
use crate::admin::tables;
use crate::admin::value::Kind;
use sqlparser::tokenizer::Word;

/// Words that are functions without parentheses, and the functions.
const BARE_FUNCTIONS: [(&str, &str); 6] = [
    ("current_user", "current_user"),
    ("session_user", "session_user"),
    ("current_catalog", "current_catalog"),
    ("current_role", "current_role"),
    ("current_timestamp", "now"),
    ("localtimestamp", "now"),
];

/// Schemas of which only the names of functions are kept.
const SCHEMAS: [&str; 2] = ["pg_catalog", "information_schema"];

/// The tokens in SQLite's spelling.
pub fn translate(tokens: &[Token]) -> String {
    if has_column_user(tokens) {
        return translated(tokens).join(" ");
    }
    // `user` is whoever asks, where no table has a column of that name.
    let current = |token: &Token| match is(token, "user") {
        true => Token::make_word("current_user", None),
        false => token.clone(),
    };
    translated(&tokens.iter().map(current).collect::<Vec<_>>()).join(" ")
}

fn has_column_user(tokens: &[Token]) -> bool {
    let named = tokens.iter().filter_map(|token| tables::named(name(token)?));
    named.flat_map(|table| table.columns).any(|column| column.name == "user")
}

fn translated(tokens: &[Token]) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at += piece(&tokens[at..], &mut out).max(1);
    }
    out
}

/// Translates what stands first; says how many tokens that were.
fn piece(tokens: &[Token], out: &mut Vec<String>) -> usize {
    match tokens {
        [Token::DoubleColon, rest @ ..] => 1 + cast(rest, out),
        [Token::LBracket, ..] => subscript(tokens, out),
        [Token::LParen, ..] => parenthesis(tokens, out),
        [Token::Plus | Token::Minus, interval, Token::SingleQuotedString(_), ..]
            if is(interval, "interval") && !out.is_empty() =>
        {
            let [sign, _, length, ..] = tokens else { return 1 };
            wrap(out, "time_shift", &[&format!("'{sign}'"), &plain(length)]);
            3
        }
        [interval, Token::SingleQuotedString(_), ..] if is(interval, "interval") => 1,
        [operator, Token::LParen, rest @ ..] if is(operator, "operator") => {
            2 + operator_len(rest, out)
        }
        [collate, Token::Word(_), Token::Period, Token::Word(_), ..] if is(collate, "collate") => 4,
        [schema, Token::Period, Token::Word(name), Token::LParen, ..]
            if is_any(schema, &SCHEMAS) =>
        {
            call(&name.value, &tokens[3..], out).map_or_else(
                || {
                    out.push(name.to_string());
                    3
                },
                |len| 3 + len,
            )
        }
        [schema, Token::Period, ..] if is(schema, "public") => 2,
        [equals @ (Token::Eq | Token::Neq), any, Token::LParen, ..]
            if is_any(any, &["any", "some", "all"]) =>
        {
            2 + any_of(*equals == Token::Eq, &tokens[2..], out)
        }
        [array, Token::LParen | Token::LBracket, ..] if is(array, "array") => {
            1 + make_array(&tokens[1..], out)
        }
        [Token::Word(function), Token::LParen, ..] if function.quote_style.is_none() => {
            match call(&function.value, &tokens[1..], out) {
                Some(len) => 1 + len,
                None => {
                    out.push(function.to_string());
                    1
                }
            }
        }
        [Token::Word(name), rest @ ..] => {
            out.push(word(name, rest));
            1
        }
        [token, ..] => {
            out.push(plain(token));
            1
        }
        [] => 1,
    }
}

/// Where in what was written the last operand begins: a name with its dots, a value, or a group
/// with the function in front of it.
fn operand(out: &[String]) -> usize {
    let Some(mut at) = out.len().checked_sub(1) else { return 0 };
    if out[at] == ")" {
        let mut depth = 1_usize;
        while depth > 0 && at > 0 {
            at -= 1;
            depth += usize::from(out[at] == ")");
            depth -= usize::from(out[at] == "(");
        }
        let is_call = at > 0 && is_name(&out[at - 1]);
        at -= usize::from(is_call);
    }
    while at >= 2 && out[at - 1] == "." {
        at -= 2;
    }
    at
}

/// Whether it can be the name of a function: not of an operator or a clause.
fn is_name(word: &str) -> bool {
    const OTHERS: [&str; 16] = [
        "and", "or", "not", "in", "is", "like", "when", "then", "else", "select", "where", "on",
        "having", "by", "distinct", "between",
    ];
    word.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"')
        && !OTHERS.iter().any(|other| word.eq_ignore_ascii_case(other))
}

/// Makes the last operand the first argument of a function.
fn wrap(out: &mut Vec<String>, function: &str, further: &[&str]) {
    let start = operand(out);
    out.insert(start, "(".to_owned());
    out.insert(start, function.to_owned());
    for argument in further {
        out.push(",".to_owned());
        out.push((*argument).to_owned());
    }
    out.push(")".to_owned());
}

/// The type behind `::`: names with dots, a length, brackets.
fn cast(tokens: &[Token], out: &mut Vec<String>) -> usize {
    let mut at = 0;
    while let [Token::Word(_), Token::Period, ..] = &tokens[at..] {
        at += 2;
    }
    let ty = match tokens.get(at) {
        Some(Token::Word(word)) => word.value.to_ascii_lowercase(),
        _ => return at,
    };
    at += 1;
    if tokens.get(at).is_some_and(|token| is_any(token, &["precision", "varying"])) {
        at += 1;
    }
    if tokens.get(at) == Some(&Token::LParen) {
        at += step(&tokens[at..]);
    }
    let mut is_array = false;
    while let Some([Token::LBracket, Token::RBracket]) = tokens.get(at..at + 2) {
        (at, is_array) = (at + 2, true);
    }
    if !is_array && !out.is_empty() {
        converted(&ty, out);
    }
    at
}

fn converted(ty: &str, out: &mut Vec<String>) {
    match (ty, cast_to(ty)) {
        ("regclass", _) => wrap(out, "to_regclass", &[]),
        ("text" | "varchar", _) => wrap(out, "to_text", &[]),
        (_, Kind::Int4 | Kind::Int8) => wrap(out, "to_int", &[]),
        (_, Kind::Float8) => wrap(out, "to_float", &[]),
        (_, Kind::Bool) => wrap(out, "to_bool", &[]),
        (_, Kind::Time) => wrap(out, "to_time", &[]),
        // Other types are their text.
        _ => {}
    }
}

/// `[n]` behind an array.
fn subscript(tokens: &[Token], out: &mut Vec<String>) -> usize {
    let len = step(tokens);
    let index = translated(inner(&tokens[..len])).join(" ");
    if !out.is_empty() {
        wrap(out, "array_item", &[&index]);
    }
    len
}

/// A group; `(x).part` of a row is nothing, as no row that can be asked for has parts.
fn parenthesis(tokens: &[Token], out: &mut Vec<String>) -> usize {
    let len = step(tokens);
    let (group, behind) = tokens.split_at(len);
    if let [Token::Period, Token::Word(_), ..] = behind {
        out.push("NULL".to_owned());
        return len + 2;
    }
    if let Some(names) = names_of_columns(inner(group), behind, out) {
        return len + names;
    }
    out.push("(".to_owned());
    1
}

/// `(query) AS name (columns)`: SQLite gives names to columns in WITH only. Says how long the names
/// are.
fn names_of_columns(query: &[Token], behind: &[Token], out: &mut Vec<String>) -> Option<usize> {
    if !query.first().is_some_and(|token| is_any(token, &["select", "values", "with"])) {
        return None;
    }
    let at = usize::from(behind.first().is_some_and(|token| is(token, "as")));
    let [Token::Word(name), columns @ ..] = &behind[at..] else { return None };
    if columns.first() != Some(&Token::LParen) || !is_name(&name.value) {
        return None;
    }
    let len = step(columns);
    let columns = translated(&columns[..len]).join(" ");
    let query = translated(query).join(" ");
    out.push(format!("( WITH {name} {columns} AS ( {query} ) SELECT * FROM {name} ) AS {name}"));
    Some(at + 1 + len)
}

/// `= ANY (array)` and `<> ALL (array)`, of which PostgreSQL's own form with a query is IN.
fn any_of(is_in: bool, group: &[Token], out: &mut Vec<String>) -> usize {
    let len = step(group);
    let list = inner(&group[..len]);
    out.push(if is_in { "IN" } else { "NOT IN" }.to_owned());
    let asks = list.first().is_some_and(|token| is_any(token, &["select", "values", "with"]));
    let list = translated(list).join(" ");
    out.push(match asks {
        true => format!("( {list} )"),
        false => format!("( SELECT value FROM json_each ( array_json ( {list} ) ) )"),
    });
    len
}

/// `ARRAY[...]`; of a query nothing is known.
fn make_array(group: &[Token], out: &mut Vec<String>) -> usize {
    let len = step(group);
    out.push(match group[0] {
        Token::LBracket => format!("array_of ( {} )", translated(inner(&group[..len])).join(" ")),
        _ => "NULL".to_owned(),
    });
    len
}

/// Functions whose arguments stand between key words; says how long the arguments are.
fn call(function: &str, group: &[Token], out: &mut Vec<String>) -> Option<usize> {
    let len = step(group);
    let arguments = inner(&group[..len]);
    // Where there are no such words, the arguments are translated with everything else.
    let between = |words: &'static [&'static str]| {
        let parts = split(arguments, move |token| is_any(token, words));
        let translate = |part| translated(part).join(" ");
        (parts.len() > 1).then(|| parts.into_iter().map(translate).collect::<Vec<_>>())
    };
    let written = match function.to_ascii_lowercase().as_str() {
        "extract" => {
            let parts = between(&["from"])?;
            format!("date_part ( '{}' , {} )", parts[0].trim_matches('\''), parts[1])
        }
        "substring" => format!("substring ( {} )", between(&["from", "for"])?.join(" , ")),
        "position" => {
            let parts = between(&["in"])?;
            format!("instr ( {} , {} )", parts[1], parts[0])
        }
        "trim" => {
            let parts = between(&["from"])?;
            let what = parts[0].trim_start_matches(|c: char| c.is_alphabetic()).trim();
            match what {
                "" => format!("trim ( {} )", parts[1]),
                what => format!("trim ( {} , {what} )", parts[1]),
            }
        }
        "generate_series" => return series(arguments, &group[len..], out).map(|more| len + more),
        "string_to_array" => {
            return table(function, arguments, &group[len..], out).map(|more| len + more);
        }
        _ => return None,
    };
    out.push(written);
    Some(len)
}

/// `generate_series(a, b) AS s(n)`, as a query; says how long its names are.
fn series(arguments: &[Token], behind: &[Token], out: &mut Vec<String>) -> Option<usize> {
    let parts = split(arguments, |token| *token == Token::Comma);
    let [from, to] = parts.as_slice() else { return None };
    let (from, to) = (translated(from).join(" "), translated(to).join(" "));
    let as_len = usize::from(behind.first().is_some_and(|token| is(token, "as")));
    let (table, column, len) = match &behind[as_len..] {
        [Token::Word(table), Token::LParen, Token::Word(column), Token::RParen, ..] => {
            (table.to_string(), column.to_string(), as_len + 4)
        }
        [Token::Word(name), ..] if as_len > 0 => (name.to_string(), name.to_string(), 2),
        _ => ("generate_series".to_owned(), "generate_series".to_owned(), 0),
    };
    // Each bound is written once: it may hold another series.
    out.push(format!(
        "( WITH RECURSIVE bounds ( a , b ) AS ( SELECT {from} , {to} ) , series ( n ) AS ( \
         SELECT a FROM bounds WHERE a <= b UNION ALL \
         SELECT n + 1 FROM series , bounds WHERE n < b ) SELECT n AS {column} FROM series ) AS {table}"
    ));
    Some(len)
}

/// `function(...) AS name`, a table of one row, as a query; says how long the name is.
fn table(
    function: &str,
    arguments: &[Token],
    behind: &[Token],
    out: &mut Vec<String>,
) -> Option<usize> {
    let as_len = usize::from(behind.first().is_some_and(|token| is(token, "as")));
    let name = name(behind.get(as_len)?).filter(|name| is_name(name))?;
    let arguments = translated(arguments).join(" ");
    out.push(format!("( SELECT {function} ( {arguments} ) AS \"{name}\" ) AS \"{name}\""));
    Some(as_len + 1)
}

fn word(name: &Word, rest: &[Token]) -> String {
    if name.quote_style.is_some() {
        return name.to_string();
    }
    let named = |word: &str| name.value.eq_ignore_ascii_case(word);
    let is_part = matches!(rest, [Token::Period, ..]);
    let bare = BARE_FUNCTIONS.iter().find(|(bare, _)| named(bare) && !is_part);
    match bare {
        Some((_, function)) => format!("{function} ( )"),
        // A function of ours, as SQLite's LIKE knows no letters beyond ASCII.
        None if named("ilike") => "MATCH".to_owned(),
        // Columns that SQLite takes for key words or does not.
        None if named("user") || named("default") => format!("\"{}\"", name.value),
        None => name.to_string(),
    }
}

/// `OPERATOR(pg_catalog.~)`, from behind its parenthesis.
fn operator_len(tokens: &[Token], out: &mut Vec<String>) -> usize {
    let len = tokens.iter().take_while(|token| **token != Token::RParen).count();
    out.extend(tokens[..len].last().map(plain));
    (len + 1).min(tokens.len())
}

fn plain(token: &Token) -> String {
    match token {
        Token::Tilde => "REGEXP".to_owned(),
        Token::TildeAsterisk => "REGEXP '(?i)' ||".to_owned(),
        Token::ExclamationMarkTilde => "NOT REGEXP".to_owned(),
        Token::ExclamationMarkTildeAsterisk => "NOT REGEXP '(?i)' ||".to_owned(),
        Token::DoubleTilde => "LIKE".to_owned(),
        Token::DoubleTildeAsterisk => "MATCH".to_owned(),
        Token::ExclamationMarkDoubleTilde => "NOT LIKE".to_owned(),
        Token::ExclamationMarkDoubleTildeAsterisk => "NOT MATCH".to_owned(),
        Token::EscapedStringLiteral(text) | Token::SingleQuotedString(text) => {
            format!("'{}'", comparable(text).replace('\'', "''"))
        }
        token => token.to_string(),
    }
}

/// A time as dashboards write it, `2026-11-26T18:25:53Z`, in the spelling of the tables, so that
/// texts compare as times do.
fn comparable(text: &str) -> String {
    let bytes = text.as_bytes();
    let is_time = bytes.len() >= 20
        && bytes[10] == b'T'
        && bytes[bytes.len() - 1] == b'Z'
        && [4, 7].iter().all(|at| bytes[*at] == b'-')
        && bytes.iter().filter(|byte| byte.is_ascii_digit()).count() >= 14;
    match is_time.then(|| text.split_once('T')).flatten() {
        Some((day, clock)) => format!("{day} {}+00", clock.trim_end_matches('Z')),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_postgresql_become_those_of_sqlite() {
        for (text, expected) in [
            ("SELECT 1::int4, 'x'::pg_catalog.text", "SELECT to_int ( 1 ) , to_text ( 'x' )"),
            ("SELECT x::oid[] FROM pools", "SELECT x FROM pools"),
            ("SELECT d.x::numeric(10,2) FROM d", "SELECT to_float ( d . x ) FROM d"),
            ("SELECT max(a.b)::double precision, y", "SELECT to_float ( max ( a . b ) ) , y"),
            ("SELECT a, (b + c)::int::text", "SELECT a , to_text ( to_int ( ( b + c ) ) )"),
            ("WHERE (a)::bool", "WHERE to_bool ( ( a ) )"),
            ("a OPERATOR(pg_catalog.~) '^(b)$' COLLATE pg_catalog.default", "a REGEXP '^(b)$'"),
            ("a !~ 'b' OR a ILIKE 'c%'", "a NOT REGEXP 'b' OR a MATCH 'c%'"),
            ("a ~* 'b'", "a REGEXP '(?i)' || 'b'"),
            ("pg_catalog.quote_ident(a)", "quote_ident ( a )"),
            ("FROM pg_catalog.pg_class c", "FROM pg_catalog . pg_class c"),
            ("FROM public.pools", "FROM pools"),
            ("SELECT user FROM pools", "SELECT \"user\" FROM pools"),
            ("SELECT current_user, user", "SELECT current_user ( ) , current_user ( )"),
            (
                "FROM string_to_array(a, ',') s WHERE s[1] = 'b'",
                "FROM ( SELECT string_to_array ( a , ',' ) AS \"s\" ) AS \"s\" \
                 WHERE array_item ( s , 1 ) = 'b'",
            ),
            ("SELECT E'a\\nb', $1", "SELECT 'a\nb' , $1"),
            ("SELECT 'it''s' -- why", "SELECT 'it''s'"),
            ("SELECT ARRAY(SELECT (1)), array[1, 2], x", "SELECT NULL , array_of ( 1 , 2 ) , x"),
            ("(f(true))[1]", "array_item ( ( f ( true ) ) , 1 )"),
            ("a[b - 1] & 1", "array_item ( a , b - 1 ) & 1"),
            ("a = ANY($1)", "a IN ( SELECT value FROM json_each ( array_json ( $1 ) ) )"),
            ("a <> ALL(SELECT 1)", "a NOT IN ( SELECT 1 )"),
            ("now() - interval '1 hour'", "time_shift ( now ( ) , '-' , '1 hour' )"),
            ("extract(epoch from now())", "date_part ( 'epoch' , now ( ) )"),
            ("trim(both '\"' from a)", "trim ( a , '\"' )"),
            ("substring(a from 0 for 6)", "substring ( a , 0 , 6 )"),
            ("position('x' in a)", "instr ( a , 'x' )"),
            ("(f(x)).n AS y", "NULL AS y"),
            (
                "FROM (VALUES (1)) AS c(a)",
                "FROM ( WITH c ( a ) AS ( VALUES ( 1 ) ) SELECT * FROM c ) AS c",
            ),
            ("'2026-11-26T18:25:53.5Z'", "'2026-11-26 18:25:53.5+00'"),
        ] {
            assert_eq!(translate(&tokens(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_nested_is_written_once() {
        for [open, close] in [
            ["generate_series(", ", 1) AS s(n)"],
            ["a = ANY(ARRAY[", "])"],
            ["(SELECT extract(epoch from (", "))) AS c(d)"],
            ["(trim('x' from ", ")::int4)[1]"],
            ["trim(", ")"],
            ["substring(", ")"],
            ["position(", ")"],
        ] {
            let text = format!("{}1{}", open.repeat(60), close.repeat(60));
            let written = translate(&tokens(&text).unwrap());
            assert!(written.len() < 20 * text.len(), "{open}: {}", written.len());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_translated_or_refused(text in ".{0,100}") {
            let _ = tokens(&text).map(|tokens| translate(&tokens));
        }

        #[test]
        fn any_tokens_are_translated_or_refused(
            words in proptest::collection::vec(
                "(::|OPERATOR|ARRAY|ANY|=|-|interval|'1 h'|trim|extract|generate_series|from|,|[(]|[)]\
                 |[.]|pg_catalog|public|user|~|COLLATE|\\[|\\]|x|int4|precision)",
                0..16),
        ) {
            let _ = tokens(&words.join(" ")).map(|tokens| translate(&tokens));
        }
    }
}
