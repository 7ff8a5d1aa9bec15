"""What is switched on, and a pgweir that has it."""
from dataclasses import dataclass

from bench.process import free_port
from bench.program import Program

CONFIG = """
[pooler]
listen_addr = "127.0.0.1"
listen_port = {port}
workers = 1
{io}auth_type = "trust"
pool_mode = "transaction"
default_pool_size = 16
log_connections = false
log_disconnections = false
server_tls_sslmode = "disable"
{pooler}
{sections}
[databases.bench]
primary = "127.0.0.1:{primary}"
{database}

[users.bench]
password = "bench"
"""


@dataclass(frozen=True)
class Feature:
    """Lines of pooler.toml beyond those that every pgweir has here."""
    name: str
    pooler: str = ""
    sections: str = ""
    database: str = ""
    #: Whether its metrics are read each second, as Prometheus would.
    scraped: bool = False


REPLICAS = 'replicas = ["127.0.0.1:{replica}"]'
STATISTICS = 'query_statistics = 1000\nlog_min_duration = "5s"'
#: Nobody listens there, and nothing is sent: what is measured is the look at each statement.
TRACING = '[tracing]\nendpoint = "http://127.0.0.1:1"\nsample = 0'
METRICS = '[metrics]\nlisten = "127.0.0.1:{metrics}"'

#: The first is what the others are compared with.
ALL = (
    Feature("everything off"),
    Feature("reads on a replica", database=REPLICAS),
    Feature("query_statistics, log_min_duration", pooler=STATISTICS),
    Feature("metrics, read each second", sections=METRICS, scraped=True),
    Feature("tracing, nothing recorded", sections=TRACING),
    Feature("all that is looked at", pooler=STATISTICS, sections=f"{METRICS}\n{TRACING}", scraped=True),
    Feature("all that is looked at, reads on a replica", pooler=STATISTICS, sections=f"{METRICS}\n{TRACING}",
            database=REPLICAS, scraped=True),
)


@dataclass(frozen=True)
class Running:
    """A pgweir with a feature."""
    feature: Feature
    process: object
    port: int
    metrics_port: int


def start(stage, cluster, binary, feature, io):
    """Starts one, and returns when it lets clients in."""
    ports = {"metrics": free_port(), "replica": cluster.replica_port}
    pooler, sections, database = (lines.format(**ports)
                                  for lines in (feature.pooler, feature.sections, feature.database))
    port = free_port()
    config = CONFIG.format(port=port, io=f'io = "{io}"\n' if io else "", primary=cluster.primary_port,
                           pooler=pooler, sections=sections, database=database)
    folder = stage.folder(f"pgweir-{port}")
    command, options = Program(str(binary)).command(
        stage.account, "--config", stage.write(folder / "pooler.toml", config))
    process = stage.start(f"pgweir with {feature.name}", command, options, folder / "output.log")
    process.wait_for_port(port)
    stage.wait_for_query(process, port)
    return Running(feature, process, port, ports["metrics"])
