//! Why a text is classed as it is, for `pgweir route`.

use std::fmt;

use serde::Serialize;

use super::catalog::Catalog;
use super::class::Access;
use super::classify::{Strings, examine};
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

/// The function, relation or the like that decided the class of `sql`, if one did.
#[must_use]
pub fn subject(sql: &[u8], catalog: &Catalog) -> Option<String> {
    examine(sql, Strings::Unknown, catalog).subject
}

/// Explains statements under the rules of one database.
#[derive(Debug)]
pub struct Explainer {
    classifier: Classifier,
    catalog: Catalog,
    /// Whether reads have a choice of hosts: `read_write_split`, and a replica to go to.
    splits: bool,
}

impl Explainer {
    /// With `splits`, reads go to replicas; without, all goes to the primary.
    #[must_use]
    pub fn new(classifier: Classifier, splits: bool) -> Self {
        Self { classifier, catalog: Catalog::none(), splits }
    }

    /// Explains from now on by the catalog that `read` gets.
    ///
    /// # Errors
    /// What `read` says; nothing is taken for a read then.
    pub fn renew<E>(
        &mut self,
        read: impl FnOnce(&Classifier) -> Result<Catalog, E>,
    ) -> Result<(), E> {
        self.catalog = Catalog::unknown();
        self.catalog = read(&self.classifier)?;
        Ok(())
    }

    /// Explains `sql`.
    #[must_use]
    pub fn explain(&self, sql: &str) -> Explanation {
        self.explain_as(sql, Strings::Unknown)
    }

    /// Explains `sql` in a session where every string ends where the SQL standard says.
    #[must_use]
    pub fn explain_standard(&self, sql: &str) -> Explanation {
        self.explain_as(sql, Strings::Standard)
    }

    fn explain_as(&self, sql: &str, strings: Strings) -> Explanation {
        let class = match strings {
            Strings::Unknown => self.classifier.classify(sql.as_bytes(), &self.catalog),
            Strings::Standard => self.classifier.classify_standard(sql.as_bytes(), &self.catalog),
        };
        let is_read = class.access == Access::Read;
        let reason = if is_read && !self.splits { Reason::SplitOff } else { class.reason };
        let detail = match examine(sql.as_bytes(), strings, &self.catalog) {
            Finding { subject: Some(name), .. } => format!("{}: {name}", reason.explanation()),
            _ => reason.explanation().to_owned(),
        };
        let role = if is_read && self.splits { Role::Replica } else { Role::Primary };
        Explanation { sql: sql.to_owned(), access: class.access, role, reason, detail }
    }
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
        let explainer = Explainer::new(Classifier::new([1, 2]), true);
        let detail = |sql| explainer.explain(sql).detail;
        assert!(detail("SELECT shop.Refill(1)").ends_with(": shop.refill"));
        assert!(detail("SELECT 1 FROM pg_stat_activity").ends_with(": pg_stat_activity"));
        assert_eq!(detail("SELECT 1"), Reason::Read.explanation());
    }

    #[test]
    fn without_a_choice_of_hosts_reads_stay_on_the_primary() {
        let explainer = Explainer::new(Classifier::new([1, 2]), false);
        let Explanation { access, role, reason, .. } = explainer.explain("SELECT 1");
        assert_eq!((access, role, reason), (Access::Read, Role::Primary, Reason::SplitOff));
    }

    #[test]
    fn it_is_written_as_a_line_and_its_text() {
        let explanation = Explainer::new(Classifier::new([1, 2]), true).explain("DELETE FROM t");
        let expected =
            format!("primary: write, write ({})\n    DELETE FROM t", Reason::Write.explanation());
        assert_eq!(explanation.to_string(), expected);
    }
}
