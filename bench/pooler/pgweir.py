"""pgweir, once with each way to read and write sockets that the binary knows."""
import shutil
import subprocess
import tomllib

from bench.program import Program
from bench.say import step
from bench.setup import MAX_CLIENTS, SERVERS

CONFIG = """
[pooler]
listen_addr = "127.0.0.1"
listen_port = {port}
listen_backlog = 4096
workers = {workers}
{io}auth_type = "{auth}"
pool_mode = "transaction"
default_pool_size = {servers}
max_client_conn = {clients}
max_prepared_statements = 200
log_connections = false
log_disconnections = false
server_tls_sslmode = "disable"
{tls}
[databases.bench]
primary = "127.0.0.1:{primary_port}"
{replicas}
[users.bench]
password = '{secret}'
"""

TLS = """client_tls_sslmode = "require"
client_tls_cert_file = "{certificate}"
client_tls_key_file = "{key}"
"""

#: Where each column gets its io; a binary that knows none of them is one column.
COLUMNS = {"pgweir epoll": "epoll", "pgweir uring": "uring"}


class Pgweir:
    """One column."""

    def __init__(self, stage, binary, name, io):
        self.stage, self.name, self.io = stage, name, io
        self.program = Program(str(binary))

    def version(self):
        """What the program says."""
        return self.program.version(self.stage.account)

    def refuses(self, _cell):
        """It is measured everywhere."""
        return None

    def start(self, setup, place):
        """Starts it on `place`."""
        folder = self.stage.folder(self.name.replace(" ", "-"))
        command, options = self.program.command(
            self.stage.account, "--config", self.stage.write(folder / "pooler.toml", self._config(setup, place)))
        return self.stage.start(self.name, command, options, folder / "output.log")

    def _config(self, setup, place):
        tls = TLS.format(certificate=place.certificate, key=place.key) if setup.tls else ""
        text = CONFIG.format(
            port=place.port, workers=setup.workers, io=f'io = "{self.io}"\n' if self.io else "",
            auth="trust" if setup.auth == "trust" else "scram-sha-256", servers=SERVERS,
            clients=MAX_CLIENTS, tls=tls, primary_port=place.primary_port, secret=place.secret,
            replicas=f'replicas = ["127.0.0.1:{place.replica_port}"]' if setup.routing else "")
        tomllib.loads(text)
        return text


def pgweirs(stage, binary):
    """A column for each io that the binary takes, or one if it knows no such setting."""
    # Poolers run as another user, and the binary may be rebuilt meanwhile.
    copy = stage.scratch / "pgweir.bin"
    shutil.copy(binary, copy)
    copy.chmod(0o755)
    known = {name: io for name, io in COLUMNS.items() if _takes(stage, copy, io)}
    if not known:
        step("this pgweir has no setting `io`: one column, with what it does by itself")
        known = {"pgweir": None}
    return [Pgweir(stage, copy, name, io) for name, io in known.items()]


def _takes(stage, binary, io):
    text = f'[pooler]\nauth_type = "trust"\nio = "{io}"\n[databases.bench]\nprimary = "127.0.0.1:5432"\n'
    config = stage.write(stage.scratch / "probe.toml", text)
    command, options = Program(str(binary)).command(stage.account, "check", "--config", config)
    return subprocess.run(command, capture_output=True, timeout=20, check=False, **options).returncode == 0
