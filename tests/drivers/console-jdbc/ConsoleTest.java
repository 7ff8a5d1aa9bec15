// JDBC (pgjdbc) on pgweir's console, in every preferQueryMode: SHOW, SQL with parameters, and the metadata that BI tools ask for.

import java.net.URI;
import java.sql.*;
import java.util.*;

public class ConsoleTest {
    interface Work { void run() throws Exception; }

    public static void main(String[] arguments) throws Exception {
        for (String mode : List.of("simple", "extended", "extendedForPrepared", "extendedCacheEverything")) {
            try (Connection conn = connect("CONSOLE_URL", mode)) {
                check(mode + ": every SHOW", () -> shows(conn));
                check(mode + ": parameters, until they are prepared on the server", () -> parameters(conn));
                check(mode + ": transactions, savepoints, read-only, fetch size", () -> transactions(conn));
                check(mode + ": commands, warnings and mistakes", () -> commands(conn));
                check(mode + ": metadata of databases, schemas, tables and columns", () -> metadata(conn));
                check(mode + ": metadata of what there is none of", () -> nothing(conn));
                check(mode + ": setClientInfo is seen", () -> clientInfo(conn));
            }
        }
        check("who may look may not steer", () -> {
            try (Connection conn = connect("WATCHER_URL", "extended"); Statement statement = conn.createStatement()) {
                expect(rows(statement.executeQuery("SHOW DATABASES")).size() >= 2, true);
                raises("42501", () -> statement.execute("PAUSE"));
            }
        });
    }

    static void shows(Connection conn) throws Exception {
        expect(conn.isValid(5), true);
        try (Statement statement = conn.createStatement()) {
            String help = "SELECT command FROM help WHERE command LIKE 'SHOW %' AND command <> 'SHOW HELP'";
            for (List<String> row : rows(statement.executeQuery(help))) rows(statement.executeQuery(row.get(0)));
            expect(statement.execute("SHOW VERSION; SHOW STATE"), true);
            expect(rows(statement.getResultSet()).size(), 1);
            expect(statement.getMoreResults(), true);
            expect(rows(statement.getResultSet()).size(), 2);
        }
    }

    static void parameters(Connection conn) throws Exception {
        String sql = "SELECT name, pool_size FROM databases WHERE pool_size > ? AND name <> ? LIMIT ?";
        try (PreparedStatement select = conn.prepareStatement(sql)) {
            for (int round = 0; round < 7; round++) {
                select.setInt(1, 2);
                select.setString(2, "pgweir");
                select.setLong(3, 1);
                expect(rows(select.executeQuery()), List.of(List.of("app", "5")));
            }
        }
        String numbers = "SELECT max(pool_size), count(*), avg(pool_size), sum(pool_size), now() FROM databases WHERE name = ?";
        try (PreparedStatement select = conn.prepareStatement(numbers)) {
            for (int round = 0; round < 7; round++) {
                select.setString(1, "app");
                ResultSet found = select.executeQuery();
                found.next();
                expect(found.getInt(1), 5);
                expect(found.getLong(2), 1L);
                expect(found.getDouble(3), 5.0);
                expect(found.getBigDecimal(4).intValue(), 5);
                expect(Math.abs(found.getTimestamp(5).getTime() - System.currentTimeMillis()) < 10_000, true);
            }
        }
        try (PreparedStatement select = conn.prepareStatement("SELECT name FROM databases WHERE name = ANY(?)")) {
            select.setArray(1, conn.createArrayOf("text", new Object[] {"app", "nowhere"}));
            expect(rows(select.executeQuery()), List.of(List.of("app")));
        }
    }

    static void transactions(Connection conn) throws Exception {
        try (Statement statement = conn.createStatement()) {
            conn.setReadOnly(true);
            conn.setAutoCommit(false);
            Savepoint savepoint = conn.setSavepoint();
            raises("42703", () -> statement.executeQuery("SELECT nowhere FROM pools"));
            conn.rollback(savepoint);
            statement.setFetchSize(5);
            expect(rows(statement.executeQuery("SHOW CONFIG")).size() > 40, true);
            conn.commit();
            conn.setAutoCommit(true);
            conn.setReadOnly(false);
            expect(conn.getTransactionIsolation(), Connection.TRANSACTION_READ_COMMITTED);
        }
    }

    static void commands(Connection conn) throws Exception {
        try (Statement statement = conn.createStatement()) {
            statement.execute("SET default_pool_size = 24");
            expect(statement.getWarnings().getMessage().contains("default_pool_size was"), true);
            for (String command : List.of("PAUSE app", "RESUME app", "RECONNECT", "WAIT_CLOSE", "RELOAD")) statement.execute(command);
            for (String[] wrong : new String[][] {{"SHOW NOTHING", "42601"}, {"PAUSE nowhere", "3D000"},
                    {"SET default_pool_size = 'many'", "22023"}, {"KILL_CLIENT 2147483647", "42704"}}) {
                raises(wrong[1], () -> statement.execute(wrong[0]));
                expect(rows(statement.executeQuery("SELECT 1")), List.of(List.of("1")));
            }
        }
    }

    static void metadata(Connection conn) throws Exception {
        DatabaseMetaData about = conn.getMetaData();
        expect(about.getDatabaseMajorVersion(), 16);
        expect(conn.getCatalog() + "." + conn.getSchema(), "pgweir.public");
        expect(names(about.getCatalogs(), "TABLE_CAT"), List.of("pgweir"));
        expect(names(about.getSchemas(), "TABLE_SCHEM").contains("public"), true);
        expect(names(about.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME").contains("pools"), true);
        expect(names(about.getTables(null, null, "active\\_sockets", null), "TABLE_NAME"), List.of("active_sockets"));
        ResultSet columns = about.getColumns(null, "public", "databases", "p%");
        expect(columns.next(), true);
        expect(columns.getString("COLUMN_NAME") + " " + columns.getString("TYPE_NAME"), "port int4");
        expect(columns.getString("REMARKS"), "The primary's port.");
        expect(about.getTypeInfo().next(), true);
        expect(about.getMaxTableNameLength(), 63);
        expect(about.getMaxColumnsInIndex(), 32);
        try (Statement statement = conn.createStatement()) {
            String sql = "SELECT name, pool_size AS p, count(*) FROM databases GROUP BY 1, 2";
            ResultSetMetaData result = statement.executeQuery(sql).getMetaData();
            expect(result.getColumnTypeName(1) + result.getColumnTypeName(2) + result.getColumnTypeName(3), "textint4int8");
            expect(result.getColumnLabel(2) + result.getColumnLabel(3), "pcount");
        }
    }

    static void nothing(Connection conn) throws Exception {
        DatabaseMetaData about = conn.getMetaData();
        expect(about.getPrimaryKeys(null, "public", "pools").next(), false);
        expect(about.getImportedKeys(null, "public", "pools").next(), false);
        expect(about.getExportedKeys(null, "public", "pools").next(), false);
        expect(about.getIndexInfo(null, "public", "pools", false, true).next(), false);
        expect(about.getBestRowIdentifier(null, "public", "pools", 1, true).next(), false);
        expect(about.getFunctions(null, null, "%").next(), false);
        expect(about.getProcedures(null, null, "%").next(), false);
    }

    static void clientInfo(Connection conn) throws Exception {
        conn.setClientInfo("ApplicationName", "bi tool");
        try (Statement statement = conn.createStatement()) {
            String sql = "SELECT count(*) FROM clients WHERE application_name = 'bi tool'";
            expect(rows(statement.executeQuery(sql)), List.of(List.of("1")));
        }
    }

    // --- small things ---------------------------------------------------------------------------

    static Connection connect(String variable, String mode) throws Exception {
        URI url = new URI(System.getenv(variable));
        String[] who = url.getUserInfo().split(":");
        Properties how = new Properties();
        how.put("user", who[0]);
        how.put("password", who[1]);
        how.put("preferQueryMode", mode);
        return DriverManager.getConnection("jdbc:postgresql://" + url.getHost() + ":" + url.getPort() + url.getPath(), how);
    }

    static List<List<String>> rows(ResultSet found) throws SQLException {
        List<List<String>> rows = new ArrayList<>();
        int columns = found.getMetaData().getColumnCount();
        while (found.next()) {
            List<String> row = new ArrayList<>();
            for (int at = 1; at <= columns; at++) row.add(found.getString(at));
            rows.add(row);
        }
        return rows;
    }

    static List<String> names(ResultSet found, String column) throws SQLException {
        List<String> names = new ArrayList<>();
        while (found.next()) names.add(found.getString(column));
        return names;
    }

    static void check(String name, Work work) {
        long started = System.nanoTime();
        try {
            work.run();
        } catch (Throwable failure) {
            failure.printStackTrace(System.out);
            System.out.println("FAIL " + name + ": " + failure);
            System.exit(1);
        }
        System.out.println("ok   " + name + " (" + (System.nanoTime() - started) / 1_000_000 + " ms)");
    }

    static void expect(Object actual, Object wanted) {
        if (!Objects.equals(actual, wanted)) throw new AssertionError("got " + actual + ", wanted " + wanted);
    }

    static void raises(String sqlstate, Work work) throws Exception {
        try {
            work.run();
        } catch (SQLException error) {
            expect(error.getSQLState(), sqlstate);
            return;
        }
        throw new AssertionError("no " + sqlstate + " was raised");
    }
}
