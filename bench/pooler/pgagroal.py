"""pgagroal, which has a process for each client."""
import os
import subprocess

from bench.pooler.peer import Peer
from bench.program import Program
from bench.say import Trouble
from bench.setup import SERVERS

CONFIG = """
[pgagroal]
host = 127.0.0.1
port = {port}
unix_socket_dir = {folder}
log_type = file
log_level = error
log_path = {folder}/pgagroal.log
max_connections = {servers}
allow_unknown_users = off
pipeline = transaction
track_prepared_statements = on
blocking_timeout = 60
idle_timeout = 0
validation = off
backlog = 4096
update_process_title = never
{tls}
[primary]
host = 127.0.0.1
port = {primary_port}
"""

TLS = "tls = on\ntls_cert_file = {certificate}\ntls_key_file = {key}\n"

#: With more clients, which are as many processes, version 2.1.0 spins until it is killed.
MAX_CLIENTS = 100


class Pgagroal(Peer):
    """Its transaction pipeline, the only one that serves more clients than it has servers."""
    name, program_name = "pgagroal", "pgagroal"

    def limits(self, cell):
        """What version 2.1.0 does not survive, or does not have."""
        if cell.clients > MAX_CLIENTS:
            return f"not tried with more than {MAX_CLIENTS} clients: 500 processes spin, and nothing is answered"
        if "prepared" in cell.name:
            return "its clients hang, with track_prepared_statements = on"
        if cell.setup.workers > 1:
            return "has no workers"
        return None

    def start(self, setup, place):
        """Starts it on `place`."""
        folder = self.stage.folder("pgagroal")
        sees = self.program.sees
        tls = TLS.format(certificate=sees(place.certificate), key=sees(place.key)) if setup.tls else ""
        method = "trust" if setup.auth == "trust" else "scram-sha-256"
        write = self.stage.write
        config = write(folder / "pgagroal.conf", CONFIG.format(
            port=place.port, folder=sees(folder), servers=SERVERS, primary_port=place.primary_port, tls=tls))
        hba = write(folder / "hba.conf", f"host{'ssl' if setup.tls else ''} all all all {method}\n")
        limits = write(folder / "databases.conf", f"bench bench {SERVERS} {SERVERS} {SERVERS}\n")
        users = self._users(folder)
        return self._launch_at_home(folder, "-c", sees(config), "-a", sees(hba), "-l", sees(limits),
                                    "-u", sees(users))

    def _users(self, folder):
        """Its file of users, which only its own tool can write."""
        users = folder / "users.conf"
        self._admin(folder, "-P", "bench-master-key", "master-key")
        self._admin(folder, "-f", self.program.sees(users), "-U", "bench", "-P", "bench", "user", "add")
        return users

    def _admin(self, folder, *arguments):
        command, options = self._at_home("pgagroal-admin", folder, *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, **options)
        if done.returncode:
            raise Trouble(f"pgagroal-admin failed: {(done.stdout + done.stderr).strip()[-300:]}")

    def _launch_at_home(self, folder, *arguments):
        command, options = self._at_home("pgagroal", folder, *arguments)
        return self.stage.start(self.name, command, options, folder / "output.log")

    def _at_home(self, name, folder, *arguments):
        """With the home folder where the master key is."""
        path = os.path.join(os.path.dirname(self.program.path), name)
        env = Program("/usr/bin/env", self.program.root)
        return env.command(self.stage.account, f"HOME={self.program.sees(folder)}", path, *arguments)
