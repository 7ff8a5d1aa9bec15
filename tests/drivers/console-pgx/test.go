// pgx v4 on pgweir's console: it asks for every parameter's type and sends values in binary; and in simple protocol mode.
package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	. "checks"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
)

var background = context.Background()

func connect(variable string, simple bool) *pgx.Conn {
	config, err := pgx.ParseConfig(os.Getenv(variable))
	Must(err)
	config.PreferSimpleProtocol = simple
	conn, err := pgx.ConnectConfig(background, config)
	Must(err)
	return conn
}

func count(conn *pgx.Conn, sql string, args ...interface{}) (rows int) {
	found, err := conn.Query(background, sql, args...)
	Must(err)
	for found.Next() {
		_, err := found.Values()
		Must(err)
		rows++
	}
	Must(found.Err())
	return rows
}

func raises(sqlstate string, err error) {
	var reported *pgconn.PgError
	if !errors.As(err, &reported) {
		panic(err)
	}
	Expect(reported.Code, sqlstate)
}

func main() {
	for _, simple := range []bool{false, true} {
		mode := map[bool]string{false: "extended", true: "simple"}[simple]
		conn := connect("CONSOLE_URL", simple)

		Check(mode+": every SHOW, each value read", func() {
			var tables []string
			found, err := conn.Query(background, "SELECT command FROM help WHERE command LIKE 'SHOW %' AND command <> 'SHOW HELP'")
			Must(err)
			for found.Next() {
				var table string
				Must(found.Scan(&table))
				tables = append(tables, table)
			}
			Expect(len(tables) > 20, true)
			for _, table := range tables {
				count(conn, table)
			}
		})

		Check(mode+": parameters of every type", func() {
			var name string
			var size, most int32
			var many int64
			var average float64
			Must(conn.QueryRow(background, "SELECT name, pool_size FROM databases WHERE pool_size > $1 AND name <> $2 LIMIT $3",
				2, "pgweir", 1).Scan(&name, &size))
			Expect(name, "app")
			Expect(size, int32(5))
			Must(conn.QueryRow(background, "SELECT max(pool_size), count(*), avg(pool_size) FROM databases WHERE name = $1",
				"app").Scan(&most, &many, &average))
			Expect([]interface{}{most, many, average}, []interface{}{int32(5), int64(1), 5.0})
			Expect(count(conn, "SELECT 1 FROM hosts WHERE role = $1 AND (usable IS NULL OR usable = $2)", "primary", true) >= 1, true)
			Expect(count(conn, "SELECT 1 FROM stats WHERE total_query_count >= $1 AND database = $2", 0, "app"), 1)
			Expect(count(conn, "SELECT 1 FROM databases WHERE pool_size IN ($1, $2)", 5, 7), 1)
			Expect(count(conn, "SELECT 1 FROM databases WHERE pool_size BETWEEN $1 AND $2", 5, 7), 1)
			if !simple {
				// In simple mode pgx has no type to encode an array by.
				Expect(count(conn, "SELECT 1 FROM databases WHERE name = ANY($1)", []string{"app", "nowhere"}), 1)
				Expect(count(conn, "SELECT 1 FROM databases WHERE pool_size = ANY($1)", []int32{5, 7}), 1)
			}
		})

		Check(mode+": a time is a time", func() {
			var now time.Time
			Must(conn.QueryRow(background, "SELECT now()").Scan(&now))
			Expect(time.Since(now) < 10*time.Second && time.Until(now) < 10*time.Second, true)
		})

		Check(mode+": transactions within transactions, and an error inside", func() {
			outer, err := conn.Begin(background)
			Must(err)
			inner, err := outer.Begin(background)
			Must(err)
			_, err = inner.Exec(background, "SELECT nowhere FROM pools")
			raises("42703", err)
			Must(inner.Rollback(background))
			_, err = outer.Exec(background, "SHOW POOLS")
			Must(err)
			Must(outer.Commit(background))
		})

		Check(mode+": a batch", func() {
			batch := &pgx.Batch{}
			batch.Queue("SELECT 1")
			batch.Queue("SHOW VERSION")
			results := conn.SendBatch(background, batch)
			var one int32
			var version string
			Must(results.QueryRow().Scan(&one))
			Must(results.QueryRow().Scan(&version))
			Must(results.Close())
			Expect(one, int32(1))
			Expect(strings.HasPrefix(version, "pgweir "), true)
		})

		Check(mode+": commands and mistakes", func() {
			tag, err := conn.Exec(background, "SET default_pool_size = 22")
			Must(err)
			Expect(tag.String(), "SET default_pool_size=22")
			for _, command := range []string{"PAUSE app", "RESUME app", "RECONNECT app", "WAIT_CLOSE app", "RELOAD"} {
				_, err := conn.Exec(background, command)
				Must(err)
			}
			for sql, code := range map[string]string{
				"SHOW NOTHING": "42601", "SELECT * FROM nowhere": "42P01", "PAUSE nowhere": "3D000",
				"SET default_pool_size = 'many'": "22023", "KILL_CLIENT 2147483647": "42704",
			} {
				_, err := conn.Exec(background, sql)
				raises(code, err)
				Must(conn.Ping(background))
			}
		})

		Check(mode+": a context that ends cancels what runs, and the console goes on", func() {
			limited, cancel := context.WithTimeout(background, 300*time.Millisecond)
			defer cancel()
			other := connect("CONSOLE_URL", simple)
			_, err := other.Exec(limited, "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n")
			Expect(err != nil, true)
			Must(conn.Ping(background))
		})

		Check(mode+": who may look may not steer", func() {
			watcher := connect("WATCHER_URL", simple)
			Expect(count(watcher, "SHOW DATABASES") >= 2, true)
			_, err := watcher.Exec(background, "PAUSE")
			raises("42501", err)
			Must(watcher.Close(background))
		})
		Must(conn.Close(background))
	}
}
