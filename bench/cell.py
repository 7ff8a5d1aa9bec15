"""One row of the results: what is measured, of every pooler in turns."""
from dataclasses import dataclass, field

from bench.setup import Setup


@dataclass(frozen=True)
class Metric:
    """A number that cells report."""
    title: str
    #: How it is printed.
    form: str
    #: Whether more is better; None where neither is.
    more_is_better: bool | None = False


METRICS = {
    "tps": Metric("transactions/s", ",.0f", True),
    "cpu_us": Metric("CPU, µs a transaction", ".1f"),
    "p50_us": Metric("p50, µs", ",.0f"),
    "p99_us": Metric("p99, µs", ",.0f"),
    "p999_us": Metric("p99.9, µs", ",.0f"),
    "busy": Metric("cores in use", ".2f", None),
    "capacity": Metric("calculated transactions/s", ",.0f", True),
    "logins": Metric("logins/s", ",.0f", True),
    "login_cpu_us": Metric("CPU, µs a login", ",.0f"),
    "idle_bytes": Metric("bytes a client", ",.0f"),
    "mb_s": Metric("MB/s", ",.0f", True),
    "cpu_s_gb": Metric("CPU, s a GB", ".3f"),
    "calls": Metric("system calls a transaction", ".2f"),
}


@dataclass(frozen=True)
class Running:
    """A pooler under measurement."""
    name: str
    process: object
    port: int
    setup: Setup


class Measurement:
    """What a cell does. Subclasses have `once`; those that keep clients connected have the others."""

    def begin(self, _stage, _running):
        """Prepares one pooler; what it returns is passed to `once`."""
        return None

    def once(self, stage, running, secs, state):
        """Measures for about `secs`, and returns numbers by their metric's name."""
        raise NotImplementedError

    def end(self, state):
        """Undoes `begin`."""


@dataclass(frozen=True)
class Cell:
    """One row."""
    section: str
    name: str
    label: str
    measurement: Measurement
    setup: Setup = field(default_factory=Setup)
    clients: int = 32
    quick: bool = False
    #: Whether Odyssey and pgagroal take part.
    all_peers: bool = True
    #: Limits how often it is measured.
    max_rounds: int = 100

    @property
    def full_name(self):
        """How --only and --list call it."""
        return f"{self.section}/{self.name}"
