-- What psql does beyond sending a query. A line `SELECT 1 / (...)::int` divides by zero when its condition does not hold.
DROP TABLE IF EXISTS psql_items;
CREATE TABLE psql_items (id int PRIMARY KEY, name text);

\echo '\\copy in, from this very file, and out to a program'
\copy psql_items FROM STDIN
1	one
2	two, and a comma
3	\N
\.
COPY psql_items (id) FROM STDIN;
4
5
\.
\copy (SELECT * FROM psql_items ORDER BY id) TO PROGRAM 'grep -c comma' (FORMAT csv)
COPY (SELECT count(*) FROM psql_items) TO STDOUT;
SELECT 1 / (count(*) = 5 AND count(name) = 2)::int FROM psql_items;

\echo '\\gdesc, \\gset, \\gexec, \\crosstabview, \\g to a program'
SELECT id, name FROM psql_items \gdesc
SELECT count(*) AS many, max(id) AS highest FROM psql_items \gset
SELECT 1 / (:many = 5 AND :highest = 5)::int;
SELECT format('INSERT INTO psql_items VALUES (%s, %L)', n, 'made ' || n) FROM generate_series(10, 12) AS n \gexec
SELECT 1 / (count(*) = 3)::int FROM psql_items WHERE name LIKE 'made%';
SELECT 'a' AS r, 'b' AS c, 1 AS v \crosstabview
SELECT id FROM psql_items ORDER BY id \g | tail -n 1

\echo 'FETCH_COUNT: by portions through a cursor that psql declares'
\set FETCH_COUNT 100
SELECT sum(length(n::text)) OVER (), n FROM generate_series(1, 1000) AS n \g /dev/null
\unset FETCH_COUNT

\echo 'transactions; ON_ERROR_ROLLBACK sets a savepoint before each statement'
BEGIN;
INSERT INTO psql_items VALUES (20);
ROLLBACK;
\set ON_ERROR_ROLLBACK on
\set ON_ERROR_STOP off
BEGIN;
INSERT INTO psql_items VALUES (21);
INSERT INTO psql_items VALUES (21);
\set ON_ERROR_STOP on
INSERT INTO psql_items VALUES (22);
COMMIT;
SELECT 1 / (array_agg(id ORDER BY id) = '{21,22}')::int FROM psql_items WHERE id >= 20;
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT off
INSERT INTO psql_items VALUES (23);
ROLLBACK;
\set AUTOCOMMIT on
SELECT 1 / (count(*) = 0)::int FROM psql_items WHERE id = 23;

\echo '\\bind, \\bind_named and \\parse, in a psql that has them (an older one knows no such word, even where it is not reached)'
SELECT :VERSION_NUM >= 160000 AS has_bind, :VERSION_NUM >= 180000 AS has_parse \gset
\if :has_bind
\ir bind.sql
\endif
\if :has_parse
\ir parse.sql
\endif

\echo 'reported parameters'
SET TIME ZONE 'Asia/Tokyo';
SELECT 1 / (current_setting('TimeZone') = 'Asia/Tokyo')::int;
SET TIME ZONE DEFAULT;
\encoding LATIN1
SELECT 1 / (current_setting('client_encoding') = 'LATIN1')::int;
\encoding UTF8
