"""What pgweir wants to reach, and whether it does: ratios to PgBouncer in the same run."""
from dataclasses import dataclass

from bench.pooler import REFERENCE

MODES = ("simple", "extended", "prepared")


@dataclass(frozen=True)
class Judged:
    """A goal, for one column."""
    goal: str
    column: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Ratio:
    """One cell's metric, against the same of another cell or column."""
    goal: str
    cell: str
    metric: str
    limit: float
    #: Whether the limit is the least, not the most.
    at_least: bool = False
    #: What to compare with: a cell of the same column, or else PgBouncer in the same cell.
    against_cell: str | None = None
    #: Only columns whose name ends so.
    ending: str = ""

    def judge(self, results, column):
        """The verdict, or None where the numbers are missing."""
        if not column.endswith(self.ending) or column == REFERENCE:
            return None
        value = results.median(self.cell, column, self.metric)
        base = results.median(self.against_cell or self.cell, column if self.against_cell else REFERENCE,
                              self.metric)
        if value is None or not base:
            return None
        ratio = value / base
        met = ratio >= self.limit if self.at_least else ratio <= self.limit
        sign = "≥" if self.at_least else "≤"
        return Judged(f"{self.goal}: {sign} {self.limit:.2f}", column, f"{ratio:.2f}", met)


@dataclass(frozen=True)
class Difference:
    """One cell's metric, above the same of another cell of the same column."""
    goal: str
    cell: str
    metric: str
    limit: float
    against_cell: str

    def judge(self, results, column):
        """The verdict, or None where the numbers are missing."""
        value = results.median(self.cell, column, self.metric)
        base = results.median(self.against_cell, column, self.metric)
        if value is None or base is None:
            return None
        above = value - base
        return Judged(f"{self.goal}: ≤ {self.limit:+.2f}", column, f"{above:+.2f}", above <= self.limit)


#: CPU per transaction that each driver aims at, in the order of MODES.
CPU_LIMITS = {"epoll": (0.95, 0.90, 0.75), "uring": (0.72, 0.70, 0.58)}


def _cpu(clients):
    for driver, limits in CPU_LIMITS.items():
        for mode, limit in zip(MODES, limits):
            yield Ratio(f"CPU a transaction, {mode}, {clients} clients", f"select/{mode}/{clients}", "cpu_us",
                        limit, ending=driver)


def _routing(clients):
    for mode in MODES:
        yield Difference(f"µs that routing adds to a transaction, {mode}, {clients} clients",
                         f"routing/{mode}/{clients}", "cpu_us", 1.0, f"select/{mode}/{clients}")


GOALS = (
    *_cpu(32),
    *_cpu(500),
    *_routing(32),
    *_routing(500),
    Ratio("two workers against one, throughput", "workers/2", "tps", 1.8, True, "workers/1"),
    Ratio("two workers against one, calculated from CPU", "workers/2", "capacity", 1.8, True, "workers/1"),
    Ratio("two workers against PgBouncer, throughput", "workers/2", "tps", 2.0, True),
    Ratio("latency of 1 client, p50", "latency/1", "p50_us", 1.0),
    Ratio("p99 of 1,000 waiting clients on 16 servers", "latency/1000-all", "p99_us", 0.9),
    Ratio("memory per idle client", "idle/memory", "idle_bytes", 1.0),
    Ratio("logins a second, SCRAM", "logins/scram", "logins", 2.0, True),
    Ratio("CPU a GB, rows of 8 kB", "transfer/rows-8kB", "cpu_s_gb", 0.8),
    Ratio("CPU a GB, rows of 1 MB", "transfer/rows-1MB", "cpu_s_gb", 0.8),
    Ratio("CPU a statement, a crowd against 32 clients", "crowd/simple/all", "cpu_us", 1.15, False,
          "crowd/simple/few"),
    Ratio("CPU a statement of a crowd", "crowd/simple/all", "cpu_us", 1.0),
)


def judge(results):
    """Every goal for every pgweir column that has the numbers."""
    columns = [name for name in results.columns if name.startswith("pgweir")]
    found = (goal.judge(results, column) for goal in GOALS for column in columns)
    return [verdict for verdict in found if verdict]
