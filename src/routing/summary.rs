//! What a text does, in a few words: its operations, and the relations that each of them names.
//!
//! It is what OpenTelemetry's conventions call `db.query.summary`: `SELECT users orders`, `INSERT t
//! SELECT u`. It is for people who look at spans: it is read from tokens, by where words stand, and
//! decides nothing.

use super::shape::Shape;
use super::token::{Kind, Token};

/// The longest summary, bytes (OpenTelemetry, "Generating a summary of the query").
const LEN_MAX: usize = 255;

/// Words behind which a FROM item cannot follow a comma any more.
const ENDS_ITEMS: [&str; 16] = [
    "where",
    "group",
    "order",
    "having",
    "limit",
    "offset",
    "fetch",
    "for",
    "union",
    "intersect",
    "except",
    "window",
    "returning",
    "set",
    "values",
    "when",
];

/// Words that may stand in front of a relation's name.
const BEFORE_NAMES: [&str; 8] =
    ["only", "lateral", "table", "if", "not", "exists", "concurrently", "as"];

/// What CREATE, ALTER and DROP are about, if its name is worth saying.
const OBJECTS: [&str; 5] = ["table", "index", "view", "sequence", "function"];

/// Words up to there: `OR REPLACE TEMP VIEW`.
const BEFORE_OBJECT_MAX: usize = 4;

/// What one text does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Operations and relations in their order; empty if there is none.
    pub text: String,
    /// The operation, if there is one only.
    pub operation: Option<String>,
    /// The relation, if there is one only.
    pub collection: Option<String>,
}

/// The summary of `sql`, which may be any bytes.
#[must_use]
pub fn summary(sql: &[u8]) -> Summary {
    let mut reading = Reading {
        shape: Shape::new(sql),
        levels: vec![Level::default()],
        before: None,
        words: Words::default(),
    };
    while let Some(token) = reading.shape.next()
        && !token.kind.is_unclear()
    {
        reading.token(token);
        reading.before = Some(token);
    }
    reading.words.summary()
}

/// What may come next, within one pair of parentheses.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// An operation has begun.
    begun: bool,
    /// A relation's name comes next.
    name: Name,
    /// A comma brings another one.
    items: bool,
    /// FROM names a relation.
    from: bool,
    /// USING does, as in DELETE and MERGE.
    using: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Name {
    #[default]
    No,
    /// Of a relation.
    Relation,
    /// Of a relation, or of a function, which has a parenthesis behind it.
    Item,
}

/// Depths that are told apart; deeper ones are one.
const LEVELS_MAX: usize = 32;

struct Reading<'a> {
    shape: Shape<'a>,
    levels: Vec<Level>,
    before: Option<Token<'a>>,
    words: Words,
}

impl<'a> Reading<'a> {
    fn token(&mut self, token: Token<'a>) {
        match token.kind {
            Kind::Word if !self.is_after(".") => self.word(token),
            Kind::QuotedWord => self.maybe_name(token),
            Kind::Punctuation => self.punctuation(token),
            _ => {}
        }
    }

    fn punctuation(&mut self, token: Token<'_>) {
        let depth = self.levels.len();
        let level = self.level();
        match token.text {
            b"(" => {
                // `FROM (a JOIN b)`, or a query, whose SELECT ends the wait for a name.
                let items = level.name != Name::No;
                let inner = Level { name: level.name, items, ..Level::default() };
                level.name = Name::No;
                if depth < LEVELS_MAX {
                    self.levels.push(inner);
                }
            }
            b")" if depth > 1 => drop(self.levels.pop()),
            b"," if level.items => level.name = Name::Item,
            b";" => self.levels = vec![Level::default()],
            _ => {}
        }
    }

    fn word(&mut self, token: Token<'a>) {
        let is = |words: &[&str]| words.iter().any(|word| token.is_word(word));
        if self.begins(token) {
            return self.operation(token);
        }
        let after_distinct = self.before.is_some_and(|before| before.is_word("distinct"));
        let level = self.level();
        if is(&["from"]) && level.from && !after_distinct {
            (level.name, level.items) = (Name::Item, true);
        } else if is(&["join"]) && level.items || is(&["using"]) && level.using {
            level.name = Name::Item;
        } else if is(&["into"]) && level.begun {
            level.name = Name::Relation;
        } else if is(&ENDS_ITEMS) {
            (level.items, level.name) = (false, Name::No);
        } else if !is(&BEFORE_NAMES) {
            self.maybe_name(token);
        }
    }

    /// Whether an operation begins with this word.
    fn begins(&mut self, token: Token<'_>) -> bool {
        if token.is_word("select") {
            return !self.before.is_some_and(|before| before.is_word("as"));
        }
        let next = self.peek();
        let followed = |word: &str| next.is_some_and(|next| next.is_word(word));
        let is_first =
            self.levels.len() == 1 && self.before.is_none_or(|before| before.is_mark(";"));
        if token.is_word("with") || self.level().begun {
            return false;
        }
        match () {
            () if token.is_word("insert") || token.is_word("merge") => followed("into"),
            () if token.is_word("delete") => followed("from"),
            () if token.is_word("update") => {
                next.is_some_and(|next| matches!(next.kind, Kind::Word | Kind::QuotedWord))
            }
            () => is_first,
        }
    }

    fn operation(&mut self, token: Token<'_>) {
        let is = |words: &[&str]| words.iter().any(|word| token.is_word(word));
        let name = match () {
            () if is(&["update", "table", "copy", "lock", "truncate"]) => Name::Relation,
            () => Name::No,
        };
        *self.level() = Level {
            // What is explained is an operation itself.
            begun: !is(&["explain"]),
            name,
            items: is(&["truncate"]),
            from: is(&["select", "delete", "update"]),
            using: is(&["delete", "merge"]),
        };
        let mut said = String::from_utf8_lossy(token.text).into_owned();
        if is(&["create", "alter", "drop"]) {
            self.object(&mut said);
        }
        self.words.operation(said);
    }

    /// `CREATE UNIQUE INDEX` is said as `CREATE INDEX`.
    fn object(&mut self, said: &mut String) {
        let mut ahead = self.shape;
        for _ in 0..BEFORE_OBJECT_MAX {
            let Some(token) = ahead.next().filter(|token| token.kind == Kind::Word) else { return };
            if OBJECTS.iter().any(|object| token.is_word(object)) {
                said.push(' ');
                said.push_str(&String::from_utf8_lossy(token.text));
                self.shape = ahead;
                self.level().name = Name::Relation;
                return;
            }
        }
    }

    /// A name with its schema, if one is waited for.
    fn maybe_name(&mut self, first: Token<'a>) {
        let expected = std::mem::take(&mut self.level().name);
        if expected == Name::No {
            return;
        }
        let mut name = String::from_utf8_lossy(first.text).into_owned();
        let mut ahead = self.shape;
        while ahead.next().is_some_and(|token| token.is_mark("."))
            && let Some(token) = ahead.next()
            && matches!(token.kind, Kind::Word | Kind::QuotedWord)
        {
            name.push('.');
            name.push_str(&String::from_utf8_lossy(token.text));
            self.shape = ahead;
        }
        let is_function = self.peek().is_some_and(|token| token.is_mark("("));
        if expected == Name::Relation || !is_function {
            self.words.relation(name);
        }
    }

    fn peek(&self) -> Option<Token<'a>> {
        let mut ahead = self.shape;
        ahead.next()
    }

    fn is_after(&self, mark: &str) -> bool {
        self.before.is_some_and(|before| before.is_mark(mark))
    }

    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }
}

/// What was found.
#[derive(Default)]
struct Words {
    text: String,
    operations: Vec<String>,
    relations: Vec<String>,
}

impl Words {
    fn operation(&mut self, word: String) {
        if self.say(&word) {
            self.operations.push(word);
        }
    }

    fn relation(&mut self, name: String) {
        if self.say(&name) {
            self.relations.push(name);
        }
    }

    /// Whether there is room for it.
    fn say(&mut self, word: &str) -> bool {
        let fits = self.text.len() + 1 + word.len() <= LEN_MAX;
        if fits {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push_str(word);
        }
        fits
    }

    fn summary(mut self) -> Summary {
        let one = |list: &mut Vec<String>| if list.len() == 1 { list.pop() } else { None };
        let (operation, collection) = (one(&mut self.operations), one(&mut self.relations));
        Summary { text: self.text, operation, collection }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(sql: &str) -> String {
        summary(sql.as_bytes()).text
    }

    #[test]
    fn operations_and_relations_are_said_in_order() {
        for (sql, said) in [
            ("SELECT 1", "SELECT"),
            ("select * from users where id = $1", "select users"),
            (
                "SELECT a FROM public.users u, \"Orders\" AS o WHERE a IN (1, 2)",
                "SELECT public.users \"Orders\"",
            ),
            ("SELECT * FROM a JOIN b ON a.x = b.x, c", "SELECT a b c"),
            ("SELECT * FROM (a JOIN b USING (x)) LEFT JOIN c ON true", "SELECT a b c"),
            ("SELECT * FROM (SELECT * FROM a) b ORDER BY x, y", "SELECT SELECT a"),
            ("SELECT (SELECT max(x) FROM b) FROM a", "SELECT SELECT b a"),
            ("SELECT * FROM generate_series(1, 2) g, t", "SELECT t"),
            ("SELECT extract(epoch FROM x), trim(both FROM y) FROM t", "SELECT t"),
            ("SELECT a IS DISTINCT FROM b FROM t", "SELECT t"),
            ("SELECT * FROM t FOR UPDATE", "SELECT t"),
            ("SELECT t.from, t.select FROM t", "SELECT t"),
            ("INSERT INTO t (a, b) VALUES (1, 2), (3, 4)", "INSERT t"),
            ("INSERT INTO t SELECT * FROM u ON CONFLICT DO UPDATE SET a = 1", "INSERT t SELECT u"),
            ("UPDATE t SET a = 1, b = 2 FROM u WHERE true", "UPDATE t u"),
            ("UPDATE ONLY t SET a = 1", "UPDATE t"),
            ("DELETE FROM t USING u WHERE t.x = u.x", "DELETE t u"),
            ("MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", "MERGE t u"),
            ("WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x", "DELETE a SELECT x"),
            ("EXPLAIN ANALYZE SELECT * FROM t", "EXPLAIN SELECT t"),
            ("BEGIN; SELECT 1; COMMIT", "BEGIN SELECT COMMIT"),
            ("SET search_path = x", "SET"),
            ("COPY t FROM STDIN", "COPY t"),
            ("COPY (SELECT * FROM t) TO STDOUT", "COPY SELECT t"),
            ("CREATE TEMP TABLE IF NOT EXISTS t (a int)", "CREATE TABLE t"),
            ("create unique index concurrently i on t (a)", "create index i"),
            ("ALTER TABLE t ADD x int", "ALTER TABLE t"),
            ("DROP ROLE r", "DROP"),
            ("TRUNCATE a, b", "TRUNCATE a b"),
            ("VALUES (1), (2)", "VALUES"),
            ("SELECT 'it''s' FROM t", "SELECT t"),
            ("", ""),
            ("'", ""),
        ] {
            assert_eq!(of(sql), said, "{sql}");
        }
    }

    #[test]
    fn what_is_there_once_is_said_apart() {
        let one = summary(b"SELECT * FROM t");
        assert_eq!(
            (one.operation.as_deref(), one.collection.as_deref()),
            (Some("SELECT"), Some("t"))
        );
        let more = summary(b"INSERT INTO t SELECT * FROM u");
        assert_eq!((more.operation, more.collection), (None, None));
    }

    #[test]
    fn a_summary_has_its_length() {
        let names: Vec<_> = (0..500).map(|n| format!("table_{n}")).collect();
        assert!(
            (200..=LEN_MAX).contains(&of(&format!("SELECT * FROM {}", names.join(", "))).len())
        );
    }

    proptest! {
        #[test]
        fn any_bytes_have_one(sql: Vec<u8>) {
            prop_assert!(summary(&sql).text.len() <= LEN_MAX);
        }

        #[test]
        fn any_soup_of_words_has_one(
            words in prop::collection::vec(
                "select|from|\\(|\\)|,|join|a|\"b\"|update|delete|with|as|;|into|'x'|7",
                0..40,
            ),
        ) {
            let text = of(&words.join(" "));
            prop_assert!(!text.contains('\'') && !text.contains('7'), "{text}");
        }
    }
}
