//! A role that a comment of the statement asks for: `/* pgweir.role=primary */`.

use super::ask::role_of;
use super::lexer::Lexer;
use super::policy::Role;
use memchr::{memchr2_iter, memmem};

/// What the comment says before the role.
const NAME: &[u8] = b"pgweir.role";

/// The role that a comment in `sql`, which may be any bytes, asks for. The first such comment counts,
/// wherever it stands; in a string the same letters are no hint.
///
/// A text without a comment costs one search for what begins one. sqlcommenter's quotes and commas are
/// understood (`/*app='shop',pgweir.role='replica'*/`).
#[must_use]
pub fn role(sql: &[u8]) -> Option<Role> {
    if !may_have_comment(sql) {
        return None;
    }
    memmem::find(sql, NAME)?;
    let mut lexer = Lexer::new(sql);
    let mut behind = 0;
    loop {
        let token = lexer.next();
        let ahead = token.map_or(sql.len(), |token| lexer.position() - token.text.len());
        if let Some(role) = said(&sql[behind..ahead]) {
            return Some(role);
        }
        token?;
        behind = lexer.position();
    }
}

/// Two letters that begin a comment, if not in a string or a name.
fn may_have_comment(sql: &[u8]) -> bool {
    memchr2_iter(b'/', b'-', sql).any(|at| {
        let two = sql.get(at..at + 2);
        two.is_some_and(|two| matches!(two, b"/*" | b"--"))
    })
}

/// What stands between two tokens is blank, or a comment.
fn said(gap: &[u8]) -> Option<Role> {
    let at = memmem::find(gap, NAME)?;
    let rest = gap[at + NAME.len()..].trim_ascii_start();
    let value = rest.strip_prefix(b"=")?.trim_ascii_start();
    let value = value.strip_prefix(b"'").unwrap_or(value);
    let len = value.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    role_of(std::str::from_utf8(&value[..len]).ok()?)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_comment_anywhere_is_a_hint() {
        for (sql, expected) in [
            ("/* pgweir.role=primary */ SELECT 1", Some(Role::Primary)),
            ("SELECT 1 /*app='shop',pgweir.role='replica'*/", Some(Role::Replica)),
            ("SELECT 1 -- pgweir.role = Primary", Some(Role::Primary)),
            ("SELECT /*pgweir.role=auto*/ 1", None),
            ("SELECT /*pgweir.role=both*/ 1", None),
            ("SELECT /*pgweir.role*/ 1", None),
            ("SELECT '/* pgweir.role=primary */'", None),
            ("SELECT pgweir.role = primary", None),
            ("SELECT 1", None),
        ] {
            assert_eq!(role(sql.as_bytes()), expected, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(mut sql: Vec<u8>, at: usize) {
            let at = at % (sql.len() + 1);
            sql.splice(at..at, b"pgweir.role=".iter().copied());
            let _ = role(&sql);
        }
    }
}
