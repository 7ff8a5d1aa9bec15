//! `pg_catalog` and `information_schema` over the list of tables, as far as psql's `\d`, `\l`, its
//! completion and drivers ask for them.

use crate::admin::console::NAMES;
use crate::admin::statement::PARAMETERS;
use crate::admin::tables;
use crate::admin::value::Kind;
use rusqlite::{Connection, Error, params};

/// The first table's number; PostgreSQL gives out numbers from here on (`FirstNormalObjectId`).
const FIRST_OID: i64 = 16_384;

/// The schema `public`, and the user that owns everything, as PostgreSQL numbers them.
const PUBLIC: i64 = 2_200;
const OWNER: i64 = 10;

/// Every table that can be asked for, most of them always empty: `\d` looks into them.
const TABLES: &str = "
CREATE TABLE pg_catalog.pg_namespace (oid int8, nspname text, nspowner int8, nspacl text);
CREATE TABLE pg_catalog.pg_class (oid int8, relname text, relnamespace int8, reltype int8,
    reloftype int8, relowner int8, relam int8, relfilenode int8, reltablespace int8, relpages int8,
    reltuples float8, reltoastrelid int8, relhasindex bool, relisshared bool, relpersistence text,
    relkind text, relnatts int8, relchecks int8, relhasrules bool, relhastriggers bool,
    relhassubclass bool, relrowsecurity bool, relforcerowsecurity bool, relispopulated bool,
    relreplident text, relispartition bool, relacl text, reloptions text, relpartbound text);
CREATE TABLE pg_catalog.pg_attribute (attrelid int8, attname text, atttypid int8, attlen int8,
    attnum int8, atttypmod int8, attndims int8, attnotnull bool, atthasdef bool, atthasmissing bool,
    attidentity text, attgenerated text, attisdropped bool, attcollation int8, attacl text,
    attstorage text, attcompression text, attstattarget int8, attoptions text, attfdwoptions text);
CREATE TABLE pg_catalog.pg_type (oid int8, typname text, typnamespace int8, typowner int8,
    typlen int8, typbyval bool, typtype text, typcategory text, typdelim text, typrelid int8,
    typelem int8, typarray int8, typinput text, typoutput text, typreceive text, typsend text,
    typnotnull bool, typbasetype int8, typtypmod int8, typcollation int8, typdefault text, typacl text);
CREATE TABLE pg_catalog.pg_database (oid int8, datname text, datdba int8, encoding int8,
    datlocprovider text, datistemplate bool, datallowconn bool, datconnlimit int8, dattablespace int8,
    datcollate text, datctype text, daticulocale text, daticurules text, datlocale text,
    datcollversion text, datacl text);
CREATE TABLE pg_catalog.pg_roles (oid int8, rolname text, rolsuper bool, rolinherit bool,
    rolcreaterole bool, rolcreatedb bool, rolcanlogin bool, rolreplication bool, rolconnlimit int8,
    rolvaliduntil text, rolbypassrls bool);
CREATE TABLE pg_catalog.pg_tablespace (oid int8, spcname text, spcowner int8);
CREATE TABLE pg_catalog.pg_am (oid int8, amname text, amtype text);
CREATE TABLE pg_catalog.pg_attrdef (oid int8, adrelid int8, adnum int8, adbin text);
CREATE TABLE pg_catalog.pg_index (indexrelid int8, indrelid int8, indisprimary bool,
    indisunique bool, indisclustered bool, indisvalid bool, indisreplident bool, indkey text,
    indnkeyatts int8, indoption text, indpred text, indexprs text);
CREATE TABLE pg_catalog.pg_constraint (oid int8, conname text, conrelid int8, contype text,
    conindid int8, confrelid int8, conkey text, confkey text, conparentid int8, condeferrable bool,
    condeferred bool, convalidated bool, connamespace int8, confupdtype text, confdeltype text,
    confmatchtype text);
CREATE TABLE pg_catalog.pg_inherits (inhrelid int8, inhparent int8, inhseqno int8,
    inhdetachpending bool);
CREATE TABLE pg_catalog.pg_description (objoid int8, classoid int8, objsubid int8, description text);
CREATE TABLE pg_catalog.pg_proc (oid int8, proname text, pronamespace int8, prokind text,
    prorettype int8, proargtypes text, pronargs int8);
CREATE TABLE pg_catalog.pg_collation (oid int8, collname text, collnamespace int8);
CREATE TABLE pg_catalog.pg_policy (polname text, polrelid int8, polpermissive bool, polroles text,
    polcmd text, polqual text, polwithcheck text);
CREATE TABLE pg_catalog.pg_rewrite (oid int8, rulename text, ev_class int8, ev_enabled text,
    ev_type text);
CREATE TABLE pg_catalog.pg_trigger (oid int8, tgname text, tgrelid int8, tgisinternal bool,
    tgenabled text);
CREATE TABLE pg_catalog.pg_statistic_ext (oid int8, stxname text, stxrelid int8, stxnamespace int8,
    stxkind text, stxkeys text, stxstattarget int8);
CREATE TABLE pg_catalog.pg_publication (oid int8, pubname text, puballtables bool);
CREATE TABLE pg_catalog.pg_publication_rel (oid int8, prpubid int8, prrelid int8, prqual text,
    prattrs text);
CREATE TABLE pg_catalog.pg_publication_namespace (oid int8, pnpubid int8, pnnspid int8);
CREATE TABLE pg_catalog.pg_enum (oid int8, enumtypid int8, enumsortorder float8, enumlabel text);
CREATE TABLE pg_catalog.pg_range (rngtypid int8, rngsubtype int8);
CREATE TABLE pg_catalog.pg_extension (oid int8, extname text, extnamespace int8, extversion text);
CREATE TABLE pg_catalog.pg_foreign_table (ftrelid int8, ftserver int8, ftoptions text);
CREATE TABLE pg_catalog.pg_foreign_server (oid int8, srvname text);
CREATE TABLE pg_catalog.pg_partitioned_table (partrelid int8, partstrat text);
CREATE TABLE pg_catalog.pg_settings (name text, setting text);
CREATE TABLE information_schema.schemata (catalog_name text, schema_name text);
CREATE TABLE information_schema.tables (table_catalog text, table_schema text, table_name text,
    table_type text);
CREATE TABLE information_schema.columns (table_catalog text, table_schema text, table_name text,
    column_name text, ordinal_position int8, column_default text, is_nullable text, data_type text,
    udt_name text);
";

/// A type: PostgreSQL's number, its name in SQL, its bytes (-1 for as many as it takes), its
/// category.
pub(super) fn type_of(kind: Kind) -> (i64, &'static str, i64, &'static str) {
    match kind {
        Kind::Text => (25, "text", -1, "S"),
        Kind::Int4 => (23, "integer", 4, "N"),
        Kind::Int8 => (20, "bigint", 8, "N"),
        Kind::Numeric => (1_700, "numeric", -1, "N"),
        Kind::Bool => (16, "boolean", 1, "B"),
        Kind::Float8 => (701, "double precision", 8, "N"),
        Kind::Time => (1_184, "timestamp with time zone", 8, "D"),
    }
}

/// Makes the tables.
pub(super) fn make(connection: &Connection) -> Result<(), Error> {
    connection.execute_batch("ATTACH ':memory:' AS pg_catalog")?;
    connection.execute_batch("ATTACH ':memory:' AS information_schema")?;
    connection.execute_batch(TABLES)
}

/// Whether it is one of them.
pub(super) fn has(table: &str) -> bool {
    TABLES.contains(&format!(".{table} ("))
}

/// Fills them.
pub(super) fn fill(connection: &Connection) -> Result<(), Error> {
    connection.execute_batch(
        "INSERT INTO pg_catalog.pg_namespace VALUES (11, 'pg_catalog', 10, NULL),
            (2200, 'public', 10, NULL), (13000, 'information_schema', 10, NULL);
         INSERT INTO pg_catalog.pg_roles VALUES
            (10, 'pgweir', 1, 1, 0, 0, 1, 0, -1, NULL, 0);
         INSERT INTO pg_catalog.pg_tablespace VALUES (1663, 'pg_default', 10);
         INSERT INTO information_schema.schemata SELECT 'pgweir', nspname FROM pg_catalog.pg_namespace",
    )?;
    let database = "INSERT INTO pg_catalog.pg_database VALUES (1, ?, 10, 6, 'c', 0, 1, -1, 1663,
        'C', 'C', NULL, NULL, NULL, NULL, NULL)";
    connection.execute(database, params![NAMES[0]])?;
    let ty =
        "INSERT INTO pg_catalog.pg_type VALUES (?, ?, 11, 10, ?, 0, 'b', ?, ',', 0, 0, 0, '', '',
        '', '', 0, 0, -1, 0, NULL, NULL)";
    for kind in Kind::ALL {
        let (oid, _, len, category) = type_of(kind);
        connection.execute(ty, params![oid, kind.name(), len, category])?;
    }
    // How long names may be is asked for as the length of this type.
    connection.execute(ty, params![19, "name", 64, "S"])?;
    let setting = "INSERT INTO pg_catalog.pg_settings VALUES (?, ?)";
    for (name, value) in PARAMETERS {
        connection.execute(setting, params![name, value])?;
    }
    for (oid, table) in (FIRST_OID..).zip(tables::ALL) {
        fill_table(connection, oid, table)?;
    }
    Ok(())
}

/// A table is a view here: it can be read, and has neither indexes nor constraints.
fn fill_table(connection: &Connection, oid: i64, table: &tables::Table) -> Result<(), Error> {
    let columns = i64::try_from(table.columns.len()).unwrap_or(0);
    let class =
        "INSERT INTO pg_catalog.pg_class VALUES (?, ?, ?, 0, 0, ?, 0, 0, 0, 0, -1, 0, 0, 0, 'p',
        'v', ?, 0, 0, 0, 0, 0, 0, 1, 'n', 0, NULL, NULL, NULL)";
    connection.execute(class, params![oid, table.name, PUBLIC, OWNER, columns])?;
    let described = "INSERT INTO pg_catalog.pg_description VALUES (?, 1259, ?, ?)";
    connection.execute(described, params![oid, 0, table.about])?;
    let view = "INSERT INTO information_schema.tables VALUES (?, 'public', ?, 'VIEW')";
    connection.execute(view, params![NAMES[0], table.name])?;
    let attribute =
        "INSERT INTO pg_catalog.pg_attribute VALUES (?, ?, ?, ?, ?, -1, 0, 0, 0, 0, '', '',
        0, 0, NULL, 'p', '', -1, NULL, NULL)";
    let column =
        "INSERT INTO information_schema.columns VALUES (?, 'public', ?, ?, ?, NULL, 'YES', ?, ?)";
    for (number, own) in (1i64..).zip(table.columns) {
        let (ty, words, len, _) = type_of(own.kind);
        connection.execute(attribute, params![oid, own.name, ty, len, number])?;
        connection.execute(described, params![oid, number, own.about])?;
        let names = params![NAMES[0], table.name, own.name, number, words, own.kind.name()];
        connection.execute(column, names)?;
    }
    Ok(())
}

/// The number of `pg_class` itself: descriptions name it (`pg_class.dat`).
const CLASSES: i64 = 1_259;

/// The number of a table, by its name.
pub(super) fn class_named(name: &str) -> Option<i64> {
    let name = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
    if name == "pg_class" {
        return Some(CLASSES);
    }
    let at = tables::ALL.iter().position(|table| table.name == name)?;
    i64::try_from(at).ok().map(|at| FIRST_OID + at)
}

/// What is known of a table, or of its column, for `obj_description` and `col_description`.
pub(super) fn about(oid: i64, column: i64) -> Option<&'static str> {
    let table = tables::ALL.get(usize::try_from(oid.checked_sub(FIRST_OID)?).ok()?)?;
    match usize::try_from(column).ok()? {
        0 => Some(table.about),
        number => Some(table.columns.get(number - 1)?.about),
    }
}
