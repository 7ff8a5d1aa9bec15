//! The rules, each a function from a file to what is wrong with it.

use super::architecture::Architecture;
use super::source::Source;

/// A longer file has a second noun in it.
pub const MAX_LINES: usize = 400;

/// rustfmt keeps code to 100; this is for comments, strings and tables.
pub const MAX_COLUMNS: usize = 110;

/// The floors that are pure.
const PURE: std::ops::RangeInclusive<u32> = 0..=1;

/// What a pure module must not name, and what it should do instead.
const IMPURE: &[(&str, &str)] = &[
    ("tokio", "leave I/O and tasks to floor 3"),
    ("Instant::now", "take `now: Instant` as an argument"),
    ("SystemTime", "take the time as an argument"),
    ("std::net", "leave sockets to `net`"),
    ("rand::", "take random bytes as an argument"),
];

/// Words that promise work to come: the issue tracker is the place for it.
const PROMISES: &[&str] = &["todo!", "TODO", "FIXME", "XXX"];

/// Where memory is shared with the kernel, which Rust cannot see.
const UNSAFE: &str = "src/net/uring/";

/// All that is wrong with a file, as `path:line: what; what to do`.
pub fn faults(source: &Source, house: &Architecture, long: &[(&str, usize)]) -> Vec<String> {
    [
        opening(source),
        length(source, long),
        width(source),
        promises(source),
        unsafety(source),
        arrows(source, house),
        purity(source, house),
    ]
    .concat()
}

fn opening(source: &Source) -> Vec<String> {
    if source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![fault(source, 1, "no `//!` line", "open it with one sentence on what it is")]
}

fn length(source: &Source, long: &[(&str, usize)]) -> Vec<String> {
    let exception = long.iter().find(|(path, _)| *path == source.path);
    let limit = exception.map_or(MAX_LINES, |(_, limit)| *limit);
    if source.lines <= limit {
        return Vec::new();
    }
    let what = format!("{} lines before its tests, {limit} are allowed", source.lines);
    vec![fault(source, source.lines, &what, "move one of its nouns to a file of its own")]
}

fn width(source: &Source) -> Vec<String> {
    // A table's row cannot be broken.
    let is_row = |line: &str| line.trim_start_matches(['/', '!', ' ']).starts_with('|');
    let wide = |line: &str| line.chars().count() > MAX_COLUMNS && !is_row(line);
    on_lines(source, &source.text, wide, "more than 110 columns", "break the line")
}

fn promises(source: &Source) -> Vec<String> {
    let promise = |line: &str| PROMISES.iter().any(|word| has_word(line, word));
    on_lines(source, &source.text, promise, "a promise of work to come", "do it, or open an issue")
}

fn unsafety(source: &Source) -> Vec<String> {
    if source.path.starts_with(UNSAFE) {
        return Vec::new();
    }
    let has_unsafe = |line: &str| has_word(line, "unsafe");
    on_lines(source, &source.code, has_unsafe, "`unsafe`", "find a safe crate or another way")
}

fn arrows(source: &Source, house: &Architecture) -> Vec<String> {
    let Some(from) = source.module() else { return Vec::new() };
    let named = source.names().into_iter();
    // What is no module is an item of the crate's root: a macro.
    let modules = named.filter(|(_, to)| house.floor(to).is_some());
    modules
        .filter(|(_, to)| !house.may_name(from, to))
        .map(|(line, to)| {
            let what = format!("`{from}` names `{to}`, and arrows only go down");
            fault(source, line, &what, "take what is needed as an argument, or move it down")
        })
        .collect()
}

fn purity(source: &Source, house: &Architecture) -> Vec<String> {
    let floor = source.module().and_then(|module| house.floor(module));
    if !floor.is_some_and(|floor| PURE.contains(&floor)) {
        return Vec::new();
    }
    let faults_of = |(word, instead): &(&str, &str)| {
        let what = format!("`{word}` in a pure module");
        on_lines(source, &source.code, |line| has_word(line, word), &what, instead)
    };
    IMPURE.iter().flat_map(faults_of).collect()
}

fn on_lines(
    source: &Source,
    text: &str,
    is_wrong: impl Fn(&str) -> bool,
    what: &str,
    instead: &str,
) -> Vec<String> {
    let lines = text.lines().enumerate().filter(|(_, line)| is_wrong(line));
    lines.map(|(at, _)| fault(source, at + 1, what, instead)).collect()
}

/// `word` with nothing before or behind it that would make it another one.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let closed = |c: Option<char>| !c.is_some_and(part_of_word);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let behind = line[at + word.len()..].chars().next();
        closed(before) && (!word.ends_with(part_of_word) || closed(behind))
    })
}

fn fault(source: &Source, line: usize, what: &str, instead: &str) -> String {
    format!("{}:{line}: {what}; {instead}", source.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "floor 4  house    main  app  may name anything below\n\
        floor 3  workers  client -> server  tasks\n\
        floor 2  wires    net  sockets\n\
        floor 1  rules    session  pool  pure\n\
        floor 0  bytes    protocol  pure\n";

    /// The faults of a file that has its opening line.
    fn of(path: &str, code: &str) -> Vec<String> {
        let source = Source::new(path, &format!("//! A file.\n{code}\n"));
        faults(&source, &Architecture::parse(TABLE), &[("src/net/long.rs", 500)])
    }

    fn check(path: &str, code: &str, expected: &str) {
        let found = of(path, code);
        assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:?}");
    }

    #[test]
    fn a_tidy_file_has_no_fault() {
        assert_eq!(of("src/session/x.rs", "use crate::protocol::Frame;"), [""; 0]);
        assert_eq!(
            of("src/client/x.rs", "use crate::{server, net, pool};\nuse tokio::net;"),
            [""; 0]
        );
        assert_eq!(
            of("src/session/x.rs", "// how tokio's unsafe code does it: Instant::now"),
            [""; 0]
        );
        assert_eq!(of("src/session/x.rs", "// SQLSTATE XX000\nfn f(operand: u8) {}"), [""; 0]);
        assert_eq!(of("src/lib.rs", "pub use crate::app;"), [""; 0]);
        assert_eq!(of("src/session/x.rs", "#[cfg(test)]\nmod tests { use crate::net; }"), [""; 0]);
    }

    #[test]
    fn a_file_opens_with_a_sentence() {
        let source = Source::new("src/net/x.rs", "use std::io;\n");
        let found = faults(&source, &Architecture::parse(TABLE), &[]);
        assert!(found[0].contains("no `//!` line"), "{found:?}");
    }

    #[test]
    fn arrows_that_go_up_or_across_are_found() {
        check("src/session/x.rs", "use crate::net::Stream;", "x.rs:2: `session` names `net`");
        check("src/session/x.rs", "use crate::{\n protocol,\n pool};", "`session` names `pool`");
        check("src/server/x.rs", "fn f(_: crate::client::X) {}", "`server` names `client`");
    }

    #[test]
    fn impurity_is_found_on_the_lower_floors_only() {
        for code in [
            "use tokio::sync::Mutex;",
            "let t = Instant::now();",
            "use std::time::SystemTime;",
            "use std::net::IpAddr;",
            "rand::rng();",
        ] {
            check("src/session/x.rs", code, "in a pure module");
            assert_eq!(of("src/net/x.rs", code), [""; 0]);
        }
    }

    #[test]
    fn size_is_found() {
        check("src/net/x.rs", &"\n".repeat(MAX_LINES), "lines before its tests");
        assert_eq!(of("src/net/long.rs", &"\n".repeat(MAX_LINES)), [""; 0]);
        check("src/net/x.rs", &format!("// {}", "x".repeat(MAX_COLUMNS)), "x.rs:2: more than 110");
        assert_eq!(of("src/net/x.rs", &format!("//! | {} |", "x".repeat(MAX_COLUMNS))), [""; 0]);
    }

    #[test]
    fn promises_and_unsafe_are_found() {
        check("src/net/x.rs", "// TODO: later", "a promise");
        check("src/net/x.rs", "fn f() { todo!() }", "a promise");
        check("src/net/x.rs", "let x = unsafe { y };", "`unsafe`");
        assert_eq!(of("src/net/uring/x.rs", "let x = unsafe { y };"), [""; 0]);
    }
}
