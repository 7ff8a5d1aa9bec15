-- psql 18 and later: named statements by hand, over several transactions, and pipelines.
SELECT 1 / ($1::int = 7)::int \parse mine
\bind_named mine 7 \g
BEGIN;
\bind_named mine 7 \g
COMMIT;
\close_prepared mine
\startpipeline
SELECT 1 / ($1::int = 1)::int \bind 1 \sendpipeline
SELECT 1 / ($1::int = 2)::int \bind 2 \sendpipeline
\endpipeline
