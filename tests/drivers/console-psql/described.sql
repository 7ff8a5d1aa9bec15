SELECT name, pool_size, count(*), now() FROM databases GROUP BY 1, 2 \gdesc
