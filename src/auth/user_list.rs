//! The users of PgBouncer's `auth_file`: a name and a secret on each line.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{MalformedSecret, Secret};

/// Users and what is known of their passwords.
#[derive(Debug, Default)]
pub struct UserList {
    users: HashMap<Box<str>, Arc<Secret>>,
}

impl UserList {
    /// The longest user name, as in PgBouncer (`MAX_USERNAME`); PostgreSQL's own are half as long.
    pub const MAX_NAME_BYTES: usize = 127;

    /// Parses a file (PgBouncer's manual, "Authentication file format").
    ///
    /// A line is `"name" "secret"`, where `""` stands for a quote. Whatever follows is passed over,
    /// as are empty lines and those that begin with `;`. Stricter than PgBouncer in one thing: a
    /// user may not be there twice, since nobody can see which of the two counts.
    ///
    /// # Errors
    /// Every line that is wrong, in order. No error shows a line's text.
    pub fn parse(text: &str) -> Result<Self, Vec<LineError>> {
        let mut list = Self::default();
        let mut lines = HashMap::new();
        let mut errors = Vec::new();
        for (line, text) in (1..).zip(text.lines().map(str::trim_start)) {
            if text.is_empty() || text.starts_with(';') {
                continue;
            }
            if let Err(problem) = list.add(text, line, &mut lines) {
                errors.push(LineError { line, problem });
            }
        }
        if errors.is_empty() { Ok(list) } else { Err(errors) }
    }

    fn add(
        &mut self,
        text: &str,
        line: usize,
        lines: &mut HashMap<Box<str>, usize>,
    ) -> Result<(), Problem> {
        let (name, secret) = user(text)?;
        match lines.entry(name.clone()) {
            Entry::Occupied(first) => return Err(Problem::Twice { line: *first.get() }),
            Entry::Vacant(free) => free.insert(line),
        };
        self.users.insert(name, Arc::new(secret));
        Ok(())
    }

    /// What is known of a user.
    pub fn secret(&self, user: &str) -> Option<&Arc<Secret>> {
        self.users.get(user)
    }

    /// All users, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Secret>)> {
        self.users.iter().map(|(name, secret)| (&**name, secret))
    }

    /// The number of users.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there is no user.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }
}

/// A line that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// The line's number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No quote where the name must begin.
    #[error("expected a user name in double quotes")]
    NoName,
    /// No quote where the secret must begin.
    #[error("expected a password or secret in double quotes after the user name")]
    NoSecret,
    /// A quote that has no partner on its line.
    #[error("a double quote is not closed")]
    Open,
    /// The name has no bytes, or too many.
    #[error("user name is not 1 to {} bytes long", UserList::MAX_NAME_BYTES)]
    NameLength,
    /// The secret is none.
    #[error(transparent)]
    Secret(#[from] MalformedSecret),
    /// The user was there before.
    #[error("the user is already on line {line}")]
    Twice {
        /// Where it was.
        line: usize,
    },
}

fn user(text: &str) -> Result<(Box<str>, Secret), Problem> {
    let (name, rest) = quoted(text, Problem::NoName)?;
    let (secret, _) = quoted(rest.trim_start(), Problem::NoSecret)?;
    if !(1..=UserList::MAX_NAME_BYTES).contains(&name.len()) {
        return Err(Problem::NameLength);
    }
    Ok((name.as_str().into(), Secret::parse(&secret)?))
}

/// What the quotes at the start of `text` hold, and what follows them.
fn quoted(text: &str, missing: Problem) -> Result<(Zeroizing<String>, &str), Problem> {
    let mut rest = text.strip_prefix('"').ok_or(missing)?;
    // Never longer than the text: it does not grow, and so leaves no copies behind.
    let mut value = Zeroizing::new(String::with_capacity(text.len()));
    loop {
        let (part, after) = rest.split_once('"').ok_or(Problem::Open)?;
        value.push_str(part);
        match after.strip_prefix('"') {
            None => return Ok((value, after)),
            Some(after) => {
                value.push('"');
                rest = after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Password;
    use super::*;

    fn assert_plain(list: &UserList, user: &str, expected: &str) {
        match &**list.secret(user).unwrap() {
            Secret::Plain(password) => {
                assert!(password.matches(&Password::new(expected.as_bytes())), "{user}");
            }
            other => panic!("{user} has {other:?}"),
        }
    }

    #[test]
    fn a_file_as_pgbouncer_reads_it() {
        let list = UserList::parse(concat!(
            "; users of the shop\n",
            "\n",
            "\"ann\" \"pencil\"\n",
            "  \"bob\"\t\"md50123456789abcdef0123456789abcdef\"\r\n",
            "\"carl \"\"the saw\"\"\" \"a \"\"quoted\"\" ; word\" \"2026-01-01\" ; old field\n",
            "\"dora\" \"\"\n",
            "\"eve\"\"\"\"\" \"two quotes\"",
        ))
        .unwrap();
        assert_eq!(list.len(), 5);
        assert_plain(&list, "ann", "pencil");
        assert_plain(&list, "carl \"the saw\"", "a \"quoted\" ; word");
        assert_plain(&list, "dora", "");
        assert_plain(&list, "eve\"\"", "two quotes");
        assert!(matches!(**list.secret("bob").unwrap(), Secret::Md5(_)));
        assert!(list.secret("Ann").is_none());
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_without_its_text() {
        let long = "x".repeat(UserList::MAX_NAME_BYTES + 1);
        let text = format!(
            "ann \"pencil\"\n\"ann\" pencil\n\"ann\n\"ann\" \"pencil\n\"\" \"pencil\"\n\
             \"{long}\" \"pencil\"\n\"bob\" \"SCRAM-SHA-256$pencil\"\n\
             \"ann\" \"pencil\"\n\"ann\" \"pencil\"\n"
        );
        let errors = UserList::parse(&text).unwrap_err();
        let problems: Vec<_> = errors.iter().map(|error| (error.line, &error.problem)).collect();
        assert_eq!(
            problems,
            [
                (1, &Problem::NoName),
                (2, &Problem::NoSecret),
                (3, &Problem::Open),
                (4, &Problem::Open),
                (5, &Problem::NameLength),
                (6, &Problem::NameLength),
                (7, &Problem::Secret(MalformedSecret::Scram)),
                (9, &Problem::Twice { line: 8 }),
            ]
        );
        assert_eq!(errors[7].to_string(), "line 9: the user is already on line 8");
        assert!(!format!("{errors:?}").contains("pencil"));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "([\"; a-b]|\n|\\PC){0,60}") {
            let _ = UserList::parse(&text);
        }

        #[test]
        fn any_name_and_password_come_back(name in "\\PC{1,20}", password in "\\PC{0,40}") {
            let quote = |text: &str| text.replace('"', "\"\"");
            let list = UserList::parse(&format!("\"{}\" \"{}\"", quote(&name), quote(&password)));
            prop_assert_eq!(list.is_ok(), !password.starts_with("SCRAM-SHA-256$"));
            prop_assert!(list.is_err() || list.unwrap().secret(&name).is_some());
        }
    }
}
