//! What a database answers to [`load`](super::load), row by row.

/// One row: a text for each column, or NULL.
pub type Row = Vec<Option<String>>;

/// A row that no question of ours can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer cannot be understood: {0:?}")]
pub struct NotUnderstood(Row);

/// The views among the relations in `rows`, whose texts are still to be asked for. PostgreSQL's own
/// only read.
#[must_use]
pub fn views_in(rows: &[Row]) -> Vec<u32> {
    let view = |row: &Row| match row.iter().map(Option::as_deref).collect::<Vec<_>>()[..] {
        [Some("relation"), Some(oid), Some(schema), _, Some("v"), _] => {
            let oid = oid.parse().ok()?;
            let is_own = matches!(schema, "pg_catalog" | "information_schema");
            (oid >= FIRST_NORMAL_OID || !is_own).then_some(oid)
        }
        _ => None,
    };
    rows.iter().filter_map(view).collect()
}

/// What has a smaller one came with PostgreSQL (`FirstNormalObjectId` in `transam.h`).
const FIRST_NORMAL_OID: u32 = 16384;

/// The row of a view whose text is not known: that of one that may do anything.
#[must_use]
pub fn unspelled(view: u32) -> Row {
    vec![Some("view".to_owned()), Some(view.to_string()), None]
}

/// Everything that was answered.
#[derive(Debug, Default)]
pub struct Answers {
    pub(super) functions: Vec<Function>,
    pub(super) relations: Vec<Relation>,
    /// Parent and child.
    pub(super) inherits: Vec<(u32, u32)>,
    pub(super) views: Vec<(u32, Option<String>)>,
    pub(super) policies: Vec<(u32, Option<String>)>,
    pub(super) domains: Vec<(String, Option<String>)>,
    /// Types whose input or output is volatile, or to which a volatile function casts.
    pub(super) types: Vec<String>,
    /// Relations with a column of such a type.
    pub(super) typed: Vec<u32>,
    /// Operators with a volatile function, and a call of it.
    pub(super) operators: Vec<(String, Option<String>)>,
    /// Calls of volatile functions that no text needs to name.
    pub(super) hidden: Vec<Option<String>>,
    pub(super) bodies: Vec<Body>,
}

/// What a function runs that is not safe by its declaration.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) language: Language,
    pub(super) text: String,
    /// Expressions that a call runs beside the body: defaults, and values of its users' types.
    pub(super) others: Option<String>,
}

/// A language in which the text of a function shows what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Sql,
    PlPgSql,
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) schema: String,
    pub(super) name: String,
    /// PostgreSQL's own, listed because a user has a function of the same name.
    pub(super) is_built_in: bool,
    pub(super) is_safe: bool,
    /// Volatile, and of one row: `row.function` calls it.
    pub(super) is_field: bool,
    /// What missing arguments come to.
    pub(super) defaults: Option<String>,
}

#[derive(Debug)]
pub(super) struct Relation {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    /// `relkind` and `relpersistence`, one letter each.
    pub(super) kind: String,
    pub(super) persistence: String,
}

impl Answers {
    /// Takes the rows apart.
    ///
    /// # Errors
    /// At the first row that has not the columns of its kind.
    pub fn read(rows: Vec<Row>) -> Result<Self, NotUnderstood> {
        let mut answers = Self::default();
        for mut row in rows {
            if answers.take(&mut row).is_none() {
                return Err(NotUnderstood(row));
            }
        }
        Ok(answers)
    }

    fn take(&mut self, row: &mut [Option<String>]) -> Option<()> {
        let (kind, row) = row.split_first_mut()?;
        match (kind.as_deref()?, row) {
            ("function", [schema, name, built_in, safe, field, defaults]) => {
                self.functions.push(Function {
                    schema: schema.take()?,
                    name: name.take()?,
                    is_built_in: boolean(built_in)?,
                    is_safe: boolean(safe)?,
                    is_field: boolean(field)?,
                    defaults: defaults.take(),
                });
            }
            ("relation", [oid, schema, name, kind, persistence]) => self.relations.push(Relation {
                oid: number(oid)?,
                schema: schema.take()?,
                name: name.take()?,
                kind: kind.take()?,
                persistence: persistence.take()?,
            }),
            ("inherits", [parent, child]) => self.inherits.push((number(parent)?, number(child)?)),
            ("view", [oid, text]) => self.views.push((number(oid)?, text.take())),
            ("policy", [oid, text]) => self.policies.push((number(oid)?, text.take())),
            ("domain", [name, text]) => self.domains.push((name.take()?, text.take())),
            ("type", [name]) => self.types.push(name.take()?),
            ("typed", [oid]) => self.typed.push(number(oid)?),
            ("operator", [name, call]) => self.operators.push((name.take()?, call.take())),
            ("hidden", [call]) => self.hidden.push(call.take()),
            ("body", [schema, name, language, text, others]) => self.bodies.push(Body {
                schema: schema.take()?,
                name: name.take()?,
                language: known(language)?,
                text: text.take()?,
                others: others.take(),
            }),
            _ => return None,
        }
        Some(())
    }
}

fn number(text: &Option<String>) -> Option<u32> {
    text.as_deref()?.parse().ok()
}

fn known(language: &Option<String>) -> Option<Language> {
    match language.as_deref()? {
        "sql" => Some(Language::Sql),
        "plpgsql" => Some(Language::PlPgSql),
        _ => None,
    }
}

fn boolean(text: &Option<String>) -> Option<bool> {
    match text.as_deref()? {
        "t" => Some(true),
        "f" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: &[&str]) -> Row {
        columns.iter().map(|text| (*text != "-").then(|| (*text).to_owned())).collect()
    }

    #[test]
    fn views_are_found_among_the_relations() {
        let rows = [
            row(&["relation", "16400", "public", "t", "r", "p"]),
            row(&["relation", "16401", "public", "v", "v", "p"]),
            row(&["relation", "12001", "pg_catalog", "pg_stats", "v", "p"]),
            row(&["relation", "16402", "pg_catalog", "a_users", "v", "p"]),
            row(&["inherits", "16400", "16403"]),
        ];
        assert_eq!(views_in(&rows), [16401, 16402]);
        let answers = Answers::read(vec![unspelled(16401)]).unwrap();
        assert_eq!(answers.views, [(16401, None)]);
    }

    #[test]
    fn a_row_of_another_kind_or_length_is_refused() {
        for columns in [
            &["relation", "1", "public", "t", "r"][..],
            &["relation", "x", "public", "t", "r", "p"],
            &["relation", "1", "-", "t", "r", "p"],
            &["function", "public", "f", "f", "yes", "f", "-"],
            &["body", "public", "f", "c", "x", "-"],
            &["body", "public", "f", "sql", "-", "-"],
            &["weather", "fine"],
            &["-"],
            &[],
        ] {
            assert!(Answers::read(vec![row(columns)]).is_err(), "{columns:?}");
        }
        let rows = vec![row(&["view", "7", "-"]), row(&["hidden", "-"])];
        let answers = Answers::read(rows).unwrap();
        assert_eq!(answers.hidden, [None]);
        assert_eq!(answers.views, [(7, None)]);
    }
}
