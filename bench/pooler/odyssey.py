"""Odyssey."""
from bench.pooler.peer import Peer
from bench.setup import MAX_CLIENTS, SERVERS

CONFIG = """
daemonize no
workers {workers}
resolvers 1
log_to_stdout yes
log_format "%p %t %l [%i %s] (%c) %m\\n"
log_config no
log_debug no
log_session no
log_query no
log_stats no
nodelay yes
cache_coroutine 64
coroutine_stack_size 16
client_max {clients}
locks_dir "{folder}"
enable_online_restart no
listen {{
  host "127.0.0.1"
  port {port}
  backlog 4096
{tls}}}
storage "server" {{
  type "remote"
  host "127.0.0.1"
  port {primary_port}
}}
database "bench" {{
  user "bench" {{
{auth}    storage "server"
    pool "transaction"
    pool_size {servers}
    pool_timeout 0
    pool_ttl 3600
    pool_discard no
    pool_cancel no
    pool_rollback yes
    pool_reserve_prepared_statement yes
    client_fwd_error yes
  }}
}}
"""

TLS = '  tls "require"\n  tls_cert_file "{certificate}"\n  tls_key_file "{key}"\n'
TRUST = '    authentication "none"\n'
SCRAM = '    authentication "scram-sha-256"\n    password "{secret}"\n'


class Odyssey(Peer):
    """As many threads as the cell has workers."""
    name, program_name = "Odyssey", "odyssey"

    def version(self):
        """Its first line names the compiler's options too, which say nothing here."""
        return super().version().split(" release")[0]

    def start(self, setup, place):
        """Starts it on `place`."""
        folder = self.stage.folder("odyssey")
        sees = self.program.sees
        tls = TLS.format(certificate=sees(place.certificate), key=sees(place.key)) if setup.tls else ""
        text = CONFIG.format(
            workers=setup.workers, clients=MAX_CLIENTS, folder=sees(folder), port=place.port, tls=tls,
            primary_port=place.primary_port, servers=SERVERS,
            auth=TRUST if setup.auth == "trust" else SCRAM.format(secret=place.secret))
        return self.launch(folder, sees(self.stage.write(folder / "odyssey.conf", text)))
