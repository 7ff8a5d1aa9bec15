#!/usr/bin/perl
# DBD::Pg: server-side prepares, placeholders, transactions, COPY, arrays, asynchronous queries and their cancel.
use strict;
use warnings;
use utf8;
use DBI;
use DBD::Pg qw(:pg_types :async);
use Time::HiRes qw(time sleep);

$| = 1;
use constant { CONNECTIONS => 40, LARGE => 5 * 1024 * 1024 };
my ($user, $password, $host, $port, $dbname) = $ENV{DATABASE_URL} =~ m{^\w+://([^:]+):([^@]+)@([^:/]+):(\d+)/(\w+)}
    or die "DATABASE_URL is not of the form postgres://user:password\@host:port/database\n";

sub check {
    my ($name, $work) = @_;
    my $started = time;
    if (!eval { $work->(); 1 }) {
        print "FAIL $name: $@\n";
        exit 1;
    }
    printf "ok   %s (%d ms)\n", $name, (time - $started) * 1000;
}

sub expect {
    my ($actual, $wanted) = map { ref $_ ? join(',', map { $_ // 'NULL' } @$_) : $_ // 'NULL' } @_;
    return if $actual eq $wanted;
    my (undef, undef, $line) = caller;
    die sprintf "line %d: got %.300s, wanted %.300s\n", $line, $actual, $wanted;
}

sub raises {
    my ($dbh, $sqlstate, $work) = @_;
    my $done = eval { $work->(); 1 };
    die "no $sqlstate was raised\n" if $done;
    expect($dbh->state, $sqlstate);
}

# Longer than pgweir's max_replica_lag (500 ms): a read on another connection sees the write after it.
sub settle { sleep 0.7 }

sub open_connection {
    my ($more) = @_;
    return DBI->connect("dbi:Pg:host=$host;port=$port;dbname=$dbname" . ($more // ''), $user, $password, { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
}

sub one { my ($dbh, $query, @arguments) = @_; return ($dbh->selectrow_array($query, undef, @arguments))[0] }

my $dbh = open_connection();

check "the manual's first program", sub {
    local $SIG{__WARN__} = sub { };
    $dbh->do('DROP TABLE IF EXISTS perl_items, perl_many');
    $dbh->do('CREATE TABLE perl_items (id serial PRIMARY KEY, num int UNIQUE, name text, payload bytea)');
    $dbh->do('CREATE TABLE perl_many (worker int, n int)');
    my $insert = $dbh->prepare('INSERT INTO perl_items (num, name) VALUES (?, ?)');
    $insert->execute(100, "it's");
    expect($dbh->selectrow_arrayref('SELECT * FROM perl_items'), [1, 100, "it's", undef]);
    expect($dbh->last_insert_id(undef, undef, 'perl_items', undef), 1);
};
settle();

check 'types: NULL, arrays, bool, bytea, json, text', sub {
    expect(one($dbh, 'SELECT ?::int', undef), undef);
    expect(one($dbh, 'SELECT ?::int[]', [1, undef, 3]), [1, undef, 3]);
    expect(one($dbh, 'SELECT ?::text[]', ['a', 'b"c']), ['a', 'b"c']);
    expect(one($dbh, 'SELECT ?::jsonb', '{"a": [1]}'), '{"a": [1]}');
    expect(one($dbh, 'SELECT $1::text', "na\x{ef}ve \x{1f418}"), "na\x{ef}ve \x{1f418}");
    my $bytes = $dbh->prepare('SELECT ?::bytea, ?::bool');
    $bytes->bind_param(1, "\x00\xff", { pg_type => PG_BYTEA });
    $bytes->bind_param(2, 1, { pg_type => PG_BOOL });
    $bytes->execute;
    expect($bytes->fetchrow_arrayref, ["\x00\xff", 1]);
};

check 'server-side prepares, 100 transactions on each of 12 connections that take turns', sub {
    my @connections = map { open_connection() } 1 .. 12;
    my @statements;
    for my $n (0 .. 11) {
        $connections[$n]{pg_switch_prepared} = 1;
        $statements[$n] = $connections[$n]->prepare("SELECT ?::int * 100 + $n", { pg_prepare_now => $n % 2 });
    }
    for my $turn (0 .. 99) {
        for my $n (0 .. 11) {
            $connections[$n]->begin_work;
            $statements[$n]->execute($turn);
            expect($statements[$n]->fetchall_arrayref->[0][0], $turn * 100 + $n);
            $connections[$n]->commit;
        }
    }
    undef @statements;    # each is deallocated with SQL
    expect(one($_, 'SELECT 1'), 1) for @connections;
    $_->disconnect for @connections;
};

check 'statements that come and go, and pg_server_prepare off', sub {
    for my $on (1, 0) {
        my $mine = open_connection();
        $mine->{pg_server_prepare} = $on;
        for my $turn (0 .. 99) {
            my $statement = $mine->prepare('SELECT ?::int + 1');
            for (1 .. 3) { $statement->execute($turn); expect($statement->fetchall_arrayref->[0][0], $turn + 1) }
        }
        for my $turn (1 .. 20) {
            my $cached = $mine->prepare_cached('SELECT ?::int');
            $cached->execute($turn);
            expect($cached->fetchall_arrayref->[0][0], $turn);
        }
        $mine->disconnect;
    }
};

check 'commit, rollback, savepoints, 25P02 and recovery', sub {
    $dbh->begin_work;
    $dbh->do('INSERT INTO perl_items (num) VALUES (1)');
    $dbh->rollback;
    $dbh->begin_work;
    $dbh->do('INSERT INTO perl_items (num) VALUES (2)');
    $dbh->pg_savepoint('before');
    raises($dbh, '23505', sub { $dbh->do('INSERT INTO perl_items (num) VALUES (?)', undef, 2) });
    raises($dbh, '25P02', sub { $dbh->do('SELECT 1') });
    $dbh->pg_rollback_to('before');
    $dbh->commit;
    expect(one($dbh, 'SELECT array_agg(num ORDER BY num) FROM perl_items'), [2, 100]);
    raises($dbh, '42P01', sub { $dbh->do('SELECT * FROM no_such_table') });
    expect(one($dbh, 'SELECT 1'), 1);
};

check 'ReadOnly', sub {
    my $reader = open_connection();
    $reader->{AutoCommit} = 0;
    $reader->{ReadOnly} = 1;
    expect(one($reader, 'SHOW transaction_read_only'), 'on');
    raises($reader, '25006', sub { $reader->do('DELETE FROM perl_items') });
    $reader->rollback;
    $reader->disconnect;
};

check 'a read sees the write before it, 200 times in autocommit', sub {
    my $write = $dbh->prepare('UPDATE perl_items SET name = ?::text WHERE num = 100');
    my $read  = $dbh->prepare('SELECT name FROM perl_items WHERE num = ?');
    for my $n (1 .. 200) {
        $write->execute($n);
        $read->execute(100);
        expect($read->fetchall_arrayref->[0][0], $n);
    }
};

check 'execute_array, COPY in and out, and one that fails', sub {
    my $insert = $dbh->prepare('INSERT INTO perl_many VALUES (?, ?)');
    expect($insert->execute_array({}, [map { -1 } 1 .. 500], [1 .. 500]), 500);
    $dbh->do('COPY perl_many FROM STDIN');
    $dbh->pg_putcopydata("-2\t$_\n") for 1 .. 10_000;
    $dbh->pg_putcopyend;
    $dbh->do('COPY (SELECT * FROM perl_many WHERE worker = -2 ORDER BY n) TO STDOUT');
    my ($line, @lines) = ('');
    push @lines, $line while $dbh->pg_getcopydata($line) >= 0;
    expect([scalar(@lines), $lines[0]], [10_000, "-2\t1\n"]);
    $dbh->do('COPY perl_many FROM STDIN');
    $dbh->pg_putcopydata("not a number\t1\n");
    raises($dbh, '22P02', sub { $dbh->pg_putcopyend });
    expect(one($dbh, 'SELECT count(*) FROM perl_many'), 10_500);
};

check '5 MB there and back, a large object, a cursor in a transaction', sub {
    my $payload = "\x00\xfe" x (LARGE / 2);
    my $statement = $dbh->prepare('SELECT ?::bytea');
    $statement->bind_param(1, $payload, { pg_type => PG_BYTEA });
    $statement->execute;
    expect($statement->fetchrow_arrayref->[0] eq $payload, 1);
    $statement->finish;
    $dbh->begin_work;
    my $oid = $dbh->pg_lo_creat($dbh->{pg_INV_WRITE});
    my $object = $dbh->pg_lo_open($oid, $dbh->{pg_INV_WRITE});
    expect($dbh->pg_lo_write($object, $payload, 100_000), 100_000);
    $dbh->do('DECLARE mine CURSOR FOR SELECT generate_series(1, 100)');
    expect(scalar @{ $dbh->selectall_arrayref('FETCH 60 FROM mine') }, 60);
    $dbh->rollback;
};

check 'asynchronous: pg_ready, pg_result, pg_cancel; statement_timeout in a transaction', sub {
    $dbh->do('SELECT pg_sleep(0.2)', { pg_async => PG_ASYNC });
    my $waited = 0;
    until ($dbh->pg_ready) { sleep 0.05; $waited = 1 }
    expect([$waited, $dbh->pg_result], [1, 1]);
    for (1 .. 3) {
        $dbh->do('SELECT pg_sleep(20)', { pg_async => PG_ASYNC });
        sleep 0.2;
        $dbh->pg_cancel;
        expect(one($dbh, 'SELECT 1'), 1);
    }
    $dbh->begin_work;
    $dbh->do(q{SET LOCAL statement_timeout = '100ms'});
    raises($dbh, '57014', sub { $dbh->do('SELECT pg_sleep(20)') });
    $dbh->rollback;
    expect(one($dbh, 'SHOW statement_timeout'), '0');
};

check q{startup options stay each connection's own; ping}, sub {
    my @connections = map { open_connection(";options='-c search_path=s$_';application_name=a$_") } 0 .. 11;
    for (1 .. 10) {
        for my $n (0 .. 11) {
            expect([one($connections[$n], 'SHOW search_path'), one($connections[$n], 'SHOW application_name')], ["s$n", "a$n"]);
        }
    }
    expect($connections[0]->ping > 0, 1);
    $_->disconnect for @connections;
};
settle();

check CONNECTIONS . ' connections at once, asynchronous transactions', sub {
    my @connections = map { open_connection() } 1 .. CONNECTIONS;
    for my $n (1 .. 15) {
        for my $worker (0 .. $#connections) {
            $connections[$worker]->do("BEGIN; INSERT INTO perl_many VALUES ($worker, $n); SELECT pg_sleep(0.001); COMMIT", { pg_async => PG_ASYNC });
        }
        $_->pg_result for @connections;
        for my $worker (0 .. $#connections) {
            expect(one($connections[$worker], 'SELECT count(*) FROM perl_many WHERE worker = ?', $worker), $n);
        }
    }
    $_->disconnect for @connections;
};

$dbh->disconnect;
