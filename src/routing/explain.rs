//! Why a text is classed as it is, for `pgweir route`.

use std::fmt;

use serde::Serialize;

use super::class::Access;
use super::classify::examine;
use super::policy::Role;
use super::statement::Finding;
use super::{Classifier, Reason};

/// Where a text would go in a session that has not written, and what decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The text that was asked about.
    pub sql: String,
    /// What it does.
    pub access: Access,
    /// The kind of host that would run it.
    pub role: Role,
    /// The word for what decided.
    pub reason: Reason,
    /// A sentence for it, with the name of the function or relation if one decided.
    pub detail: String,
}

/// Explains `sql` as `classifier` classes it.
#[must_use]
pub fn explain(classifier: &Classifier, sql: &str) -> Explanation {
    let class = classifier.classify(sql.as_bytes());
    let Finding { subject, .. } = examine(sql.as_bytes());
    let detail = match subject {
        Some(name) => format!("{}: {name}", class.reason.explanation()),
        None => class.reason.explanation().to_owned(),
    };
    let role = if class.access == Access::Read { Role::Replica } else { Role::Primary };
    Explanation { sql: sql.to_owned(), access: class.access, role, reason: class.reason, detail }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sql, access, role, reason, detail } = self;
        write!(f, "{}: {access}, {reason} ({detail})\n    {}", role.as_str(), sql.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_the_function_or_relation_that_decided() {
        let classifier = Classifier::new([1, 2]);
        let detail = |sql| explain(&classifier, sql).detail;
        assert!(detail("SELECT shop.Refill(1)").ends_with(": shop.refill"));
        assert!(detail("SELECT 1 FROM pg_stat_activity").ends_with(": pg_stat_activity"));
        assert_eq!(detail("SELECT 1"), Reason::Read.explanation());
    }

    #[test]
    fn it_is_written_as_a_line_and_its_text() {
        let explanation = explain(&Classifier::new([1, 2]), "DELETE FROM t");
        let expected =
            format!("primary: write, write ({})\n    DELETE FROM t", Reason::Write.explanation());
        assert_eq!(explanation.to_string(), expected);
    }
}
