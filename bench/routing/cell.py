"""One row: a pgweir of its own, replicas that lag, and what came of a load."""
import re
import subprocess
from dataclasses import dataclass

from bench.process import free_port
from bench.program import Program
from bench.routing import lag
from bench.routing.probe import Probe
from bench.say import Trouble
from bench.stage import client_environment

#: Clients of pgbench, and the scripts that they choose from: nine reads for each TPC-B transaction.
CLIENTS, SCRIPTS = 16, ("-b", "tpcb-like@1", "-b", "select-only@9")

#: Beyond its own time, pgbench may need this to connect and to end.
GRACE_SECS = 25

CONFIG = """
[pooler]
listen_addr = "127.0.0.1"
listen_port = {port}
auth_type = "trust"
default_pool_size = 16
log_connections = false
log_disconnections = false
server_tls_sslmode = "disable"

[routing]
read_write_split = {split}
max_replica_lag = "500ms"
read_your_writes = "session"

[databases.bench]
primary = "127.0.0.1:{primary}"
replicas = [{replicas}]

[users.bench]
password = "bench"
"""


@dataclass(frozen=True)
class Row:
    """What was measured."""
    name: str
    transactions: int
    tps: float
    cpu_secs: float
    reads: int
    replica_reads: int
    reads_secs: list
    stale: int


def measure(stage, cluster, binary, way, secs):
    """The row of this way to lag."""
    port = free_port()
    process = _start(stage, cluster, binary, way, port)
    before = _reads_on_replicas(cluster)
    lag.hold_up(cluster, way)
    try:
        cpu_before = process.cpu_secs()
        probe = Probe(port)
        try:
            out = _pgbench(stage, port, secs)
        finally:
            probe.stop()
        cpu_secs = process.cpu_secs() - cpu_before
    finally:
        lag.let_go(cluster, way)
        # Servers report what they have counted when they end, and otherwise up to 10 s later.
        stage.stop(process)
    transactions, probed = _number(r"actually processed: (\d+)", out), len(probe.reads_secs)
    return Row(
        name=way.name, transactions=transactions + 2 * probed, tps=float(_word(r"tps = ([\d.]+)", out)),
        cpu_secs=cpu_secs, reads=_number(r"select only>\n(?:.*\n)*? - (\d+) transactions", out) + probed,
        replica_reads=_reads_on_replicas(cluster) - before, reads_secs=sorted(probe.reads_secs),
        stale=probe.stale)


def _start(stage, cluster, binary, way, port):
    folder = stage.folder("pgweir")
    replicas = ", ".join(f'"127.0.0.1:{replica}"' for replica in cluster.replica_ports)
    config = CONFIG.format(port=port, primary=cluster.primary_port, replicas=replicas, split=str(way.split).lower())
    path = stage.write(folder / "pooler.toml", config)
    command, options = Program(str(binary)).command(stage.account, "--config", path)
    process = stage.start("pgweir", command, options, folder / "output.log")
    process.wait_for_port(port)
    stage.wait_for_query(process, port)
    return process


def _pgbench(stage, port, secs):
    program = stage.peers.require("pgbench")
    command, options = program.command(
        stage.account, "-n", "-h", "127.0.0.1", "-p", port, "-U", "bench", "-M", "prepared", "-c", CLIENTS,
        "-T", secs, *SCRIPTS, "bench")
    done = subprocess.run(command, capture_output=True, text=True, timeout=secs + GRACE_SECS, check=False,
                          env=client_environment(False), cwd="/", **options)
    if done.returncode:
        raise Trouble(f"pgbench failed: {done.stderr.strip()[-400:]}")
    return done.stdout


def _reads_on_replicas(cluster):
    """Index scans of the tables that are read: one for each read. pg_stat_database would count what pgweir
    itself asks a replica, too."""
    sql = ("SELECT sum(idx_scan) FROM pg_stat_user_tables WHERE relname IN ('pgbench_accounts', 'probe')")
    return sum(int(cluster.query_on(port, sql) or 0) for port in cluster.replica_ports)


def _number(pattern, out):
    return int(_word(pattern, out))


def _word(pattern, out):
    found = re.search(pattern, out)
    if not found:
        raise Trouble(f"pgbench said: {out[-400:]}")
    return found[1]
