// JDBC (pgjdbc): server-prepared statements past prepareThreshold, batches, CopyManager, cursors by fetch size, startup parameters.

import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.net.URI;
import java.sql.*;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.*;
import java.util.concurrent.*;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.util.PGobject;

public class JdbcTest {
    static final int CONNECTIONS = 40;
    static final int LARGE = 5 * 1024 * 1024;

    interface Work { void run() throws Exception; }

    public static void main(String[] arguments) throws Exception {
        check("the manual's first program", JdbcTest::firstProgram);
        settle();
        check("types: NULL, arrays, json, bytea, numeric, times, uuid; text and binary transfer", JdbcTest::types);
        check("prepareThreshold reached, 100 transactions on each of 12 connections that take turns", JdbcTest::preparedManyTimes);
        check("prepareThreshold 1 with a small statement cache, and 0: never", JdbcTest::statementCache);
        check("every preferQueryMode", JdbcTest::queryModes);
        check("a prepared SELECT * after ALTER TABLE, autosave", JdbcTest::changedPlan);
        check("commit, rollback, savepoints, 25P02 and recovery", JdbcTest::transactions);
        check("setReadOnly, setTransactionIsolation, readOnlyMode=always", JdbcTest::readOnly);
        check("a read sees the write before it, 200 times in autocommit", JdbcTest::readYourWrites);
        check("batches: rewritten, with generated keys, and one that fails", JdbcTest::batches);
        check("fetch size: a cursor inside a transaction", JdbcTest::fetchSize);
        check("CopyManager: in and out, and one that fails", JdbcTest::copy);
        check("5 MB there and back", JdbcTest::large);
        check("Statement.cancel, setQueryTimeout, statement_timeout, socketTimeout unharmed", JdbcTest::cancel);
        check("several results in one message, warnings, a function call, metadata", JdbcTest::results);
        check("large objects in a transaction", JdbcTest::largeObjects);
        check("currentSchema, options, ApplicationName stay each connection's own", JdbcTest::startupParameters);
        settle();
        check(CONNECTIONS + " connections at once, each with its own transactions", JdbcTest::manyConnections);
    }

    static void firstProgram() throws Exception {
        try (Connection conn = connect(); Statement statement = conn.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS jdbc_items, jdbc_many, jdbc_changing");
            statement.execute("DROP SCHEMA IF EXISTS jdbc_a CASCADE; DROP SCHEMA IF EXISTS jdbc_b CASCADE");
            statement.execute("CREATE TABLE jdbc_items (id serial PRIMARY KEY, num int UNIQUE, name text)");
            statement.execute("CREATE TABLE jdbc_many (worker int, n int); CREATE TABLE jdbc_changing (a int)");
            for (String schema : List.of("jdbc_a", "jdbc_b")) {
                statement.execute("CREATE SCHEMA " + schema);
                statement.execute("CREATE TABLE " + schema + ".here AS SELECT '" + schema + "'::text AS schema");
            }
            try (PreparedStatement insert = conn.prepareStatement("INSERT INTO jdbc_items (num, name) VALUES (?, ?)")) {
                insert.setInt(1, 100);
                insert.setString(2, "it's");
                expect(insert.executeUpdate(), 1);
            }
            try (ResultSet rows = statement.executeQuery("SELECT * FROM jdbc_items WHERE num = 100")) {
                expect(rows.next(), true);
                expect(rows.getString("name"), "it's");
            }
        }
    }

    static void types() throws Exception {
        OffsetDateTime at = OffsetDateTime.of(2024, 2, 29, 12, 30, 0, 0, ZoneOffset.UTC);
        UUID uuid = new UUID(0, 7);
        PGobject json = new PGobject();
        json.setType("jsonb");
        json.setValue("{\"a\": [1, null]}");
        try (Connection conn = connect("prepareThreshold=3");
             PreparedStatement select = conn.prepareStatement("SELECT ?::int, ?::bigint, ?::float8, ?::numeric, ?::text, ?::bytea, ?::int[], ?::timestamptz, ?::uuid, ?::jsonb, ?::bool")) {
            // Binary transfer begins when the statement has become a named one.
            for (int turn = 0; turn < 8; turn++) {
                select.setNull(1, Types.INTEGER);
                select.setLong(2, 1L << 40);
                select.setDouble(3, 1.5);
                select.setBigDecimal(4, new BigDecimal("12345.678900"));
                select.setString(5, "na\u00efve \ud83d\udc18");
                select.setBytes(6, new byte[] {0, -1});
                select.setArray(7, conn.createArrayOf("int4", new Integer[] {1, null, 3}));
                select.setObject(8, at);
                select.setObject(9, uuid);
                select.setObject(10, json);
                select.setBoolean(11, true);
                try (ResultSet row = select.executeQuery()) {
                    row.next();
                    expect(row.getObject(1), null);
                    expect(row.getLong(2), 1L << 40);
                    expect(row.getDouble(3), 1.5);
                    expect(row.getBigDecimal(4), new BigDecimal("12345.678900"));
                    expect(row.getString(5), "na\u00efve \ud83d\udc18");
                    expect(Arrays.equals(row.getBytes(6), new byte[] {0, -1}), true);
                    expect(Arrays.asList((Integer[]) row.getArray(7).getArray()), Arrays.asList(1, null, 3));
                    expect(row.getObject(8, OffsetDateTime.class), at);
                    expect(row.getObject(9), uuid);
                    expect(row.getString(10), "{\"a\": [1, null]}");
                    expect(row.getBoolean(11), true);
                }
            }
        }
    }

    static void preparedManyTimes() throws Exception {
        List<Connection> conns = new ArrayList<>();
        List<PreparedStatement> statements = new ArrayList<>();
        for (int n = 0; n < 12; n++) {
            Connection conn = connect();
            conn.setAutoCommit(false);
            conns.add(conn);
            // Every connection counts its statement names from one (S_1, S_2: BEGIN and COMMIT among them); the texts differ.
            statements.add(conn.prepareStatement("SELECT ?::int * 100 + " + n));
        }
        for (int turn = 0; turn < 100; turn++) {
            for (int n = 0; n < conns.size(); n++) {
                expect(intOf(statements.get(n), turn), turn * 100 + n);
                conns.get(n).commit();
            }
        }
        expect(statements.get(0).unwrap(PGStatement.class).isUseServerPrepare(), true);
        for (Connection conn : conns) conn.close();
    }

    static void statementCache() throws Exception {
        for (String options : List.of("prepareThreshold=1&preparedStatementCacheQueries=5", "prepareThreshold=0", "prepareThreshold=-1")) {
            try (Connection conn = connect(options)) {
                for (int turn = 0; turn < 4; turn++) {
                    for (int n = 0; n < 20; n++) {
                        try (PreparedStatement select = conn.prepareStatement("SELECT ?::int * 100 + " + n)) {
                            expect(intOf(select, turn), turn * 100 + n);
                        }
                    }
                }
            }
        }
    }

    static void queryModes() throws Exception {
        for (String mode : List.of("simple", "extended", "extendedForPrepared", "extendedCacheEverything")) {
            try (Connection conn = connect("preferQueryMode=" + mode)) {
                conn.setAutoCommit(false);
                for (int turn = 0; turn < 10; turn++) {
                    try (PreparedStatement select = conn.prepareStatement("SELECT ?::int + 1")) {
                        expect(intOf(select, turn), turn + 1);
                    }
                    expect(one(conn, "SELECT 'x' || 1"), "x1");
                    conn.commit();
                }
            }
        }
    }

    static void changedPlan() throws Exception {
        try (Connection conn = connect("prepareThreshold=1&autosave=conservative"); Statement statement = conn.createStatement()) {
            statement.execute("INSERT INTO jdbc_changing VALUES (1)");
            try (PreparedStatement select = conn.prepareStatement("SELECT * FROM jdbc_changing")) {
                for (int added = 0; added < 3; added++) {
                    for (boolean autoCommit : new boolean[] {true, false}) {
                        conn.setAutoCommit(autoCommit);
                        for (int turn = 0; turn < 3; turn++) {
                            try (ResultSet rows = select.executeQuery()) {
                                expect(rows.getMetaData().getColumnCount(), 1 + added);
                            }
                        }
                        if (!autoCommit) conn.commit();
                    }
                    conn.setAutoCommit(true);
                    statement.execute("ALTER TABLE jdbc_changing ADD COLUMN extra_" + added + " int");
                }
            }
        }
    }

    static void transactions() throws Exception {
        try (Connection conn = connect(); Statement statement = conn.createStatement()) {
            conn.setAutoCommit(false);
            statement.executeUpdate("INSERT INTO jdbc_items (num) VALUES (1)");
            conn.rollback();
            statement.executeUpdate("INSERT INTO jdbc_items (num) VALUES (2)");
            Savepoint before = conn.setSavepoint("before");
            raises("23505", () -> statement.executeUpdate("INSERT INTO jdbc_items (num) VALUES (2)"));
            raises("25P02", () -> statement.executeQuery("SELECT 1"));
            conn.rollback(before);
            conn.commit();
            expect(one(conn, "SELECT array_agg(num ORDER BY num) FROM jdbc_items"), "{2,100}");
            raises("42P01", () -> statement.executeQuery("SELECT * FROM no_such_table"));
            conn.rollback();
            expect(one(conn, "SELECT 1"), "1");
            conn.rollback();
        }
    }

    static void readOnly() throws Exception {
        for (String mode : List.of("transaction", "always")) {
            try (Connection conn = connect("readOnlyMode=" + mode); Statement statement = conn.createStatement()) {
                conn.setReadOnly(true);
                conn.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                conn.setAutoCommit(false);
                for (int turn = 0; turn < 5; turn++) {
                    expect(one(conn, "SHOW transaction_read_only"), "on");
                    expect(one(conn, "SHOW transaction_isolation"), "repeatable read");
                    expect(one(conn, "SELECT count(*) FROM jdbc_items WHERE num = 100"), "1");
                    conn.commit();
                }
                raises("25006", () -> statement.executeUpdate("DELETE FROM jdbc_items"));
                conn.rollback();
                conn.setReadOnly(false);
                statement.executeUpdate("UPDATE jdbc_items SET name = 'written' WHERE num = 100");
                conn.commit();
            }
        }
    }

    static void readYourWrites() throws Exception {
        try (Connection conn = connect();
             PreparedStatement write = conn.prepareStatement("UPDATE jdbc_items SET name = ?::text WHERE num = 100");
             PreparedStatement read = conn.prepareStatement("SELECT name::int + ? FROM jdbc_items WHERE num = 100")) {
            for (int n = 0; n < 200; n++) {
                write.setString(1, String.valueOf(n));
                expect(write.executeUpdate(), 1);
                expect(intOf(read, 0), n);
            }
        }
    }

    static void batches() throws Exception {
        for (String options : List.of("reWriteBatchedInserts=false", "reWriteBatchedInserts=true")) {
            try (Connection conn = connect(options)) {
                conn.setAutoCommit(false);
                try (PreparedStatement insert = conn.prepareStatement("INSERT INTO jdbc_items (num, name) VALUES (?, ?)", Statement.RETURN_GENERATED_KEYS)) {
                    for (int n = 1000; n < 3000; n++) {
                        insert.setInt(1, n);
                        insert.setString(2, "batch");
                        insert.addBatch();
                    }
                    expect(insert.executeBatch().length, 2000);
                    int keys = 0;
                    try (ResultSet generated = insert.getGeneratedKeys()) {
                        while (generated.next()) keys++;
                    }
                    expect(keys, 2000);
                    conn.rollback();
                    insert.setInt(1, 7);
                    insert.addBatch();
                    insert.setInt(1, 100);
                    insert.addBatch();
                    raises("23505", insert::executeBatch);
                    conn.rollback();
                }
                try (Statement several = conn.createStatement()) {
                    several.addBatch("INSERT INTO jdbc_items (num) VALUES (8)");
                    several.addBatch("DELETE FROM jdbc_items WHERE num = 8");
                    expect(several.executeBatch(), new int[] {1, 1});
                    conn.commit();
                }
            }
        }
    }

    static void fetchSize() throws Exception {
        try (Connection conn = connect()) {
            conn.setAutoCommit(false);
            try (PreparedStatement select = conn.prepareStatement("SELECT generate_series(1, ?)")) {
                select.setFetchSize(50);
                for (int turn = 0; turn < 8; turn++) {
                    select.setInt(1, 1000);
                    long sum = 0;
                    try (ResultSet rows = select.executeQuery()) {
                        while (rows.next()) {
                            sum += rows.getInt(1);
                            if (rows.getInt(1) == 500) expect(one(conn, "SELECT 'between portions'"), "between portions");
                        }
                    }
                    expect(sum, 500500L);
                    conn.commit();
                }
            }
        }
    }

    static void copy() throws Exception {
        try (Connection conn = connect()) {
            var manager = conn.unwrap(PGConnection.class).getCopyAPI();
            StringBuilder rows = new StringBuilder();
            for (int n = 10000; n < 20000; n++) rows.append(n).append(",name ").append(n).append('\n');
            expect(manager.copyIn("COPY jdbc_items (num, name) FROM STDIN (FORMAT csv)", new StringReader(rows.toString())), 10000L);
            StringWriter out = new StringWriter();
            expect(manager.copyOut("COPY (SELECT num, name FROM jdbc_items WHERE num >= 10000 ORDER BY num) TO STDOUT (FORMAT csv)", out), 10000L);
            expect(out.toString(), rows.toString());
            raises("22P02", () -> manager.copyIn("COPY jdbc_items (num) FROM STDIN", new ByteArrayInputStream("not a number\n".getBytes())));
            var abandoned = manager.copyIn("COPY jdbc_items (num) FROM STDIN");
            abandoned.writeToCopy("5\n".getBytes(), 0, 2);
            abandoned.cancelCopy();
            expect(one(conn, "SELECT count(*) FROM jdbc_items WHERE num >= 10000"), "10000");
        }
    }

    static void large() throws Exception {
        byte[] payload = new byte[LARGE];
        new Random(7).nextBytes(payload);
        try (Connection conn = connect("prepareThreshold=2"); PreparedStatement select = conn.prepareStatement("SELECT ?::bytea")) {
            for (int turn = 0; turn < 4; turn++) {
                select.setBytes(1, payload);
                try (ResultSet row = select.executeQuery()) {
                    row.next();
                    expect(Arrays.equals(row.getBytes(1), payload), true);
                }
            }
        }
    }

    static void cancel() throws Exception {
        try (Connection conn = connect("socketTimeout=10"); Statement statement = conn.createStatement()) {
            Thread canceller = new Thread(() -> {
                try {
                    Thread.sleep(300);
                    statement.cancel();
                } catch (Exception error) {
                    throw new RuntimeException(error);
                }
            });
            canceller.start();
            raises("57014", () -> statement.execute("SELECT pg_sleep(9)"));
            canceller.join();
            expect(one(conn, "SELECT 1"), "1");
            statement.setQueryTimeout(1);
            raises("57014", () -> statement.execute("SELECT pg_sleep(9)"));
            statement.setQueryTimeout(0);
            conn.setAutoCommit(false);
            statement.execute("SET LOCAL statement_timeout = '100ms'");
            raises("57014", () -> statement.execute("SELECT pg_sleep(9)"));
            conn.rollback();
            expect(one(conn, "SHOW statement_timeout"), "0");
            conn.commit();
        }
    }

    static void results() throws Exception {
        try (Connection conn = connect(); Statement statement = conn.createStatement()) {
            expect(statement.execute("SELECT 1; UPDATE jdbc_items SET name = name WHERE num = 100; SELECT 2"), true);
            expect(statement.getMoreResults(), false);
            expect(statement.getUpdateCount(), 1);
            expect(statement.getMoreResults(), true);
            statement.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$");
            expect(statement.getWarnings().getMessage(), "hello");
            try (CallableStatement call = conn.prepareCall("{? = call upper(?)}")) {
                call.registerOutParameter(1, Types.VARCHAR);
                call.setString(2, "up");
                call.execute();
                expect(call.getString(1), "UP");
            }
            DatabaseMetaData about = conn.getMetaData();
            expect(about.getDatabaseProductName(), "PostgreSQL");
            List<String> columns = new ArrayList<>();
            try (ResultSet rows = about.getColumns(null, "public", "jdbc_items", null)) {
                while (rows.next()) columns.add(rows.getString("COLUMN_NAME"));
            }
            expect(columns, List.of("id", "num", "name"));
            expect(conn.isValid(5), true);
        }
    }

    static void largeObjects() throws Exception {
        try (Connection conn = connect()) {
            conn.setAutoCommit(false);
            var manager = conn.unwrap(PGConnection.class).getLargeObjectAPI();
            long oid = manager.createLO();
            try (var object = manager.open(oid)) {
                object.write(new byte[100_000]);
                object.seek(0);
                expect(object.read(200_000).length, 100_000);
            }
            manager.delete(oid);
            conn.commit();
        }
    }

    static void startupParameters() throws Exception {
        List<Connection> conns = new ArrayList<>();
        for (int n = 0; n < 12; n++) {
            String schema = n % 2 == 0 ? "jdbc_a" : "jdbc_b";
            conns.add(connect("currentSchema=" + schema + "&ApplicationName=a" + n + "&options=-c%20statement_timeout=" + (5001 + n) + "%20-c%20lock_timeout=7s"));
        }
        for (int turn = 0; turn < 10; turn++) {
            for (int n = 0; n < conns.size(); n++) {
                expect(one(conns.get(n), "SELECT schema FROM here"), n % 2 == 0 ? "jdbc_a" : "jdbc_b");
                expect(one(conns.get(n), "SHOW application_name"), "a" + n);
                expect(one(conns.get(n), "SHOW statement_timeout"), (5001 + n) + "ms");
                expect(one(conns.get(n), "SHOW TimeZone"), TimeZone.getDefault().getID());
            }
        }
        conns.get(0).setClientInfo("ApplicationName", "renamed");
        for (int n = 1; n >= 0; n--) expect(one(conns.get(n), "SHOW application_name"), n == 0 ? "renamed" : "a1");
        for (Connection conn : conns) conn.close();
    }

    static void manyConnections() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS);
        CyclicBarrier everyoneIsIn = new CyclicBarrier(CONNECTIONS);
        List<Future<Void>> workers = new ArrayList<>();
        for (int number = 0; number < CONNECTIONS; number++) {
            int worker = number;
            workers.add(threads.submit(() -> {
                try (Connection conn = connect();
                     PreparedStatement insert = conn.prepareStatement("INSERT INTO jdbc_many VALUES (?, ?)");
                     PreparedStatement count = conn.prepareStatement("SELECT count(*)::int FROM jdbc_many WHERE worker = ?")) {
                    conn.setAutoCommit(false);
                    everyoneIsIn.await(60, TimeUnit.SECONDS);
                    for (int n = 0; n < 25; n++) {
                        insert.setInt(1, worker);
                        insert.setInt(2, n);
                        insert.executeUpdate();
                        conn.commit();
                        expect(intOf(count, worker), n + 1);
                        conn.commit();
                    }
                }
                return null;
            }));
        }
        for (Future<Void> worker : workers) worker.get();
        threads.shutdown();
    }

    // --- small things ---------------------------------------------------------------------------

    static Connection connect(String... options) throws Exception {
        URI url = new URI(System.getenv("DATABASE_URL"));
        String[] user = url.getUserInfo().split(":", 2);
        String more = options.length == 0 ? "" : "?" + options[0];
        return DriverManager.getConnection("jdbc:postgresql://" + url.getHost() + ":" + url.getPort() + url.getPath() + more, user[0], user[1]);
    }

    static String one(Connection conn, String query) throws SQLException {
        try (Statement statement = conn.createStatement(); ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(1);
        }
    }

    static int intOf(PreparedStatement select, int argument) throws SQLException {
        select.setInt(1, argument);
        try (ResultSet rows = select.executeQuery()) {
            rows.next();
            return rows.getInt(1);
        }
    }

    /** Longer than pgweir's max_replica_lag (500 ms): a read on another connection sees the write after it. */
    static void settle() throws InterruptedException {
        Thread.sleep(700);
    }

    static void check(String name, Work work) {
        long started = System.nanoTime();
        try {
            work.run();
        } catch (Throwable error) {
            error.printStackTrace(System.out);
            System.out.println("FAIL " + name + ": " + error.getMessage());
            System.exit(1);
        }
        System.out.println("ok   " + name + " (" + (System.nanoTime() - started) / 1_000_000 + " ms)");
    }

    static void expect(Object actual, Object wanted) {
        if (!Objects.deepEquals(actual, wanted)) throw new AssertionError("got " + shortened(actual) + ", wanted " + shortened(wanted));
    }

    static void raises(String sqlstate, Work work) throws Exception {
        try {
            work.run();
        } catch (SQLException error) {
            expect(error.getSQLState() + " " + error.getMessage(), sqlstate + " " + error.getMessage());
            return;
        }
        throw new AssertionError("no " + sqlstate + " was raised");
    }

    static String shortened(Object value) {
        String text = String.valueOf(value);
        return text.length() < 300 ? text : text.substring(0, 300) + "...";
    }
}
