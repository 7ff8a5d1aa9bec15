"""A throwaway PostgreSQL: a primary and its replicas, tuned so that it is not what is measured."""
import os
import subprocess
import time

from bench.process import free_port
from bench.say import Trouble

#: No command of the set-up takes longer.
LIMIT_SECS = 120

SCALE = 10

SETTINGS = """
port = {port}
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 256MB
max_connections = 400
max_wal_size = 4GB
checkpoint_timeout = 1h
autovacuum = off
jit = off
dynamic_shared_memory_type = mmap
"""

HBA = "host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"

SQL = (
    "CREATE ROLE bench LOGIN SUPERUSER PASSWORD 'bench'",
    "CREATE DATABASE bench OWNER bench",
)


class Cluster:
    """The primary and its replicas, with pgbench's tables in database bench."""

    def __init__(self, stage, replicas=1, settings=""):
        self._stage, self._settings = stage, SETTINGS + settings
        self.version = stage.peers.require("postgres").version(stage.account)
        self.primary_port = free_port()
        self._make_primary()
        self.replica_ports = [self._make_replica(number) for number in range(1, replicas + 1)]

    @property
    def replica_port(self):
        """The first replica's."""
        return self.replica_ports[0]

    def secret(self):
        """The SCRAM secret of user bench, as PostgreSQL keeps it."""
        return self.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'bench'")

    def query(self, sql, user="bench", database="bench"):
        """What psql prints for one statement on the primary."""
        return self.query_on(self.primary_port, sql, user, database)

    def query_on(self, port, sql, user="bench", database="bench"):
        """The same on the host with this port."""
        return self._run("psql", "-qXAt", "-h", "127.0.0.1", "-p", port, "-U", user, "-d", database,
                         "-c", sql).strip()

    def _make_primary(self):
        folder = self._stage.scratch / "primary"
        self._run("initdb", "-D", folder, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8",
                  "--locale=C")
        self._configure(folder, self.primary_port)
        (folder / "pg_hba.conf").write_text(HBA)
        self._start(folder).wait_for_port(self.primary_port)
        self._wait_until_ready()
        for sql in SQL:
            self.query(sql, "postgres", "postgres")
        self._run("pgbench", "-q", "-i", "-s", SCALE, "-h", "127.0.0.1", "-p", self.primary_port,
                  "-U", "bench", "bench")
        self.query("CREATE TABLE sink (line text)")
        self.query("VACUUM ANALYZE")
        self.query("CHECKPOINT")

    def _wait_until_ready(self):
        """It listens a moment before it lets anybody in."""
        until = time.monotonic() + LIMIT_SECS
        while True:
            try:
                return self.query("SELECT 1", "postgres", "postgres")
            except Trouble:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def _make_replica(self, number):
        folder, port = self._stage.scratch / f"replica-{number}", free_port()
        self._run("pg_basebackup", "-D", folder, "-h", "127.0.0.1", "-p", self.primary_port,
                  "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self._configure(folder, port)
        self._stage.wait_for_query(self._start(folder), port)
        return port

    def _configure(self, folder, port):
        with open(folder / "postgresql.conf", "a") as out:
            out.write(self._settings.format(port=port))

    def _start(self, folder):
        postgres = self._stage.peers.require("postgres")
        command, options = postgres.command(self._stage.account, "-D", postgres.sees(folder))
        log = self._stage.scratch / f"{folder.name}.log"
        return self._stage.start(f"PostgreSQL's {folder.name}", command, options, log)

    def _run(self, name, *arguments):
        program = self._stage.peers.require(name)
        scratch = str(self._stage.scratch)
        seen = [program.sees(a) if str(a).startswith(scratch) else a for a in arguments]
        command, options = program.command(self._stage.account, *seen)
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECS, check=False,
                              env={**os.environ, "LC_ALL": "C"}, cwd="/", **options)
        if done.returncode:
            raise Trouble(f"{name} failed: {done.stderr.strip()[-400:]}")
        return done.stdout
