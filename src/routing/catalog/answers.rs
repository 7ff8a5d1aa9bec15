//! What a database answers to [`load`](super::load), row by row.

/// One row: a text for each column, or NULL.
pub type Row = Vec<Option<String>>;

/// A row that no question of ours can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer cannot be understood: {0:?}")]
pub struct NotUnderstood(Row);

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
    pub(super) operators: Vec<String>,
    pub(super) hidden: bool,
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
            ("operator", [name]) => self.operators.push(name.take()?),
            ("hidden", []) => self.hidden = true,
            _ => return None,
        }
        Some(())
    }
}

fn number(text: &Option<String>) -> Option<u32> {
    text.as_deref()?.parse().ok()
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
    fn a_row_of_another_kind_or_length_is_refused() {
        for columns in [
            &["relation", "1", "public", "t", "r"][..],
            &["relation", "x", "public", "t", "r", "p"],
            &["relation", "1", "-", "t", "r", "p"],
            &["function", "public", "f", "f", "yes", "f", "-"],
            &["weather", "fine"],
            &["-"],
            &[],
        ] {
            assert!(Answers::read(vec![row(columns)]).is_err(), "{columns:?}");
        }
        let rows = vec![row(&["view", "7", "-"]), row(&["hidden"])];
        let answers = Answers::read(rows).unwrap();
        assert!(answers.hidden);
        assert_eq!(answers.views, [(7, None)]);
    }
}
