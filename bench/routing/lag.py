"""How replicas are held up."""
import time
from dataclasses import dataclass

from bench.say import Trouble

#: A replica that is let go replays seconds of WAL in much less.
CATCH_UP_SECS = 60


@dataclass(frozen=True)
class Lag:
    """One way, on this many of the replicas."""
    name: str
    begin: str = ""
    end: str = ""
    replicas: int = 0
    #: pgweir's read_write_split: off for the row that the others are compared with.
    split: bool = True


def _delay(name, value):
    begin = f"ALTER SYSTEM SET recovery_min_apply_delay = '{value}'"
    return [Lag(f"{name} on {_many(n)}", begin, "ALTER SYSTEM RESET recovery_min_apply_delay", n) for n in (1, 2)]


def _paused():
    begin, end = "SELECT pg_wal_replay_pause()", "SELECT pg_wal_replay_resume()"
    return [Lag(f"replay paused on {_many(n)}", begin, end, n) for n in (1, 2)]


def _many(replicas):
    return {1: "one", 2: "both"}[replicas]


#: The rows of the table.
ALL = [Lag("read_write_split = false", split=False), Lag("no lag"), *_delay("5 ms", "5ms"),
       *_delay("100 ms", "100ms"), *_delay("2 s", "2s"), *_paused()]


def hold_up(cluster, lag):
    """Begins it, on the first replicas."""
    _apply(cluster, lag, lag.begin)


def let_go(cluster, lag):
    """Ends it, and waits until every replica shows what the primary has."""
    _apply(cluster, lag, lag.end)
    position = cluster.query("SELECT pg_current_wal_flush_lsn()")
    until = time.monotonic() + CATCH_UP_SECS
    for port in cluster.replica_ports:
        while cluster.query_on(port, f"SELECT pg_last_wal_replay_lsn() >= '{position}'") != "t":
            if time.monotonic() > until:
                raise Trouble(f"the replica on port {port} does not catch up")
            time.sleep(0.02)


def _apply(cluster, lag, sql):
    for port in cluster.replica_ports[:lag.replicas]:
        cluster.query_on(port, sql)
        cluster.query_on(port, "SELECT pg_reload_conf()")
