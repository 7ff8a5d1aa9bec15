//! PostgreSQL's key words, and what a name may be that is spelled like one.

use super::super::token::{Kind, Token};

/// What PostgreSQL's grammar lets a key word be apart from a key word (manual, appendix C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    /// No name without quotes, except behind a dot or AS.
    Reserved,
    /// A column or table, but no function or type: what it calls is the grammar's own.
    NeverFunction,
    /// A function or type, but no column or table.
    Function,
    /// Any name.
    Free,
}

/// The key word that a token is; none if it is an ordinary name, or no word at all.
pub(super) fn of(token: &Token<'_>) -> Option<Keyword> {
    if token.kind != Kind::Word {
        return None;
    }
    let lists = [
        (RESERVED, Keyword::Reserved),
        (NEVER_FUNCTION, Keyword::NeverFunction),
        (FUNCTION, Keyword::Function),
        (FREE, Keyword::Free),
    ];
    lists.into_iter().find(|(list, _)| contains(list, token.text)).map(|(_, keyword)| keyword)
}

/// Whether no function answers to `word`, in lower case and without quotes: the grammar knows what
/// to make of it. TREAT is left out, for `TREAT(a AS b)` calls the function `pg_catalog.b`
/// (`gram.y`, `func_expr_common_subexpr`).
pub(super) fn is_syntax(word: &str) -> bool {
    word != "treat" && [RESERVED, NEVER_FUNCTION].iter().any(|list| contains(list, word.as_bytes()))
}

fn contains(list: &[&str], word: &[u8]) -> bool {
    let lower = || word.iter().map(u8::to_ascii_lowercase);
    list.binary_search_by(|keyword| keyword.bytes().cmp(lower())).is_ok()
}

// The lists of PostgreSQL 18, where `docs/routing.md` says how to get them. A word that a newer one
// adds is taken for an ordinary name until it is added here.

#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case",
    "cast", "check", "collate", "column", "constraint", "create", "current_catalog", "current_date",
    "current_role", "current_time", "current_timestamp", "current_user", "default", "deferrable",
    "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "from",
    "grant", "group", "having", "in", "initially", "intersect", "into", "lateral", "leading",
    "limit", "localtime", "localtimestamp", "not", "null", "offset", "on", "only", "or", "order",
    "placing", "primary", "references", "returning", "select", "session_user", "some", "symmetric",
    "system_user", "table", "then", "to", "trailing", "true", "union", "unique", "user", "using",
    "variadic", "when", "where", "window", "with",
];

#[rustfmt::skip]
const NEVER_FUNCTION: &[&str] = &[
    "between", "bigint", "bit", "boolean", "char", "character", "coalesce", "dec", "decimal",
    "exists", "extract", "float", "greatest", "grouping", "inout", "int", "integer", "interval",
    "json", "json_array", "json_arrayagg", "json_exists", "json_object", "json_objectagg",
    "json_query", "json_scalar", "json_serialize", "json_table", "json_value", "least",
    "merge_action", "national", "nchar", "none", "normalize", "nullif", "numeric", "out", "overlay",
    "position", "precision", "real", "row", "setof", "smallint", "substring", "time", "timestamp",
    "treat", "trim", "values", "varchar", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists",
    "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
];

#[rustfmt::skip]
const FUNCTION: &[&str] = &[
    "authorization", "binary", "collation", "concurrently", "cross", "current_schema", "freeze",
    "full", "ilike", "inner", "is", "isnull", "join", "left", "like", "natural", "notnull", "outer",
    "overlaps", "right", "similar", "tablesample", "verbose",
];

#[rustfmt::skip]
const FREE: &[&str] = &[
    "abort", "absent", "absolute", "access", "action", "add", "admin", "after", "aggregate", "also",
    "alter", "always", "asensitive", "assertion", "assignment", "at", "atomic", "attach",
    "attribute", "backward", "before", "begin", "breadth", "by", "cache", "call", "called",
    "cascade", "cascaded", "catalog", "chain", "characteristics", "checkpoint", "class", "close",
    "cluster", "columns", "comment", "comments", "commit", "committed", "compression",
    "conditional", "configuration", "conflict", "connection", "constraints", "content", "continue",
    "conversion", "copy", "cost", "csv", "cube", "current", "cursor", "cycle", "data", "database",
    "day", "deallocate", "declare", "defaults", "deferred", "definer", "delete", "delimiter",
    "delimiters", "depends", "depth", "detach", "dictionary", "disable", "discard", "document",
    "domain", "double", "drop", "each", "empty", "enable", "encoding", "encrypted", "enforced",
    "enum", "error", "escape", "event", "exclude", "excluding", "exclusive", "execute", "explain",
    "expression", "extension", "external", "family", "filter", "finalize", "first", "following",
    "force", "format", "forward", "function", "functions", "generated", "global", "granted",
    "groups", "handler", "header", "hold", "hour", "identity", "if", "immediate", "immutable",
    "implicit", "import", "include", "including", "increment", "indent", "index", "indexes",
    "inherit", "inherits", "inline", "input", "insensitive", "insert", "instead", "invoker",
    "isolation", "keep", "key", "keys", "label", "language", "large", "last", "leakproof", "level",
    "listen", "load", "local", "location", "lock", "locked", "logged", "mapping", "match",
    "matched", "materialized", "maxvalue", "merge", "method", "minute", "minvalue", "mode", "month",
    "move", "name", "names", "nested", "new", "next", "nfc", "nfd", "nfkc", "nfkd", "no",
    "normalized", "nothing", "notify", "nowait", "nulls", "object", "objects", "of", "off", "oids",
    "old", "omit", "operator", "option", "options", "ordinality", "others", "over", "overriding",
    "owned", "owner", "parallel", "parameter", "parser", "partial", "partition", "passing",
    "password", "path", "period", "plan", "plans", "policy", "preceding", "prepare", "prepared",
    "preserve", "prior", "privileges", "procedural", "procedure", "procedures", "program",
    "publication", "quote", "quotes", "range", "read", "reassign", "recursive", "ref",
    "referencing", "refresh", "reindex", "relative", "release", "rename", "repeatable", "replace",
    "replica", "reset", "restart", "restrict", "return", "returns", "revoke", "role", "rollback",
    "rollup", "routine", "routines", "rows", "rule", "savepoint", "scalar", "schema", "schemas",
    "scroll", "search", "second", "security", "sequence", "sequences", "serializable", "server",
    "session", "set", "sets", "share", "show", "simple", "skip", "snapshot", "source", "sql",
    "stable", "standalone", "start", "statement", "statistics", "stdin", "stdout", "storage",
    "stored", "strict", "string", "strip", "subscription", "support", "sysid", "system", "tables",
    "tablespace", "target", "temp", "template", "temporary", "text", "ties", "transaction",
    "transform", "trigger", "truncate", "trusted", "type", "types", "uescape", "unbounded",
    "uncommitted", "unconditional", "unencrypted", "unknown", "unlisten", "unlogged", "until",
    "update", "vacuum", "valid", "validate", "validator", "value", "varying", "version", "view",
    "views", "virtual", "volatile", "whitespace", "within", "without", "work", "wrapper", "write",
    "xml", "year", "yes", "zone",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::lexer::Lexer;

    fn keyword(word: &str) -> Option<Keyword> {
        of(&Lexer::new(word.as_bytes()).next().unwrap())
    }

    #[test]
    fn every_list_is_sorted_for_its_search() {
        for list in [RESERVED, NEVER_FUNCTION, FUNCTION, FREE] {
            assert_eq!(list.windows(2).find(|pair| pair[0] >= pair[1]), None);
        }
    }

    #[test]
    fn a_word_is_known_in_any_case_and_only_without_quotes() {
        assert_eq!(keyword("Select"), Some(Keyword::Reserved));
        assert_eq!(keyword("COALESCE"), Some(Keyword::NeverFunction));
        assert_eq!(keyword("left"), Some(Keyword::Function));
        assert_eq!(keyword("over"), Some(Keyword::Free));
        assert_eq!(keyword("overt"), None);
        assert_eq!(keyword("\"select\""), None);
        assert_eq!(keyword("'select'"), None);
    }
}
