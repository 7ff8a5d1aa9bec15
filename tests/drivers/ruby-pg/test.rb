# ruby-pg: exec_params, named statements, transactions, COPY, single-row mode, pipeline mode, cancel.
require "pg"
require "timeout"

$stdout.sync = true
URL = ENV.fetch("DATABASE_URL")
CONNECTIONS = 40
LARGE = 5 * 1024 * 1024

def check(name)
  started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  yield
  puts "ok   #{name} (#{((Process.clock_gettime(Process::CLOCK_MONOTONIC) - started) * 1000).round} ms)"
rescue StandardError => error
  puts error.backtrace
  puts "FAIL #{name}: #{error.class}: #{error.message}"
  exit!(1)
end

def expect(actual, wanted)
  raise "got #{actual.inspect[0, 300]}, wanted #{wanted.inspect[0, 300]}" unless actual == wanted
end

def raises(kind)
  yield
rescue kind
  nil
else
  raise "no #{kind} was raised"
end

# Longer than pgweir's max_replica_lag (500 ms): a read on another connection sees the write after it.
def settle = sleep(0.7)

def connect(**more) = PG.connect(URL, **more)
def one(conn, query, *args) = conn.exec_params(query, args).getvalue(0, 0)

conn = connect
conn.set_notice_processor { |_| nil }

check "the manual's first program" do
  conn.exec("DROP TABLE IF EXISTS rubypg_items, rubypg_copy, rubypg_many")
  conn.exec("CREATE TABLE rubypg_items (id serial PRIMARY KEY, num int UNIQUE, data text)")
  conn.exec("CREATE TABLE rubypg_copy (id int, name text); CREATE TABLE rubypg_many (worker int, n int)")
  conn.exec_params("INSERT INTO rubypg_items (num, data) VALUES ($1, $2)", [100, "it's"])
  conn.exec("SELECT * FROM rubypg_items") { |result| expect(result.to_a, [{ "id" => "1", "num" => "100", "data" => "it's" }]) }
  expect(conn.parameter_status("client_encoding"), "UTF8")
end

settle

check "types through the type maps: NULL, arrays, json, bytea, times" do
  typed = connect
  typed.type_map_for_results = PG::BasicTypeMapForResults.new(typed)
  typed.type_map_for_queries = PG::BasicTypeMapForQueries.new(typed)
  [["int", 42], ["int", nil], ["float8", 1.5], ["bool", true], ["int[]", [1, nil, 3]], ["text[]", ["a", 'b"c']], ["jsonb", { "a" => [1, nil] }],
   ["text", "na\u00efve \u{1f418}"]].each { |type, value| expect(one(typed, "SELECT $1::#{type}", value), value) }
  expect(one(typed, "SELECT $1::timestamptz", Time.utc(2024, 2, 29, 12, 30)), Time.utc(2024, 2, 29, 12, 30))
  binary = typed.exec_params("SELECT $1::bytea, 7::int8", [PG::BasicTypeMapForQueries::BinaryData.new("\x00\xFF".b)], 1)
  expect(binary.values, [["\x00\xFF".b, 7]])
  typed.close
end

check "prepare and exec_prepared, 100 transactions on each of 12 connections, one name for all" do
  conns = Array.new(12) { connect }
  conns.each_with_index { |mine, n| mine.prepare("same", "SELECT $1::int * 100 + #{n}") }
  100.times do |turn|
    conns.each_with_index do |mine, n|
      mine.transaction { expect(mine.exec_prepared("same", [turn]).getvalue(0, 0), (turn * 100 + n).to_s) }
    end
  end
  expect(conns[0].describe_prepared("same").nparams, 1)
  raises(PG::DuplicatePstatement) { conns[0].prepare("same", "SELECT 1") }
  expect(conns[0].exec_prepared("same", [1]).getvalue(0, 0), "100")
  raises(PG::InvalidSqlStatementName) { conns[0].exec_prepared("never prepared") }
  conns.each(&:close)
end

check "commit, rollback, savepoints, 25P02 and recovery" do
  raises(ZeroDivisionError) do
    conn.transaction do
      conn.exec("INSERT INTO rubypg_items (num) VALUES (1)")
      raise ZeroDivisionError
    end
  end
  conn.transaction do
    conn.exec("INSERT INTO rubypg_items (num) VALUES (2)")
    conn.exec("SAVEPOINT before")
    raises(PG::UniqueViolation) { conn.exec("INSERT INTO rubypg_items (num) VALUES (2)") }
    raises(PG::InFailedSqlTransaction) { conn.exec("SELECT 1") }
    expect(conn.transaction_status, PG::PQTRANS_INERROR)
    conn.exec("ROLLBACK TO SAVEPOINT before")
  end
  expect(one(conn, "SELECT array_agg(num ORDER BY num) FROM rubypg_items"), "{2,100}")
  raises(PG::UndefinedTable) { conn.exec("SELECT * FROM no_such_table") }
  expect(one(conn, "SELECT 1"), "1")
end

check "read-only transactions" do
  conn.exec("START TRANSACTION READ ONLY")
  raises(PG::ReadOnlySqlTransaction) { conn.exec("DELETE FROM rubypg_items") }
  conn.exec("ROLLBACK")
end

check "a read sees the write before it, 200 times in autocommit" do
  200.times do |n|
    conn.exec_params("UPDATE rubypg_items SET data = $1 WHERE num = 100", [n])
    expect(one(conn, "SELECT data FROM rubypg_items WHERE num = 100"), n.to_s)
  end
end

check "COPY in and out, and one that fails" do
  conn.copy_data("COPY rubypg_copy FROM STDIN", PG::TextEncoder::CopyRow.new) { 10_000.times { |n| conn.put_copy_data([n, n % 7 == 0 ? nil : "name\t#{n}"]) } }
  rows = []
  conn.copy_data("COPY (SELECT * FROM rubypg_copy ORDER BY id) TO STDOUT", PG::TextDecoder::CopyRow.new) { while (row = conn.get_copy_data) do rows << row end }
  expect([rows.size, rows[0], rows[1]], [10_000, ["0", nil], ["1", "name\t1"]])
  raises(PG::InvalidTextRepresentation) { conn.copy_data("COPY rubypg_copy FROM STDIN") { conn.put_copy_data("not a number\tx\n") } }
  raises(ZeroDivisionError) { conn.copy_data("COPY rubypg_copy FROM STDIN") { raise ZeroDivisionError } }
  expect(one(conn, "SELECT count(*) FROM rubypg_copy"), "10000")
end

check "single-row mode, several results, a cursor in a transaction, notices" do
  conn.send_query_params("SELECT generate_series(1, $1::int)", [1000])
  conn.set_single_row_mode
  sum = 0
  conn.get_result.stream_each_row { |row| sum += row[0].to_i }
  expect([sum, conn.get_result], [500_500, nil])
  conn.send_query("SELECT 1; SELECT 2")
  expect([conn.get_result.getvalue(0, 0), conn.get_result.getvalue(0, 0), conn.get_result], ["1", "2", nil])
  conn.transaction do
    conn.exec("DECLARE mine CURSOR FOR SELECT generate_series(1, 100)")
    expect([conn.exec("FETCH 60 FROM mine").ntuples, conn.exec("FETCH 60 FROM mine").ntuples], [60, 40])
  end
  notices = []
  conn.set_notice_processor { |message| notices << message }
  conn.exec("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
  expect(notices, ["NOTICE:  hello\n"])
end

check "pipeline mode: 300 statements, an error and the next sync" do
  conn.enter_pipeline_mode
  300.times { |n| conn.send_query_params("SELECT $1::int", [n]) }
  conn.send_query_params("SELECT 1 / $1::int", [0])
  conn.send_query_params("SELECT 'never'", [])
  conn.pipeline_sync
  conn.send_query_params("SELECT 'after'", [])
  conn.pipeline_sync
  300.times do |n|
    expect(conn.get_result.getvalue(0, 0), n.to_s)
    expect(conn.get_result, nil)
  end
  expect(conn.get_result.result_status, PG::PGRES_FATAL_ERROR)
  conn.get_result
  expect(conn.get_result.result_status, PG::PGRES_PIPELINE_ABORTED)
  conn.get_result
  expect(conn.get_result.result_status, PG::PGRES_PIPELINE_SYNC)
  expect(conn.get_result.getvalue(0, 0), "after")
  conn.get_result
  expect(conn.get_result.result_status, PG::PGRES_PIPELINE_SYNC)
  conn.exit_pipeline_mode
end

check "5 MB there and back" do
  payload = "\x00\xFE".b * (LARGE / 2)
  expect(conn.exec_params("SELECT $1::bytea", [{ value: payload, format: 1 }], 1).getvalue(0, 0) == payload, true)
end

check "cancel, statement_timeout in a transaction" do
  3.times do
    conn.send_query("SELECT pg_sleep(20)")
    sleep 0.2
    expect(conn.cancel, nil)
    raises(PG::QueryCanceled) { conn.get_last_result }
    expect(one(conn, "SELECT 1"), "1")
  end
  raises(PG::QueryCanceled) do
    conn.transaction do
      conn.exec("SET LOCAL statement_timeout = '100ms'")
      conn.exec("SELECT pg_sleep(20)")
    end
  end
  expect(one(conn, "SHOW statement_timeout"), "0")
end

check "startup options and encodings stay each connection's own; reset" do
  conns = Array.new(12) { |n| connect(application_name: "a#{n}", options: "-c search_path=s#{n}", client_encoding: n.odd? ? "LATIN1" : "UTF8") }
  10.times do
    conns.each_with_index do |mine, n|
      expect([one(mine, "SHOW application_name"), one(mine, "SHOW search_path"), one(mine, "SHOW client_encoding")], ["a#{n}", "s#{n}", n.odd? ? "LATIN1" : "UTF8"])
      expect(one(mine, "SELECT chr(233)").encode("UTF-8"), "\u00e9")
    end
  end
  conns[0].reset
  expect(one(conns[0], "SHOW search_path"), "s0")
  conns.each(&:close)
end

settle

check "#{CONNECTIONS} threads, each with its own connection and transactions" do
  conns = Array.new(CONNECTIONS) { connect }
  conns.each_with_index.map do |mine, worker|
    Thread.new do
      25.times do |n|
        mine.transaction { mine.exec_params("INSERT INTO rubypg_many VALUES ($1, $2)", [worker, n]) }
        expect(one(mine, "SELECT count(*) FROM rubypg_many WHERE worker = $1", worker), (n + 1).to_s)
      end
    end
  end.each(&:join)
  conns.each(&:close)
end

conn.close
