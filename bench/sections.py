"""All cells, in the order in which they are measured."""
from bench.cell import Cell
from bench.measurements import TPCB, Crowd, Idle, Logins, Pgbench, SystemCalls, Transfer
from bench.setup import Setup

MODES = ("simple", "extended", "prepared")

#: What each section is about, for the tables.
TITLES = {
    "select": "pgbench -S",
    "tpcb": "pgbench, TPC-B",
    "tls": "pgbench -S, TLS with clients",
    "routing": "pgbench, routed over primary and replica (peers: primary only)",
    "workers": "32 clients, a stub server that answers at once",
    "latency": "Latency of simple statements",
    "crowd": "32 statements in flight, of few clients or of all in turn",
    "logins": "Logins, 16 at a time",
    "idle": "Memory of idle clients",
    "transfer": "Large results and COPY, 2 clients",
    "syscalls": "System calls, pgbench -S",
}

#: Statements a second at a fixed rate: a fraction of what any of them can do.
RATE = 5000

RESULTS = {
    "rows-100B": ("rows of 100 bytes", "SELECT repeat('x', 100) FROM generate_series(1, 400000)"),
    "rows-8kB": ("rows of 8 kB", "SELECT repeat('x', 8000) FROM generate_series(1, 10000)"),
    "rows-1MB": ("rows of 1 MB", "SELECT repeat('x', 1000000) FROM generate_series(1, 80)"),
    "copy-out": ("COPY TO STDOUT", "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 60000)) TO STDOUT"),
    "copy-in": ("COPY FROM STDIN", "COPY sink FROM STDIN WHERE false"),
}


def all_cells(crowd):
    """Every cell; `crowd` is how many clients a crowd has."""
    return [*_select(), *_tpcb(), *_tls(), *_routing(), *_workers(), *_latency(), *_crowd(crowd), *_logins(),
            *_idle(crowd), *_transfer(), *_system_calls()]


def _select():
    for clients in (1, 32, 500, 1000):
        for mode in MODES:
            yield Cell("select", f"{mode}/{clients}", f"{mode}, {_clients(clients)}", Pgbench(mode, clients),
                       clients=clients, quick=clients == 32)


def _tpcb():
    for mode in MODES:
        yield Cell("tpcb", f"{mode}/32", f"{mode}, 32 clients", Pgbench(mode, 32, TPCB))


def _tls():
    for mode, clients in (("simple", 1), ("simple", 32), ("extended", 32), ("prepared", 32), ("simple", 1000)):
        yield Cell("tls", f"{mode}/{clients}", f"{mode}, {_clients(clients)}", Pgbench(mode, clients),
                   Setup(tls=True), clients)


def _routing():
    setup = Setup(routing=True)
    for clients in (1, 32, 500):
        for mode in MODES:
            yield Cell("routing", f"{mode}/{clients}", f"-S, {mode}, {_clients(clients)}",
                       Pgbench(mode, clients), setup, clients, all_peers=False,
                       quick=(mode, clients) == ("prepared", 32))
    yield Cell("routing", "tpcb/32", "TPC-B, simple, 32 clients", Pgbench("simple", 32, TPCB), setup,
               all_peers=False)


def _workers():
    metrics = ("tps", "cpu_us", "busy", "capacity")
    for workers in (1, 2):
        yield Cell("workers", str(workers), f"workers = {workers}", Crowd(32, 32, metrics=metrics),
                   Setup(stub=True, workers=workers), quick=True)


def _latency():
    metrics = ("p50_us", "p99_us", "p999_us")
    for name, label, clients, in_flight, rate in (
            ("1", "1 client, one statement after the other", 1, 1, 0),
            ("32-rate", f"32 clients, {RATE:,} statements/s", 32, 0, RATE),
            ("1000-rate", f"1,000 clients, {RATE:,} statements/s", 1000, 0, RATE),
            ("1000-all", "1,000 clients, all of them waiting", 1000, 1000, 0)):
        yield Cell("latency", name, label, Crowd(clients, in_flight, rate, metrics=metrics), clients=clients,
                   quick=rate == 0)


def _crowd(crowd):
    for protocol in ("simple", "prepared"):
        for clients in (32, crowd):
            name = "few" if clients == 32 else "all"
            yield Cell("crowd", f"{protocol}/{name}", f"{protocol}, {_clients(clients)} connected",
                       Crowd(clients, 32, protocol=protocol), clients=clients, quick=protocol == "simple")


def _logins():
    for name, label, auth, tls in (("trust", "trust", "trust", False), ("scram", "SCRAM-SHA-256", "scram", False),
                                   ("tls-scram", "TLS and SCRAM-SHA-256", "scram", True)):
        yield Cell("logins", name, label, Logins(), Setup(auth, tls), quick=name == "scram")


def _idle(crowd):
    yield Cell("idle", "memory", f"{_clients(crowd)}, one statement each", Idle(crowd), Setup(fresh_for="idle"),
               crowd, quick=True, max_rounds=1)


def _transfer():
    for name, (label, statement) in RESULTS.items():
        yield Cell("transfer", name, label, Transfer(statement), quick=name == "rows-8kB")


def _system_calls():
    for mode in MODES:
        yield Cell("syscalls", f"{mode}/32", f"{mode}, 32 clients", SystemCalls(mode, 32),
                   Setup(fresh_for="syscalls"), quick=mode == "prepared", max_rounds=1)


def _clients(number):
    return "1 client" if number == 1 else f"{number:,} clients"
