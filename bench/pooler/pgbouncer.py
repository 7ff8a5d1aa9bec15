"""PgBouncer, the pooler that the others are compared with."""
from bench.pooler.peer import Peer
from bench.setup import MAX_CLIENTS, SERVERS

CONFIG = """
[databases]
bench = host=127.0.0.1 port={primary_port} dbname=bench

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
listen_backlog = 4096
auth_type = {auth}
auth_file = {users}
pool_mode = transaction
default_pool_size = {servers}
max_client_conn = {clients}
max_prepared_statements = 200
log_connections = 0
log_disconnections = 0
log_stats = 0
pkt_buf = 65536
server_tls_sslmode = disable
"""

TLS = """
client_tls_sslmode = require
client_tls_cert_file = {certificate}
client_tls_key_file = {key}
client_tls_ca_file = {certificate}
"""


class PgBouncer(Peer):
    """One process, which is one thread: it knows no other way to share its pools.

    With pkt_buf at 64 kB, not at its default of 4 kB, large results cost it a quarter, and nothing else
    gets worse: a buffer is taken only while there are bytes in it."""
    name, program_name = "PgBouncer", "pgbouncer"

    def start(self, setup, place):
        """Starts it on `place`."""
        folder = self.stage.folder("pgbouncer")
        sees = self.program.sees
        users = self.stage.write(folder / "users.txt", f'"bench" "{place.secret}"\n')
        text = CONFIG.format(
            primary_port=place.primary_port, port=place.port, users=sees(users), servers=SERVERS,
            clients=MAX_CLIENTS, auth="trust" if setup.auth == "trust" else "scram-sha-256")
        if setup.tls:
            text += TLS.format(certificate=sees(place.certificate), key=sees(place.key))
        config = self.stage.write(folder / "pgbouncer.ini", text)
        return self.launch(folder, "-q", sees(config))
