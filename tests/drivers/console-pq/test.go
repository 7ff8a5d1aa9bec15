// lib/pq on pgweir's console, and what Grafana's PostgreSQL source sends: its test of the connection, the questions of its
// editor's lists, and panels with its time macros written out.
package main

import (
	"database/sql"
	"errors"
	"os"
	"strings"
	"time"

	. "checks"

	"github.com/lib/pq"
)

func open(variable string) *sql.DB {
	db, err := sql.Open("postgres", os.Getenv(variable)+"?sslmode=disable")
	Must(err)
	return db
}

func strs(db *sql.DB, query string, args ...interface{}) (values []string) {
	rows, err := db.Query(query, args...)
	Must(err)
	defer rows.Close()
	for rows.Next() {
		var value string
		Must(rows.Scan(&value))
		values = append(values, value)
	}
	Must(rows.Err())
	return values
}

func raises(sqlstate string, err error) {
	var reported *pq.Error
	if !errors.As(err, &reported) {
		panic(err)
	}
	Expect(string(reported.Code), sqlstate)
}

// types are the columns' types, as Grafana decides by them what is a time, a number or a label.
func types(db *sql.DB, query string) (names []string) {
	rows, err := db.Query(query)
	Must(err)
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	Must(err)
	for _, column := range columns {
		names = append(names, column.DatabaseTypeName())
	}
	for rows.Next() {
	}
	Must(rows.Err())
	return names
}

func main() {
	db := open("CONSOLE_URL")

	Check("every SHOW", func() {
		Must(db.Ping())
		for _, table := range strs(db, "SELECT command FROM help WHERE command LIKE 'SHOW %' AND command <> 'SHOW HELP'") {
			types(db, table)
		}
	})

	Check("parameters, prepared and not", func() {
		Expect(strs(db, "SELECT name FROM databases WHERE pool_size > $1 AND name <> $2 LIMIT $3", 2, "pgweir", 1), []string{"app"})
		Expect(strs(db, "SELECT name FROM databases WHERE name = ANY($1)", pq.Array([]string{"app"})), []string{"app"})
		statement, err := db.Prepare("SELECT count(*) FROM databases WHERE name = $1")
		Must(err)
		for _, name := range []string{"app", "nowhere", "app"} {
			var found int
			Must(statement.QueryRow(name).Scan(&found))
			Expect(found == 1, name == "app")
		}
		Must(statement.Close())
	})

	Check("a transaction with a savepoint", func() {
		tx, err := db.Begin()
		Must(err)
		_, err = tx.Exec("SAVEPOINT a")
		Must(err)
		_, err = tx.Exec("SELECT nowhere FROM pools")
		raises("42703", err)
		_, err = tx.Exec("ROLLBACK TO SAVEPOINT a")
		Must(err)
		Must(tx.Commit())
	})

	Check("commands and mistakes", func() {
		for _, command := range []string{"PAUSE app", "RESUME app", "RECONNECT", "WAIT_CLOSE", "RELOAD", "SET default_pool_size = 23", "RELOAD"} {
			_, err := db.Exec(command)
			Must(err)
		}
		_, err := db.Exec("SHOW NOTHING")
		raises("42601", err)
		_, err = open("WATCHER_URL").Exec("RELOAD")
		raises("42501", err)
		Must(db.Ping())
	})

	Check("Grafana: the version of the server, and of TimescaleDB", func() {
		Expect(strs(db, "SELECT current_setting('server_version_num')::int/100 as version"), []string{"1600"})
		Expect(strs(db, "SHOW server_version_num"), []string{"160000"})
		Expect(len(strs(db, "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")), 0)
	})

	// Its editor asks the schemas of search_path apart, for tables and for the columns of one.
	visible := `quote_ident(table_schema) IN (SELECT CASE trim(s[i]) WHEN '"$user"' THEN user ELSE trim(s[i]) END
		FROM generate_series(array_lower(string_to_array(current_setting('search_path'), ','), 1),
			array_upper(string_to_array(current_setting('search_path'), ','), 1)) AS i,
		string_to_array(current_setting('search_path'), ',') s)`

	Check("Grafana: the lists of its editor", func() {
		tables := strs(db, `SELECT CASE WHEN `+visible+` THEN quote_ident(table_name)
			ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table" FROM information_schema.tables
			WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog') ORDER BY CASE WHEN `+visible+` THEN 0 ELSE 1 END, 1`)
		Expect(strings.Contains(strings.Join(tables, " "), "pools"), true)
		columns := strs(db, `SELECT quote_ident(column_name) AS "column" FROM information_schema.columns
			WHERE CASE WHEN array_length(parse_ident('pools'), 1) = 2
				THEN quote_ident(table_schema) = (parse_ident('pools'))[1] AND quote_ident(table_name) = (parse_ident('pools'))[2]
				ELSE quote_ident(table_name) = (parse_ident('pools'))[1] AND `+visible+` END`)
		Expect(strings.Contains(strings.Join(columns, " "), "cl_waiting"), true)
		Expect(strs(db, "SELECT DISTINCT quote_literal(name) FROM databases WHERE name = 'app' ORDER BY 1 LIMIT 100"), []string{"'app'"})
	})

	Check("Grafana: panels", func() {
		now := time.Now().UTC()
		from, to := now.Add(-time.Hour).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339)
		Expect(types(db, "SELECT now() AS time, cl_waiting AS value, database AS metric FROM pools"), []string{"TIMESTAMPTZ", "INT4", "TEXT"})
		Expect(types(db, `SELECT extract(epoch from now()) AS "time", sum(sv_active) AS "active", avg(maxwait) FROM pools`),
			[]string{"FLOAT8", "INT8", "FLOAT8"})
		clients := strs(db, "SELECT count(*) FROM clients WHERE connect_time BETWEEN '"+from+"' AND '"+to+"'")
		Expect(clients[0] != "0", true)
		grouped := strs(db, `SELECT floor(extract(epoch from connect_time)/300)*300 AS "time" FROM clients GROUP BY 1 ORDER BY 1`)
		Expect(len(grouped) >= 1, true)
		Expect(strs(db, "SELECT count(*) FROM stats WHERE total_query_count >= 0 AND 5 <= 6 AND database IN ('app','nowhere')"), []string{"1"})
	})
}
