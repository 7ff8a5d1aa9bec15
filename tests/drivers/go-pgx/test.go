// pgx 4: its statement cache in both modes, batches, CopyFrom, binary types, its pool, contexts that cancel, database/sql.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/ioutil"
	"strings"
	"time"

	. "checks"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgconn/stmtcache"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
	_ "github.com/jackc/pgx/v4/stdlib"
)

var background = context.Background()

type queryer interface {
	QueryRow(ctx context.Context, query string, args ...interface{}) pgx.Row
	Exec(ctx context.Context, query string, args ...interface{}) (pgconn.CommandTag, error)
}

func connect(more string) *pgx.Conn {
	conn, err := pgx.Connect(background, URL+"?sslmode=disable"+more)
	Must(err)
	return conn
}

func number(conn queryer, query string, args ...interface{}) (value int) {
	Must(conn.QueryRow(background, query, args...).Scan(&value))
	return value
}

func text(conn queryer, query string, args ...interface{}) (value string) {
	Must(conn.QueryRow(background, query, args...).Scan(&value))
	return value
}

func exec(conn queryer, query string, args ...interface{}) {
	Must(second(conn.Exec(background, query, args...)))
}

func second(_ pgconn.CommandTag, err error) error { return err }

func raises(sqlstate string, err error) {
	var reported *pgconn.PgError
	if !errors.As(err, &reported) {
		panic(fmt.Sprintf("got %v, wanted %s", err, sqlstate))
	}
	Expect(reported.Code, sqlstate)
}

func main() {
	conn := connect("")

	Check("the manual's first program", func() {
		exec(conn, "DROP TABLE IF EXISTS pgx_widgets, pgx_many")
		exec(conn, "CREATE TABLE pgx_widgets (id serial PRIMARY KEY, name text UNIQUE, weight int)")
		exec(conn, "CREATE TABLE pgx_many (worker int, n int)")
		tag, err := conn.Exec(background, "INSERT INTO pgx_widgets(name, weight) VALUES($1, $2)", "sprocket", 42)
		Must(err)
		Expect(tag.RowsAffected(), int64(1))
		var name string
		var weight int64
		Must(conn.QueryRow(background, "SELECT name, weight FROM pgx_widgets WHERE id = $1", 1).Scan(&name, &weight))
		Expect([]interface{}{name, weight}, []interface{}{"sprocket", int64(42)})
	})
	Settle()

	Check("types in binary: NULL, arrays, json, bytea, times, uuid", func() {
		at := time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)
		var none *string
		var float float64
		var payload []byte
		var ints []int32
		var texts []string
		var document map[string]interface{}
		var back time.Time
		var uuid [16]byte
		Must(conn.QueryRow(background, "SELECT $1::text, $2::float8, $3::bytea, $4::int[], $5::text[], $6::jsonb, $7::timestamptz, $8::uuid",
			nil, 1.5, []byte{0, 255}, []int32{1, 2}, []string{"a", `b"c`}, map[string]interface{}{"a": nil}, at, [16]byte{15: 7}).
			Scan(&none, &float, &payload, &ints, &texts, &document, &back, &uuid))
		Expect([]interface{}{none == nil, float, payload, ints, texts}, []interface{}{true, 1.5, []byte{0, 255}, []int32{1, 2}, []string{"a", `b"c`}})
		Expect([]interface{}{document, back.Equal(at), uuid}, []interface{}{map[string]interface{}{"a": nil}, true, [16]byte{15: 7}})
	})

	for _, mode := range []string{"", "&statement_cache_mode=describe", "&statement_cache_capacity=5", "&statement_cache_capacity=0", "&prefer_simple_protocol=true"} {
		Check("100 transactions on each of 12 connections that take turns "+mode, func() {
			var conns []*pgx.Conn
			for n := 0; n < 12; n++ {
				config, err := pgx.ParseConfig(URL + "?sslmode=disable" + mode)
				Must(err)
				if strings.Contains(mode, "simple") {
					delete(config.RuntimeParams, "prefer_simple_protocol")
					config.PreferSimpleProtocol = true
				}
				conn, err := pgx.ConnectConfig(background, config)
				Must(err)
				defer conn.Close(background)
				conns = append(conns, conn)
			}
			for turn := 0; turn < 100; turn++ {
				for n, conn := range conns {
					tx, err := conn.Begin(background)
					Must(err)
					Expect(number(tx, fmt.Sprintf("SELECT $1::int * 100 + %d", n), turn), turn*100+n)
					Must(tx.Commit(background))
					Expect(number(conn, fmt.Sprintf("SELECT $1::int + %d", turn%10), turn), turn+turn%10)
				}
			}
		})
	}

	Check("Prepare by name, used over many transactions, Deallocate, prepared again", func() {
		conns := []*pgx.Conn{connect(""), connect("")}
		for turn := 0; turn < 30; turn++ {
			for n, conn := range conns {
				// The same name, another text, and both change every ten turns.
				_, err := conn.Prepare(background, "mine", fmt.Sprintf("SELECT $1::int * 100 + %d", n+turn/10))
				Must(err)
				Expect(number(conn, "mine", turn), turn*100+n+turn/10)
				if turn%10 == 9 {
					Must(conn.Deallocate(background, "mine"))
				}
			}
		}
		for _, conn := range conns {
			Must(conn.Close(background))
		}
	})

	Check("commit, rollback, nested transactions, 25P02 and recovery", func() {
		tx, err := conn.Begin(background)
		Must(err)
		exec(tx, "INSERT INTO pgx_widgets(name) VALUES('lost')")
		Must(tx.Rollback(background))
		Must(conn.BeginFunc(background, func(tx pgx.Tx) error {
			exec(tx, "INSERT INTO pgx_widgets(name) VALUES('kept')")
			nested, err := tx.Begin(background)
			Must(err)
			raises("23505", second(nested.Exec(background, "INSERT INTO pgx_widgets(name) VALUES($1)", "kept")))
			raises("25P02", second(nested.Exec(background, "SELECT 1")))
			return nested.Rollback(background)
		}))
		Expect(text(conn, "SELECT string_agg(name, ',' ORDER BY name) FROM pgx_widgets"), "kept,sprocket")
		raises("42P01", second(conn.Exec(background, "SELECT * FROM no_such_table")))
		Expect(number(conn, "SELECT 1"), 1)
	})

	Check("read-only, deferrable, serializable transactions", func() {
		options := pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly, DeferrableMode: pgx.Deferrable}
		for turn := 0; turn < 5; turn++ {
			tx, err := conn.BeginTx(background, options)
			Must(err) // a standby has no serializable transactions: this one belongs on the primary
			Expect(text(tx, "SHOW transaction_read_only"), "on")
			raises("25006", second(tx.Exec(background, "DELETE FROM pgx_widgets")))
			Must(tx.Rollback(background))
		}
	})

	Check("a read sees the write before it, 200 times in autocommit", func() {
		for n := 0; n < 200; n++ {
			exec(conn, "UPDATE pgx_widgets SET weight = $1 WHERE id = 1", n)
			Expect(number(conn, "SELECT weight FROM pgx_widgets WHERE id = $1", 1), n)
		}
	})

	Check("Batch: 500 statements in one flight, and one of them fails", func() {
		batch := &pgx.Batch{}
		for n := 0; n < 500; n++ {
			batch.Queue("SELECT $1::int", n)
		}
		results := conn.SendBatch(background, batch)
		for n := 0; n < 500; n++ {
			var got int
			Must(results.QueryRow().Scan(&got))
			Expect(got, n)
		}
		Must(results.Close())
		batch = &pgx.Batch{}
		batch.Queue("INSERT INTO pgx_widgets(name) VALUES($1)", "in a batch")
		batch.Queue("INSERT INTO pgx_widgets(name) VALUES($1)", "sprocket")
		batch.Queue("INSERT INTO pgx_widgets(name) VALUES($1)", "after the error")
		results = conn.SendBatch(background, batch)
		Must(second(results.Exec()))
		raises("23505", second(results.Exec()))
		results.Close()
		Expect(number(conn, "SELECT count(*) FROM pgx_widgets WHERE name LIKE '% %'"), 0)
	})

	Check("CopyFrom, CopyTo, and one that fails", func() {
		var rows [][]interface{}
		for n := 0; n < 10000; n++ {
			rows = append(rows, []interface{}{fmt.Sprintf("copy %d", n), n})
		}
		count, err := conn.CopyFrom(background, pgx.Identifier{"pgx_widgets"}, []string{"name", "weight"}, pgx.CopyFromRows(rows))
		Must(err)
		Expect(count, int64(10000))
		_, err = conn.CopyFrom(background, pgx.Identifier{"pgx_widgets"}, []string{"name", "weight"}, pgx.CopyFromRows(rows[:1]))
		raises("23505", err)
		var out bytes.Buffer
		_, err = conn.PgConn().CopyTo(background, &out, "COPY (SELECT name FROM pgx_widgets WHERE name LIKE 'copy %') TO STDOUT")
		Must(err)
		Expect(strings.Count(out.String(), "\n"), 10000)
		_, err = conn.PgConn().CopyFrom(background, strings.NewReader("not a number\n"), "COPY pgx_many (n) FROM STDIN")
		raises("22P02", err)
		Expect(number(conn, "SELECT 1"), 1)
	})

	Check("5 MB there and back, a large object, rows closed early, several results", func() {
		payload := bytes.Repeat([]byte{0, 254}, Large/2)
		var back []byte
		Must(conn.QueryRow(background, "SELECT $1::bytea", payload).Scan(&back))
		Expect(bytes.Equal(back, payload), true)
		tx, err := conn.Begin(background)
		Must(err)
		objects := tx.LargeObjects()
		oid, err := objects.Create(background, 0)
		Must(err)
		object, err := objects.Open(background, oid, pgx.LargeObjectModeRead|pgx.LargeObjectModeWrite)
		Must(err)
		_, err = object.Write(payload[:100000])
		Must(err)
		_, err = object.Seek(0, 0)
		Must(err)
		read, err := ioutil.ReadAll(object)
		Must(err)
		Expect(len(read), 100000)
		Must(tx.Rollback(background))
		rows, err := conn.Query(background, "SELECT generate_series(1, 100000)")
		Must(err)
		Expect(rows.Next(), true)
		rows.Close()
		results, err := conn.PgConn().Exec(background, "SELECT 1; SELECT 2").ReadAll()
		Must(err)
		Expect(len(results), 2)
	})

	Check("cancel: a request, and a context's deadline, which ends the connection; statement_timeout", func() {
		for turn := 0; turn < 3; turn++ {
			timer := time.AfterFunc(200*time.Millisecond, func() { Must(conn.PgConn().CancelRequest(background)) })
			raises("57014", second(conn.Exec(background, "SELECT pg_sleep(20)")))
			timer.Stop()
			Expect(number(conn, "SELECT 1"), 1)
		}
		doomed := connect("")
		ctx, cancel := context.WithTimeout(background, 200*time.Millisecond)
		defer cancel()
		Expect(doomed.QueryRow(ctx, "SELECT pg_sleep(20)").Scan() != nil, true)
		Expect(doomed.IsClosed(), true)
		tx, err := conn.Begin(background)
		Must(err)
		exec(tx, "SET LOCAL statement_timeout = '100ms'")
		raises("57014", second(tx.Exec(background, "SELECT pg_sleep(20)")))
		Must(tx.Rollback(background))
		Expect(text(conn, "SHOW statement_timeout"), "0")
	})

	Check("startup parameters stay each connection's own", func() {
		var conns []*pgx.Conn
		for n := 0; n < 12; n++ {
			conn := connect(fmt.Sprintf("&application_name=a%d&search_path=s%d&statement_timeout=%d", n, n, 5001+n))
			defer conn.Close(background)
			conns = append(conns, conn)
		}
		for turn := 0; turn < 10; turn++ {
			for n, conn := range conns {
				got := text(conn, "SHOW application_name") + text(conn, "SHOW search_path") + text(conn, "SHOW statement_timeout")
				Expect(got, fmt.Sprintf("a%ds%d%dms", n, n, 5001+n))
			}
		}
	})
	Settle()

	for mode, name := range map[int]string{stmtcache.ModePrepare: "prepare", stmtcache.ModeDescribe: "describe"} {
		mode := mode
		Check(fmt.Sprintf("pgxpool of %d, 800 transactions, statement cache by %s", Connections, name), func() {
			config, err := pgxpool.ParseConfig(URL + "?sslmode=disable")
			Must(err)
			config.MinConns, config.MaxConns = Connections, Connections
			config.ConnConfig.BuildStatementCache = func(conn *pgconn.PgConn) stmtcache.Cache { return stmtcache.New(conn, mode, 100) }
			pool, err := pgxpool.ConnectConfig(background, config)
			Must(err)
			defer pool.Close()
			exec(pool, "TRUNCATE pgx_many")
			Settle()
			InParallel(Connections, func(worker int) {
				for n := 0; n < 20; n++ {
					Must(pool.BeginFunc(background, func(tx pgx.Tx) error {
						exec(tx, "INSERT INTO pgx_many VALUES ($1, $2)", worker, n)
						Expect(number(tx, "SELECT count(*) FROM pgx_many WHERE worker = $1", worker), n+1)
						return nil
					}))
					Expect(number(pool, "SELECT $1::int", n), n)
				}
			})
			Settle()
			Expect(number(pool, "SELECT count(*) FROM pgx_many"), Connections*20)
		})
	}

	Check("through database/sql", func() {
		db, err := sql.Open("pgx", URL+"?sslmode=disable")
		Must(err)
		defer db.Close()
		statement, err := db.Prepare("SELECT $1::int + 1")
		Must(err)
		InParallel(10, func(worker int) {
			for n := 0; n < 20; n++ {
				var got int
				Must(statement.QueryRow(n).Scan(&got))
				Expect(got, n+1)
			}
		})
	})
	Must(conn.Close(background))
}
