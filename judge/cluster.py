"""A primary and a replica that follows it, set up as PostgreSQL's tests expect it."""
import os
import subprocess
import time

from bench.process import free_port
from bench.say import Trouble
from judge.wire import Closed, Host

#: No command of the set-up takes longer.
LIMIT_SECS = 120

#: A replica that has not replayed what the primary wrote by then is broken.
REPLAY_SECS = 20

SETTINGS = """
port = {port}
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
shared_buffers = 128MB
max_connections = 50
max_prepared_transactions = 2
max_standby_streaming_delay = 1s
autovacuum = off
dynamic_shared_memory_type = mmap
log_min_messages = warning
"""

HBA = "host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"

#: As pg_regress makes its database.
DATABASE = (
    "CREATE DATABASE regression TEMPLATE template0",
    "ALTER DATABASE regression SET lc_messages TO 'C'",
    "ALTER DATABASE regression SET lc_monetary TO 'C'",
    "ALTER DATABASE regression SET lc_numeric TO 'C'",
    "ALTER DATABASE regression SET lc_time TO 'C'",
    "ALTER DATABASE regression SET bytea_output TO 'hex'",
    "ALTER DATABASE regression SET timezone_abbreviations TO 'Default'",
)

ADMIN = {b"user": b"postgres", b"database": b"postgres"}

#: A page's header: 24 bytes, and 40 at the beginning of a segment. A position just behind it is only reached
#: when the page gets its first record.
PAGE, HEADERS = 8192, (24, 40)


class Cluster:
    """Both hosts, and when one has what the other wrote."""

    def __init__(self, stage):
        self._stage = stage
        self.primary_port, self.replica_port = free_port(), free_port()
        self._make_primary()
        self._make_replica()

    def version(self):
        """The server's, as a number: 180006."""
        return int(self._primary.value("SHOW server_version_num"))

    def wait_for_replay(self):
        """Returns once the replica shows all that the primary shows."""
        target = _reachable(self._flushed())
        until = time.monotonic() + REPLAY_SECS
        while _position(self._replica.value("SELECT pg_last_wal_replay_lsn()")) < target:
            if time.monotonic() > until:
                raise Trouble("the replica does not follow the primary")
            time.sleep(0.0005)

    def _flushed(self):
        """The end of what is written. Statistics and sequences change without a commit, and what is not
        flushed is not sent; a commit of our own takes it along."""
        written, flushed = self._primary.value(
            "SELECT pg_current_wal_insert_lsn() || ' ' || pg_current_wal_flush_lsn()").split()
        if _position(written) > _position(flushed):
            self._primary.query(b"SELECT pg_logical_emit_message(true, 'judge', '')")
            flushed = self._primary.value("SELECT pg_current_wal_flush_lsn()")
        return _position(flushed)

    def _make_primary(self):
        folder = self._stage.scratch / "primary"
        self._run("initdb", "-D", folder, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8",
                  "--no-locale")
        (folder / "pg_hba.conf").write_text(HBA)
        self._primary = self._start(folder, self.primary_port)
        for sql in DATABASE:
            self._primary.query(sql.encode())

    def _make_replica(self):
        folder = self._stage.scratch / "replica"
        self._run("pg_basebackup", "-D", folder, "-h", "127.0.0.1", "-p", self.primary_port,
                  "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self._replica = self._start(folder, self.replica_port)

    def _start(self, folder, port):
        with open(folder / "postgresql.conf", "a", encoding="utf-8") as out:
            out.write(SETTINGS.format(port=port))
        postgres = self._stage.peers.require("postgres")
        command, options = postgres.command(self._stage.account, "-D", postgres.sees(folder))
        log = self._stage.scratch / f"{folder.name}.log"
        return self._login(self._stage.start(f"PostgreSQL's {folder.name}", command, options, log), port)

    def _login(self, process, port):
        """The first session on a host, which listens a moment before it lets anybody in."""
        process.wait_for_port(port)
        until = time.monotonic() + LIMIT_SECS
        while True:
            try:
                host = Host(port, ADMIN)
                if host.value("SELECT 1") == "1":
                    return host
            except (Closed, IndexError):
                if time.monotonic() > until or not process.is_alive():
                    raise Trouble(f"no login to {process.name}: {process.last_words()}") from None
                time.sleep(0.05)

    def _run(self, name, *arguments):
        program = self._stage.peers.require(name)
        scratch = str(self._stage.scratch)
        seen = [program.sees(a) if str(a).startswith(scratch) else a for a in arguments]
        command, options = program.command(self._stage.account, *seen)
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECS, check=False,
                              env={**os.environ, "LC_ALL": "C"}, cwd="/", **options)
        if done.returncode:
            raise Trouble(f"{name} failed: {done.stderr.strip()[-400:]}")


def _position(text):
    """A place in the WAL, as a number."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def _reachable(position):
    return position - position % PAGE if position % PAGE in HEADERS else position
