//! The one list of words for why a statement goes where it goes.

use std::fmt;

use serde::Serialize;

/// Declares the words, their spelling and their explanation side by side, so that none can be
/// added without a sentence for the operator who meets it.
macro_rules! reasons {
    ($($name:ident $word:literal $explanation:literal,)*) => {
        /// Why a statement is classed, or a session's statement placed, as it is.
        ///
        /// The words are stable: logs, statistics, `pgweir route` and `docs/routing.md` use them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum Reason {
            $(#[doc = $explanation] $name,)*
        }

        impl Reason {
            /// Every reason, in the order of the documentation's table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word, in snake case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// One sentence for a person, without a full stop.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }
        }
    };
}

reasons! {
    // What the text and the catalog say: `Classifier::classify`.
    Read "read" "it only reads, and every part of it means the same on a replica",
    Write "write" "the statement changes something, or is one that a standby refuses",
    Locking "locking" "it locks rows (FOR UPDATE, FOR SHARE ...), which a standby refuses",
    SelectInto "select_into" "SELECT INTO creates a table",
    WritingCte "writing_cte" "a WITH query inserts, updates, deletes or merges",
    UnknownFunction "unknown_function"
        "it calls a function that is not PostgreSQL's own, so it may write",
    PrimaryFunction "primary_function"
        "it calls a function of PostgreSQL that writes, or that fails or differs on a standby",
    PrimaryRelation "primary_relation"
        "it reads a catalog view that describes the host it is asked on",
    UnknownRelation "unknown_relation"
        "it reads a relation that was not there when the catalog was read",
    VolatileFunction "volatile_function" "it calls a function of a user that may write (VOLATILE)",
    Unlogged "unlogged" "it reads an unlogged relation, which a standby has not",
    Foreign "foreign" "it reads a foreign table, whose server may tell the hosts apart",
    Sequence "sequence" "it reads a sequence, which a standby may see up to 32 values ahead",
    UnsafeView "unsafe_view" "it reads a view whose query must run on the primary",
    UnsafePolicy "unsafe_policy"
        "it reads a table whose row security policies must run on the primary",
    UnsafeOperator "unsafe_operator" "it uses an operator that calls a volatile function",
    UnsafeType "unsafe_type" "it uses a type whose input, checks or casts call a volatile function",
    CatalogUnknown "catalog_unknown"
        "the catalog of the database is not known now, so it may write",
    Temporary "temporary" "temporary objects exist on the primary only",
    ServerFile "server_file" "COPY TO a file or a program runs on the host itself",
    Session "session" "the statement belongs to the session's state, which the primary holds",
    Cursor "cursor" "it opens a cursor, which lives where its transaction runs",
    Show "show" "SHOW may answer differently on a standby (transaction_read_only, in_hot_standby)",
    Empty "empty" "there is no statement in it",
    Transaction "transaction" "the statement begins, ends or shapes a transaction",
    Backslash "backslash"
        "a string's end depends on standard_conforming_strings, because a backslash is in it",
    Unparsed "unparsed" "it could not be understood, so it may write",
    TooLong "too_long" "it is too long to be examined, so it may write",
    TooDeep "too_deep" "it is nested too deeply to be examined, so it may write",
    // What the settings, the session and the hosts say: `Policy`, `balance`.
    OnlyPrimary "only_primary"
        "the database has no replicas, or its sessions keep their servers",
    Hint "hint" "a comment, SET pgweir.role or a startup option asks for this role",
    Refused "refused"
        "a standby has refused it, or one of its shape within the last minute; the primary runs it",
    Shadow "shadow" "read_write_split is \"shadow\": it is only counted where it would go",
    SplitOff "split_off" "read_write_split is off: everything goes to the primary",
    NotFresh "not_fresh" "no replica is proven to show everything that the session has seen",
    Lagging "lagging" "no replica is proven to be less than max_replica_lag behind",
    NoReplica "no_replica" "no replica can be reached",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_exactly_these_words_and_sentences() {
        let document = include_str!("../../docs/routing.md");
        let section = document.split("\n## ").find(|part| part.starts_with("Reasons\n")).unwrap();
        let documented: Vec<&str> = section.lines().filter(|l| l.starts_with("| `")).collect();
        let expected: Vec<String> =
            Reason::ALL.iter().map(|r| format!("| `{r}` | {} |", r.explanation())).collect();
        assert_eq!(documented, expected);
    }

    #[test]
    fn json_spells_a_reason_as_its_word() {
        for reason in Reason::ALL {
            let json = serde_json::to_string(reason).unwrap();
            assert_eq!(json, format!("\"{}\"", reason.as_str()));
        }
    }
}
