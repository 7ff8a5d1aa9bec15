//! What a database is asked, in SQL of PostgreSQL 14 to 18 that every user may run.
//!
//! Everything is qualified, and the `search_path` is empty, so that no user's object can stand in
//! for one of PostgreSQL's; views and policies then spell their names with schemas, too. What has
//! an OID below 16384 came with PostgreSQL (`FirstNormalObjectId` in `transam.h`).

use std::fmt::Write;

/// Types whose values are read, shown or cast by a volatile function. Such a cast of PostgreSQL's own
/// types needs no such type's value: it belongs to its target.
const TYPES: &str = "(SELECT t.oid FROM pg_catalog.pg_type t
    WHERE t.oid >= 16384 AND t.typtype IN ('b', 'r') AND EXISTS (SELECT FROM pg_catalog.pg_proc p
        WHERE p.oid IN (t.typinput, t.typoutput) AND p.provolatile = 'v')
    UNION SELECT c.castsource
    FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc
    WHERE c.oid >= 16384 AND p.provolatile = 'v' AND c.castsource >= 16384)";

/// Bodies of functions longer than this many bytes are not asked for, nor more of them than
/// [`BODIES_MAX`]: 16 MB at most, a quarter of what an answer may have. What is longer does more
/// than read, as a rule.
const BODY_MAX: usize = 4096;

/// See [`BODY_MAX`]. A body that is no string and reads relations is not asked for: it is spelled under
/// locks of them (`print_function_sqlbody` in `ruleutils.c`), of which a server has some thousand. It
/// has an empty string in its place, which proves nothing.
const BODIES_MAX: usize = 4096;

/// Asks for everything, in one transaction, so that all answers are of one moment. It begins with a
/// comment by which a log shows whose question it is.
#[must_use]
pub fn load() -> String {
    let load = LOAD.replace("{types}", TYPES).replace("{body_max}", &BODY_MAX.to_string());
    load.replace("{bodies_max}", &BODIES_MAX.to_string())
}

const LOAD: &str = "/* pgweir_catalog */ BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = '';
SELECT 'function', n.nspname, p.proname, p.oid < 16384 AND n.nspname = 'pg_catalog',
    p.prokind <> 'p' AND p.provolatile <> 'v' AND NOT (p.prokind = 'a' AND EXISTS (
        SELECT FROM pg_catalog.pg_aggregate a JOIN pg_catalog.pg_proc s ON s.oid IN (
            a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
            a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
        WHERE a.aggfnoid = p.oid AND s.provolatile = 'v'))
        AND p.prorettype NOT IN {types},
    p.provolatile = 'v' AND p.pronargs > 0 AND p.pronargs - p.pronargdefaults <= 1 AND EXISTS (
        SELECT FROM pg_catalog.pg_type t
        WHERE t.oid = p.proargtypes[0] AND (t.typtype IN ('c', 'd') OR t.typname IN (
            'record', 'any', 'anyelement', 'anynonarray', 'anycompatible',
            'anycompatiblenonarray'))),
    pg_catalog.pg_get_expr(p.proargdefaults, 0)
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384 OR n.nspname <> 'pg_catalog' OR p.proname IN (
    SELECT u.proname FROM pg_catalog.pg_proc u
    WHERE u.oid >= 16384 OR u.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace)
ORDER BY p.oid;
SELECT 'relation', c.oid, n.nspname, c.relname, c.relkind, c.relpersistence
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY c.oid;
SELECT 'inherits', i.inhparent, i.inhrelid
FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhparent
WHERE c.relkind IN ('r', 'p') ORDER BY i.inhparent, i.inhrelid;
SELECT 'policy', p.polrelid, pg_catalog.pg_get_expr(p.polqual, p.polrelid)
FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
WHERE c.relrowsecurity AND p.polqual IS NOT NULL AND p.polcmd IN ('r', '*') ORDER BY p.oid;
SELECT 'domain', t.typname, pg_catalog.pg_get_expr(c.conbin, 0)
FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_type t ON t.oid = c.contypid
WHERE c.contype = 'c' AND c.oid >= 16384 ORDER BY c.oid;
SELECT 'domain', t.typname, 'NULL::' || pg_catalog.quote_ident(b.typname)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
WHERE t.oid >= 16384 AND b.oid >= 16384 AND t.typtype = 'd' AND b.typtype = 'd' ORDER BY t.oid;
SELECT 'type', t.typname FROM pg_catalog.pg_type t WHERE t.oid IN {types} ORDER BY t.oid;
SELECT 'type', t.typname
FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc
JOIN pg_catalog.pg_type t ON t.oid = c.casttarget
WHERE c.oid >= 16384 AND p.provolatile = 'v' AND c.castsource < 16384 AND t.oid >= 16384
ORDER BY c.oid;
WITH volatile AS MATERIALIZED {types}
SELECT DISTINCT 'typed', a.attrelid
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE (SELECT pg_catalog.count(*) FROM volatile) > 0 AND a.attnum > 0 AND NOT a.attisdropped
    AND (t.oid IN (SELECT oid FROM volatile) OR t.typelem IN (SELECT oid FROM volatile))
ORDER BY a.attrelid;
SELECT 'operator', o.oprname, pg_catalog.format('%s()', p.oid::pg_catalog.regproc)
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
WHERE o.oid >= 16384 AND p.provolatile = 'v' ORDER BY o.oid;
SELECT 'hidden', pg_catalog.format('%s()', p.oid::pg_catalog.regproc)
FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc
WHERE c.oid >= 16384 AND p.provolatile = 'v' AND c.castsource < 16384
    AND (c.castcontext = 'i' OR c.casttarget < 16384)
UNION SELECT 'hidden', pg_catalog.format('%s()', p.oid::pg_catalog.regproc)
FROM pg_catalog.pg_amproc a JOIN pg_catalog.pg_proc p ON p.oid = a.amproc
JOIN pg_catalog.pg_opfamily f ON f.oid = a.amprocfamily
JOIN pg_catalog.pg_am m ON m.oid = f.opfmethod
WHERE a.oid >= 16384 AND p.provolatile = 'v' AND m.amname IN ('btree', 'hash');
SELECT 'body', n.nspname, p.proname, l.lanname,
    CASE WHEN p.prosqlbody IS NULL OR p.prosqlbody::text LIKE '%:relid %' THEN p.prosrc
        ELSE pg_catalog.pg_get_function_sqlbody(p.oid) END,
    pg_catalog.concat_ws(', ', pg_catalog.pg_get_expr(p.proargdefaults, 0), (
        SELECT pg_catalog.string_agg('NULL::' || pg_catalog.quote_ident(t.typname), ', ')
        FROM pg_catalog.unnest(p.prorettype || p.proargtypes::pg_catalog.oid[]
            || p.proallargtypes) AS u (oid)
        JOIN pg_catalog.pg_type a ON a.oid = u.oid
        JOIN pg_catalog.pg_type t ON t.oid IN (a.oid, a.typelem) AND t.oid >= 16384))
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384 AND p.prokind = 'f' AND p.provolatile = 'v'
    AND l.lanname IN ('sql', 'plpgsql') AND pg_catalog.octet_length(p.prosrc) <= {body_max}
    AND p.prorettype NOT IN {types}
ORDER BY p.oid LIMIT {bodies_max};
SELECT 'body', n.nspname, p.proname, 'sql', 'SELECT ' || pg_catalog.string_agg(
    pg_catalog.format('%s()', s.oid::pg_catalog.regproc), ', ' ORDER BY s.oid), NULL
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
JOIN pg_catalog.pg_proc s ON s.provolatile = 'v' AND s.oid IN (
    a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
    a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
WHERE p.oid >= 16384 AND p.prorettype NOT IN {types}
GROUP BY n.nspname, p.proname, p.oid ORDER BY p.oid LIMIT {bodies_max};
COMMIT";

/// How long spelling a view may wait for a lock: nobody who alters a table is kept waiting longer by
/// us, while we wait for somebody else.
const LOCK_TIMEOUT: &str = "100ms";

/// Asks for the texts of these views, which [`load`] does not have: a view is spelled under locks of
/// it and of all that it reads (`AcquireRewriteLocks` in `ruleutils.c`), which are held to the end of
/// the transaction and of which a server has some thousand (manual, `max_locks_per_transaction`).
#[must_use]
pub fn views(oids: &[u32]) -> String {
    let oids: Vec<_> = oids.iter().map(u32::to_string).collect();
    format!(
        "/* pgweir_catalog */ SET LOCAL search_path = ''; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'; \
         SELECT 'view', c.oid, pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c \
         WHERE c.oid IN ({}) ORDER BY c.oid",
        oids.join(", ")
    )
}

/// Where the answers to [`LOAD`] come from, and what tells two versions of a row apart.
const SOURCES: &[(&str, &str)] = &[
    ("pg_namespace", "oid"),
    ("pg_proc", "oid"),
    ("pg_class", "oid"),
    ("pg_inherits", "inhparent, ' ', inhrelid"),
    ("pg_rewrite", "oid"),
    ("pg_policy", "oid"),
    ("pg_constraint", "oid"),
    ("pg_type", "oid"),
    ("pg_cast", "oid"),
    ("pg_operator", "oid"),
    ("pg_amproc", "oid"),
];

/// Asks for one text that is another one whenever [`load`] may be answered differently: how many
/// rows its sources have, and a sum over who wrote each of them (`xmin`).
#[must_use]
pub fn probe() -> String {
    let mut question = "/* pgweir_catalog */ SELECT pg_catalog.concat_ws(' '".to_owned();
    for (source, row) in SOURCES {
        // Writing to a String cannot fail.
        let _ = write!(
            question,
            ", (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(\
             pg_catalog.hashtextextended(pg_catalog.concat({row}, ' ', xmin), 0))) \
             FROM pg_catalog.{source})"
        );
    }
    question.push(')');
    question
}
