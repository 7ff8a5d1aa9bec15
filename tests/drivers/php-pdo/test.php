<?php
// PHP: PDO with native prepares (and without), transactions, COPY, large objects; then the pgsql functions, asynchronous ones too.

const CONNECTIONS = 40;
const LARGE = 5 * 1024 * 1024;
$url = parse_url(getenv("DATABASE_URL"));
$dbname = ltrim($url["path"], "/");

function check(string $name, callable $work): void
{
    $started = microtime(true);
    try {
        $work();
    } catch (Throwable $error) {
        echo $error, "\nFAIL $name: ", $error->getMessage(), "\n";
        exit(1);
    }
    printf("ok   %s (%d ms)\n", $name, (microtime(true) - $started) * 1000);
}

function expect($actual, $wanted): void
{
    if ($actual !== $wanted) {
        throw new Exception("got " . substr(var_export($actual, true), 0, 300) . ", wanted " . substr(var_export($wanted, true), 0, 300));
    }
}

function raises(string $sqlstate, callable $work): void
{
    try {
        $work();
    } catch (PDOException $error) {
        expect($error->errorInfo[0], $sqlstate);
        return;
    }
    throw new Exception("no $sqlstate was raised");
}

/** Longer than pgweir's max_replica_lag (500 ms): a read on another connection sees the write after it. */
function settle(): void
{
    usleep(700_000);
}

function connect(string $more = "", array $attributes = []): PDO
{
    global $url, $dbname;
    $dsn = "pgsql:host={$url['host']};port={$url['port']};dbname=$dbname$more";
    return new PDO($dsn, $url["user"], $url["pass"], $attributes + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

function one(PDO $pdo, string $query, array $arguments = [])
{
    $statement = $pdo->prepare($query);
    $statement->execute($arguments);
    return $statement->fetchColumn();
}

$pdo = connect();

check("PDO: the manual's first program", function () use ($pdo) {
    $pdo->exec("DROP TABLE IF EXISTS php_fruit, php_many");
    $pdo->exec("CREATE TABLE php_fruit (id serial PRIMARY KEY, name text UNIQUE, calories int, data bytea)");
    $pdo->exec("CREATE TABLE php_many (worker int, n int)");
    $insert = $pdo->prepare("INSERT INTO php_fruit (name, calories) VALUES (:name, :calories)");
    foreach (["apple" => 150, "pear" => null] as $name => $calories) {
        $insert->bindValue(":name", $name);
        $insert->bindValue(":calories", $calories, $calories === null ? PDO::PARAM_NULL : PDO::PARAM_INT);
        $insert->execute();
    }
    expect($pdo->lastInsertId(), "2");
    expect($pdo->query("SELECT name, calories FROM php_fruit ORDER BY id")->fetchAll(PDO::FETCH_NUM), [["apple", 150], ["pear", null]]);
});
settle();

check("PDO: types: NULL, bool, bytea, json, text; every kind of prepare", function () {
    foreach ([[], [PDO::ATTR_EMULATE_PREPARES => true], [PDO::PGSQL_ATTR_DISABLE_PREPARES => true]] as $attributes) {
        $pdo = connect("", $attributes);
        foreach (["int" => 42, "bigint" => 2 ** 40, "bool" => true, "text" => "na\u{ef}ve \u{1f418} it's", "jsonb" => '{"a": [1, null]}', "int[]" => "{1,NULL,3}"] as $type => $value) {
            $kind = is_int($value) ? PDO::PARAM_INT : (is_bool($value) ? PDO::PARAM_BOOL : PDO::PARAM_STR);
            $statement = $pdo->prepare("SELECT CAST(? AS $type)");
            $statement->bindValue(1, $value, $kind);
            $statement->execute();
            expect($statement->fetchColumn(), $value);
        }
        $statement = $pdo->prepare("SELECT CAST(? AS bytea)");
        $statement->bindValue(1, "\x00\xff", PDO::PARAM_LOB);
        $statement->execute();
        expect(stream_get_contents($statement->fetchColumn()), "\x00\xff");
    }
});

check("PDO: native prepares, 100 transactions on each of 12 connections that take turns", function () {
    $connections = $statements = [];
    for ($n = 0; $n < 12; $n++) {
        $connections[$n] = connect();
        // Every connection counts its statement names from one; the texts differ.
        $statements[$n] = $connections[$n]->prepare("SELECT CAST(? AS int) * 100 + $n");
    }
    for ($turn = 0; $turn < 100; $turn++) {
        foreach ($connections as $n => $connection) {
            $connection->beginTransaction();
            $statements[$n]->execute([$turn]);
            expect($statements[$n]->fetchColumn(), $turn * 100 + $n);
            $connection->commit();
        }
    }
});

check("PDO: statements that come and go (each is deallocated with SQL)", function () use ($pdo) {
    for ($turn = 0; $turn < 200; $turn++) {
        expect(one($pdo, "SELECT CAST(? AS int) + 1", [$turn]), $turn + 1);
    }
    expect(one($pdo, "SELECT 1"), 1);
});

check("PDO: commit, rollback, savepoints, 25P02 and recovery", function () use ($pdo) {
    $pdo->beginTransaction();
    $pdo->exec("INSERT INTO php_fruit (name) VALUES ('lost')");
    $pdo->rollBack();
    $pdo->beginTransaction();
    $pdo->exec("INSERT INTO php_fruit (name) VALUES ('kept')");
    $pdo->exec("SAVEPOINT before");
    raises("23505", fn() => $pdo->exec("INSERT INTO php_fruit (name) VALUES ('kept')"));
    raises("25P02", fn() => $pdo->query("SELECT 1"));
    $pdo->exec("ROLLBACK TO SAVEPOINT before");
    expect($pdo->inTransaction(), true);
    $pdo->commit();
    expect(one($pdo, "SELECT string_agg(name, ',' ORDER BY name) FROM php_fruit"), "apple,kept,pear");
    raises("42P01", fn() => $pdo->query("SELECT * FROM no_such_table"));
    raises("22012", fn() => one($pdo, "SELECT 1 / CAST(? AS int)", [0]));
    expect(one($pdo, "SELECT 1"), 1);
});

check("PDO: read-only transactions, a cursor in a transaction", function () use ($pdo) {
    $pdo->exec("BEGIN READ ONLY");
    raises("25006", fn() => $pdo->exec("DELETE FROM php_fruit"));
    $pdo->exec("ROLLBACK");
    $pdo->beginTransaction();
    $cursor = $pdo->prepare("SELECT generate_series(1, 10)", [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $cursor->execute();
    expect($cursor->fetch(PDO::FETCH_NUM), [1]);
    expect($cursor->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST), [10]);
    $cursor = null;
    $pdo->commit();
});

check("PDO: a read sees the write before it, 200 times in autocommit", function () use ($pdo) {
    $write = $pdo->prepare("UPDATE php_fruit SET calories = ? WHERE name = 'apple'");
    $read = $pdo->prepare("SELECT calories FROM php_fruit WHERE name = ?");
    for ($n = 0; $n < 200; $n++) {
        $write->execute([$n]);
        $read->execute(["apple"]);
        expect($read->fetchColumn(), $n);
    }
});

check("PDO: COPY in and out, and one that fails", function () use ($pdo) {
    $rows = array_map(fn($n) => "$n\t$n", range(0, 9999));
    expect($pdo->pgsqlCopyFromArray("php_many", $rows), true);
    expect(count($pdo->pgsqlCopyToArray("php_many")), 10000);
    raises("22P02", fn() => $pdo->pgsqlCopyFromArray("php_many", ["not a number\t1"]));
    expect($pdo->exec("DELETE FROM php_many"), 10000);
});

check("PDO: 5 MB there and back, a large object in a transaction", function () use ($pdo) {
    $payload = str_repeat("\x00\xfe", LARGE / 2);
    $statement = $pdo->prepare("SELECT CAST(? AS bytea)");
    $statement->bindValue(1, $payload, PDO::PARAM_LOB);
    $statement->execute();
    expect(stream_get_contents($statement->fetchColumn()) === $payload, true);
    $pdo->beginTransaction();
    $oid = $pdo->pgsqlLOBCreate();
    fwrite($pdo->pgsqlLOBOpen($oid, "w"), substr($payload, 0, 100000));
    expect(strlen(stream_get_contents($pdo->pgsqlLOBOpen($oid, "r"))), 100000);
    $pdo->rollBack();
});

check("PDO: statement_timeout in a transaction; several statements in one message", function () use ($pdo) {
    $pdo->beginTransaction();
    $pdo->exec("SET LOCAL statement_timeout = '100ms'");
    raises("57014", fn() => $pdo->query("SELECT pg_sleep(20)"));
    $pdo->rollBack();
    expect(one($pdo, "SHOW statement_timeout"), "0");
    $pdo->exec("UPDATE php_fruit SET calories = 1; UPDATE php_fruit SET calories = 2");
    expect(one($pdo, "SELECT min(calories) FROM php_fruit"), 2);
});

check("PDO: startup options stay each connection's own", function () {
    $connections = [];
    for ($n = 0; $n < 12; $n++) {
        $connections[$n] = connect(";options='-c search_path=s$n';application_name=a$n");
    }
    for ($turn = 0; $turn < 10; $turn++) {
        foreach ($connections as $n => $connection) {
            expect([one($connection, "SHOW search_path"), one($connection, "SHOW application_name")], ["s$n", "a$n"]);
        }
    }
});

$dsn = "host={$url['host']} port={$url['port']} dbname=$dbname user={$url['user']} password={$url['pass']}";

check("pgsql: pg_query_params, pg_prepare, pg_insert, pg_copy_from, pg_last_error", function () use ($dsn) {
    $conn = pg_connect($dsn);
    expect(pg_fetch_result(pg_query_params($conn, 'SELECT $1::int + 1', [1]), 0, 0), "2");
    pg_prepare($conn, "mine", 'SELECT $1::text');
    for ($turn = 0; $turn < 50; $turn++) {
        pg_query($conn, "BEGIN");
        expect(pg_fetch_result(pg_execute($conn, "mine", ["x$turn"]), 0, 0), "x$turn");
        pg_query($conn, "COMMIT");
    }
    expect(pg_insert($conn, "php_fruit", ["name" => "plum"]) !== false, true);
    expect(pg_copy_from($conn, "php_many", ["-1\t1\n", "-1\t2\n"]), true);
    expect(@pg_query($conn, "SELECT * FROM no_such_table"), false);
    expect(str_contains(pg_last_error($conn), "no_such_table"), true);
    expect(pg_fetch_all_columns(pg_query($conn, "SELECT n FROM php_many WHERE worker = -1 ORDER BY n")), ["1", "2"]);
    pg_close($conn);
});

check("pgsql: pg_send_query, pg_cancel_query", function () use ($dsn) {
    $conn = pg_connect($dsn, PGSQL_CONNECT_FORCE_NEW);
    pg_send_query($conn, "SELECT pg_sleep(20)");
    usleep(200_000);
    expect(pg_cancel_query($conn), true);
    expect(pg_fetch_result(pg_query($conn, "SELECT 1"), 0, 0), "1");
    pg_close($conn);
});
settle();

check("pgsql: " . CONNECTIONS . " connections at once, asynchronous transactions", function () use ($dsn) {
    $connections = array_map(fn() => pg_connect($dsn, PGSQL_CONNECT_FORCE_NEW), range(1, CONNECTIONS));
    for ($n = 0; $n < 25; $n++) {
        foreach ($connections as $worker => $conn) {
            pg_send_query($conn, "BEGIN; INSERT INTO php_many VALUES ($worker, $n); SELECT pg_sleep(0.001); COMMIT; SELECT count(*) FROM php_many WHERE worker = $worker");
        }
        foreach ($connections as $conn) {
            $last = null;
            while ($result = pg_get_result($conn)) {
                expect(pg_result_error($result), "");
                $last = $result;
            }
            expect(pg_fetch_result($last, 0, 0), (string) ($n + 1));
        }
    }
    array_map("pg_close", $connections);
});
