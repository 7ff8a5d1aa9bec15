-- psql 16 and later: the extended query protocol by hand.
SELECT 1 / ($1::int = 7 AND $2 = 'x')::int \bind 7 x \g
