//! One source file, as the rules look at it.

/// A file of `src/`.
pub struct Source {
    /// `src/session/pipeline.rs`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Its code without tests, comments and the insides of strings; as many lines as the file has before
    /// its tests.
    pub code: String,
    /// How many lines it has before its tests.
    pub lines: usize,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let before_tests = if is_test_file(path) { "" } else { without_tests(text) };
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
            code: without_words(before_tests),
            lines: before_tests.lines().count(),
        }
    }

    /// `session` of `src/session/pipeline.rs`; `None` for `lib.rs`, which names everything.
    pub fn module(&self) -> Option<&str> {
        let module = self.path.strip_prefix("src/")?.split('/').next()?.trim_end_matches(".rs");
        (module != "lib").then_some(module)
    }

    /// The modules of this crate that the code names, with the number of the line: `crate::pool`,
    /// `use crate::{pool, net::Stream}`.
    pub fn names(&self) -> Vec<(usize, String)> {
        let places = self.code.match_indices("crate::");
        let whole = places.filter(|(at, _)| !ends_in_word(&self.code[..*at]));
        whole
            .flat_map(|(at, path)| {
                let line = self.code[..at].matches('\n').count() + 1;
                roots(&self.code[at + path.len()..]).into_iter().map(move |root| (line, root))
            })
            .collect()
    }
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/")
}

/// Tests stand last in a file.
fn without_tests(text: &str) -> &str {
    let starts = ["\n#[cfg(test)]\nmod ", "\n#[cfg(test)]\n#["];
    let first = starts.iter().filter_map(|start| text.find(start)).min();
    &text[..first.map_or(text.len(), |at| at + 1)]
}

fn ends_in_word(text: &str) -> bool {
    text.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')
}

/// What stands first in the path, or in each path of the group, that begins here.
fn roots(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else { return word(rest).into_iter().collect() };
    let mut depth = 0;
    let mut at_start = true;
    let mut roots = Vec::new();
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            c if at_start && !c.is_whitespace() => {
                roots.extend(word(&group[at..]));
                at_start = false;
            }
            _ => {}
        }
    }
    roots
}

fn word(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// Leaves out comments and the insides of strings; lines stay where they are.
fn without_words(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = skipped(rest);
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

/// How many bytes of a comment or a literal begin here; 0 where code does.
fn skipped(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if rest.starts_with('"') {
        return quoted(rest);
    }
    if rest.starts_with("r\"") || rest.starts_with("r#") {
        return raw(rest);
    }
    character(rest)
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// `r#"..."#`; not the raw name `r#type`.
fn raw(rest: &str) -> usize {
    let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
    if !rest[1 + hashes..].starts_with('"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let begin = 2 + hashes;
    rest[begin..].find(&close).map_or(rest.len(), |end| begin + end + close.len())
}

/// `'"'` and `'\''`; not the lifetime `'a`.
fn character(rest: &str) -> usize {
    let Some(inside) = rest.strip_prefix('\'') else { return 0 };
    if inside.starts_with('\\') {
        return inside[2..].find('\'').map_or(0, |end| end + 4);
    }
    match inside.chars().next() {
        Some(c) if inside[c.len_utf8()..].starts_with('\'') => c.len_utf8() + 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(usize, String)> {
        Source::new("src/session/x.rs", text).names()
    }

    #[test]
    fn paths_are_found_in_every_spelling() {
        let text = "use crate::pool;\nuse crate::{\n    net::{Stream, tls},\n    ids,\n};\nfn f(x: crate::auth::X) {}\n";
        let found: Vec<_> =
            names(text).into_iter().map(|(line, name)| format!("{line} {name}")).collect();
        assert_eq!(found, ["1 pool", "2 net", "2 ids", "6 auth"]);
    }

    #[test]
    fn what_is_not_code_is_not_looked_at() {
        assert!(
            names("//! [`crate::pool`]\n/* crate::net */\nconst X: &str = \"crate::net\";\n")
                .is_empty()
        );
        assert!(
            names("const X: &str = r#\"\"crate::net\"\"#;\nuse other_crate::net;\n").is_empty()
        );
        assert!(names("fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::net;\n}\n").is_empty());
    }

    #[test]
    fn quotes_do_not_hide_what_follows() {
        assert_eq!(names("const Q: char = '\"';\nuse crate::pool;\n").len(), 1);
        assert_eq!(names("const Q: char = '\\'';\nuse crate::pool;\n").len(), 1);
        assert_eq!(names("fn f<'a>(x: &'a str) {}\nuse crate::pool;\n").len(), 1);
        assert_eq!(names("const Q: &str = \"\\\\\";\nuse crate::pool;\n").len(), 1);
        assert_eq!(names("let r#type = 1;\nuse crate::pool;\n").len(), 1);
    }

    #[test]
    fn lines_before_the_tests_count() {
        let source =
            Source::new("src/ids.rs", "//! x\n\nfn f() {}\n\n#[cfg(test)]\nmod tests {}\n");
        assert_eq!(source.lines, 4);
        assert_eq!(source.module(), Some("ids"));
        assert_eq!(Source::new("src/pool/core/tests.rs", "//! x\n").lines, 0);
    }
}
