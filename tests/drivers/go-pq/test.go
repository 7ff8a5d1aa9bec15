// lib/pq behind database/sql: prepared statements, transactions, COPY, arrays, contexts that cancel.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	. "checks"

	"github.com/lib/pq"
)

var background = context.Background()

// open returns a pool of one connection, so that a read follows its write on the same one.
func open(more string) *sql.DB {
	db, err := sql.Open("postgres", URL+"?sslmode=disable"+more)
	Must(err)
	db.SetMaxOpenConns(1)
	return db
}

type queryer interface {
	QueryRow(query string, args ...interface{}) *sql.Row
	Exec(query string, args ...interface{}) (sql.Result, error)
}

func text(db queryer, query string, args ...interface{}) (value string) {
	Must(db.QueryRow(query, args...).Scan(&value))
	return value
}

func exec(db queryer, query string, args ...interface{}) {
	_, err := db.Exec(query, args...)
	Must(err)
}

func raises(sqlstate string, err error) {
	var reported *pq.Error
	if !errors.As(err, &reported) {
		panic(fmt.Sprintf("got %v, wanted %s", err, sqlstate))
	}
	Expect(string(reported.Code), sqlstate)
}

func second(_ sql.Result, err error) error { return err }

func main() {
	db := open("")

	Check("the manual's first program", func() {
		Must(db.Ping())
		exec(db, "DROP TABLE IF EXISTS pq_users, pq_many")
		exec(db, "CREATE TABLE pq_users (id serial PRIMARY KEY, name text UNIQUE, age int)")
		exec(db, "CREATE TABLE pq_many (worker int, n int)")
		var id int
		Must(db.QueryRow("INSERT INTO pq_users(name, age) VALUES($1, $2) RETURNING id", "Bob", 21).Scan(&id))
		Expect(id, 1)
		rows, err := db.Query("SELECT name FROM pq_users WHERE age = $1", 21)
		Must(err)
		Expect(rows.Next(), true)
		Must(rows.Close())
	})
	Settle()

	for _, mode := range []string{"", "&binary_parameters=yes"} {
		Check("types: NULL, arrays, json, bytea, times "+mode, func() {
			db := open(mode)
			defer db.Close()
			at := time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)
			var none sql.NullString
			var number int64
			var float float64
			var payload []byte
			var ints []sql.NullInt64
			var texts []string
			var document []byte
			var back time.Time
			Must(db.QueryRow("SELECT $1::text, $2::bigint, $3::float8, $4::bytea, $5::int[], $6::text[], $7::jsonb, $8::timestamptz",
				nil, int64(1)<<40, 1.5, []byte{0, 255}, pq.Array([]sql.NullInt64{{Int64: 1, Valid: true}, {}}), pq.Array([]string{"a", `b"c`}),
				`{"a": [1, null]}`, at).Scan(&none, &number, &float, &payload, pq.Array(&ints), pq.Array(&texts), &document, &back))
			Expect([]interface{}{none.Valid, number, float, payload}, []interface{}{false, int64(1) << 40, 1.5, []byte{0, 255}})
			Expect(ints, []sql.NullInt64{{Int64: 1, Valid: true}, {}})
			Expect(texts, []string{"a", `b"c`})
			Expect(json.Valid(document) && back.Equal(at), true)
		})
	}

	Check("Prepare, 100 transactions on each of 12 connections that take turns", func() {
		var dbs []*sql.DB
		var statements []*sql.Stmt
		for n := 0; n < 12; n++ {
			db := open("")
			defer db.Close()
			// Every connection counts its statement names from one; the texts differ.
			statement, err := db.Prepare(fmt.Sprintf("SELECT $1::int * 100 + %d", n))
			Must(err)
			dbs, statements = append(dbs, db), append(statements, statement)
		}
		for turn := 0; turn < 100; turn++ {
			for n, db := range dbs {
				tx, err := db.Begin()
				Must(err)
				var got int
				Must(tx.Stmt(statements[n]).QueryRow(turn).Scan(&got))
				Must(tx.Commit())
				Expect(got, turn*100+n)
				if n%3 == 0 {
					Must(statements[n].QueryRow(turn).Scan(&got))
					Expect(got, turn*100+n)
				}
			}
		}
		for _, statement := range statements {
			Must(statement.Close())
		}
	})

	Check("commit, rollback, savepoints, 25P02 and recovery", func() {
		tx, err := db.Begin()
		Must(err)
		exec(tx, "INSERT INTO pq_users(name) VALUES('lost')")
		Must(tx.Rollback())
		tx, err = db.Begin()
		Must(err)
		exec(tx, "INSERT INTO pq_users(name) VALUES('kept')")
		exec(tx, "SAVEPOINT before")
		raises("23505", second(tx.Exec("INSERT INTO pq_users(name) VALUES($1)", "kept")))
		raises("25P02", second(tx.Exec("SELECT 1")))
		exec(tx, "ROLLBACK TO SAVEPOINT before")
		Must(tx.Commit())
		Expect(text(db, "SELECT string_agg(name, ',' ORDER BY name) FROM pq_users"), "Bob,kept")
		raises("42P01", second(db.Exec("SELECT * FROM no_such_table")))
		Expect(text(db, "SELECT 'alive'"), "alive")
	})

	Check("read-only and serializable transactions", func() {
		for turn := 0; turn < 5; turn++ {
			tx, err := db.BeginTx(background, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelSerializable})
			Must(err)
			Expect(text(tx, "SHOW transaction_read_only")+text(tx, "SHOW transaction_isolation"), "onserializable")
			raises("25006", second(tx.Exec("DELETE FROM pq_users")))
			Must(tx.Rollback())
		}
		Expect(text(db, "SHOW transaction_read_only"), "off")
	})

	Check("a read sees the write before it, 200 times in autocommit", func() {
		for n := 0; n < 200; n++ {
			exec(db, "UPDATE pq_users SET age = $1 WHERE name = 'Bob'", n)
			Expect(text(db, "SELECT age::text FROM pq_users WHERE name = $1", "Bob"), fmt.Sprint(n))
		}
	})

	Check("COPY in, and one that fails", func() {
		tx, err := db.Begin()
		Must(err)
		statement, err := tx.Prepare(pq.CopyIn("pq_users", "name", "age"))
		Must(err)
		for n := 0; n < 10000; n++ {
			Must(second(statement.Exec(fmt.Sprintf("copy\t%d", n), n)))
		}
		Must(second(statement.Exec()))
		Must(statement.Close())
		Must(tx.Commit())
		Expect(text(db, "SELECT count(*)::text FROM pq_users WHERE name LIKE E'copy\\t%'"), "10000")
		tx, err = db.Begin()
		Must(err)
		statement, err = tx.Prepare(pq.CopyIn("pq_users", "age"))
		Must(err)
		Must(second(statement.Exec("not a number")))
		raises("22P02", second(statement.Exec()))
		statement.Close()
		Must(tx.Rollback())
		Expect(text(db, "SELECT 'alive'"), "alive")
	})

	Check("5 MB there and back, several result sets", func() {
		payload := bytes.Repeat([]byte{0, 254}, Large/2)
		var back []byte
		Must(db.QueryRow("SELECT $1::bytea", payload).Scan(&back))
		Expect(bytes.Equal(back, payload), true)
		rows, err := db.Query("SELECT 1; SELECT 2")
		Must(err)
		defer rows.Close()
		Expect([]bool{rows.Next(), rows.Next(), rows.NextResultSet(), rows.Next()}, []bool{true, false, true, true})
	})

	Check("a context's deadline cancels the query; statement_timeout in a transaction", func() {
		for turn := 0; turn < 3; turn++ {
			ctx, cancel := context.WithTimeout(background, 200*time.Millisecond)
			_, err := db.ExecContext(ctx, "SELECT pg_sleep(20)")
			cancel()
			Expect(err != nil, true)
			Expect(text(db, "SELECT 'alive'"), "alive")
		}
		tx, err := db.Begin()
		Must(err)
		exec(tx, "SET LOCAL statement_timeout = '100ms'")
		raises("57014", second(tx.Exec("SELECT pg_sleep(20)")))
		Must(tx.Rollback())
		Expect(text(db, "SHOW statement_timeout"), "0")
	})

	Check("startup parameters stay each connection's own", func() {
		var dbs []*sql.DB
		for n := 0; n < 12; n++ {
			db := open(fmt.Sprintf("&application_name=a%d&search_path=s%d&statement_timeout=%d", n, n, 5001+n))
			defer db.Close()
			dbs = append(dbs, db)
		}
		for turn := 0; turn < 10; turn++ {
			for n, db := range dbs {
				got := text(db, "SHOW application_name") + text(db, "SHOW search_path") + text(db, "SHOW statement_timeout")
				Expect(got, fmt.Sprintf("a%ds%d%dms", n, n, 5001+n))
			}
		}
	})
	Settle()

	Check(fmt.Sprintf("a pool of %d, 800 transactions, one statement for all", Connections), func() {
		pool := open("")
		defer pool.Close()
		pool.SetMaxOpenConns(Connections)
		pool.SetMaxIdleConns(Connections)
		insert, err := pool.Prepare("INSERT INTO pq_many VALUES ($1, $2)")
		Must(err)
		InParallel(Connections, func(worker int) {
			for n := 0; n < 20; n++ {
				tx, err := pool.Begin()
				Must(err)
				Must(second(tx.Stmt(insert).Exec(worker, n)))
				Expect(text(tx, "SELECT count(*)::text FROM pq_many WHERE worker = $1", worker), fmt.Sprint(n+1))
				Must(tx.Commit())
			}
		})
		Settle()
		Expect(text(pool, "SELECT count(*)::text FROM pq_many"), fmt.Sprint(Connections*20))
	})
	Must(db.Close())
}
