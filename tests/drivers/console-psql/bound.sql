SELECT name FROM databases WHERE pool_size > $1 AND name = $2 \bind 2 app \g
