//! The names of PostgreSQL's types that may be called like functions, sorted for binary search.

/// Types without a function of their name: `inet('::1')` is `'::1'::inet` (`func_get_detail` in
/// `parse_func.c`). That runs the type's input function or a cast of PostgreSQL's own, all of which are
/// stable or immutable; a cast of a user's is the catalog's to know.
///
/// ```sql
/// SELECT typname FROM pg_type t WHERE typnamespace = 'pg_catalog'::regnamespace
/// AND typtype IN ('b', 'r', 'm') AND typcategory NOT IN ('A', 'Z') AND NOT EXISTS (
///     SELECT FROM pg_proc WHERE proname = typname AND pronamespace = typnamespace)
/// ORDER BY typname COLLATE "C";
/// ```
#[rustfmt::skip]
pub(super) const TYPES: &[&str] = &[
    "aclitem", "cid", "gtsvector", "inet", "json", "jsonb", "jsonpath", "pg_node_tree",
    "pg_snapshot", "refcursor", "regcollation", "regconfig", "regdictionary", "regnamespace",
    "regoper", "regoperator", "regproc", "regprocedure", "regrole", "regtype", "tid", "tsquery",
    "tsvector", "txid_snapshot", "uuid", "xid8",
];
