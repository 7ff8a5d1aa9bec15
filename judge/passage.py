"""The tests through a running pgweir: what a replica has answered is compared with the primary's answer."""
import time

from bench.say import Trouble
from judge import case, text
from judge.case import Case
from judge.court import Session, Trial
from judge.wire import Host, columns

#: A catalog that is not known by then, or a replica that is not fresh by then, will not be.
WAIT_SECS, LOOK_SECS = 5, 0.005

#: What one file may wait for the catalog, all in all: pgweir rests nine times as long as it reads.
FILE_WAIT_SECS = 15

#: Comments by which a statement chooses its host.
TO_PRIMARY, TO_REPLICA = b"/* pgweir.role=primary */ ", b"/* pgweir.role=replica */ "

#: A replica that replays a test's bulk of writes is waited for: what it answers is in question, not when.
CONFIGURATION = """
[pooler]
listen_addr = "127.0.0.1"
listen_port = {port}
auth_type = "trust"
workers = 1
default_pool_size = 1

[routing]
read_wait = "1s"
max_replica_lag = "5s"

[databases."*"]
primary = "127.0.0.1:{primary}"
replicas = ["127.0.0.1:{replica}"]
"""


class Passage(Session):
    """One of psql's sessions. Each pool has one server, which so keeps what the session sets and makes; what
    it sets is set on the replica's server, too."""

    def _open(self):
        goes_on = super()._open()
        if goes_on:
            self._clear()
        return goes_on

    def _clear(self):
        """Takes what the session before has left on both servers."""
        host = Host(self._court.front_port, {
            name: value for name, value in self._parameters.items() if name in (b"user", b"database")})
        for role in (TO_PRIMARY, TO_REPLICA):
            host.query(role + b"DISCARD ALL")
        host.close()

    def _begin(self, raw):
        sql = raw.decode("utf-8", "replace")
        if not sql.strip():
            return
        self._trial = Trial(Case(self._court.file, sql, "unknown", "", "", written=True), raw)
        self._court.cases.append(self._trial.case)
        self._trial.is_asked = self._status == "I" and text.may_read(sql)
        if self._trial.is_asked and self._court.defined:
            self._court.defined = False
            self._wait_for_catalog()

    def _wait_for_catalog(self):
        """Until pgweir knows again what the database has."""
        host, begun = Host.over(self._primary), time.monotonic()
        until = begun + min(WAIT_SECS, FILE_WAIT_SECS - self._court.waited_secs)
        while time.monotonic() < until:
            if all(b"catalog_unknown" not in raw for _, raw in host.query(b"EXPLAIN ROUTE SELECT 1")):
                break
            time.sleep(LOOK_SECS)
        self._court.waited_secs += time.monotonic() - begun

    def _judge(self, trial):
        """Asks who has served the client, and if it was the replica, has the primary answer as well."""
        if not trial.is_asked or self._status != "I":
            return
        host, judged = Host.over(self._primary), trial.case
        judged.access = "read" if _is_on_replica(host) else "write"
        judged.reason = host.value("SHOW pgweir.route")
        if judged.is_read:
            on_primary = host.query(TO_PRIMARY + trial.raw)
            judged.outcome, judged.note = case.outcome(
                judged.sql, on_primary, trial.primary, lambda: host.query(trial.raw))

    def _ask_replica(self, raw):
        """Not before a replica is fresh enough: until then the primary answers even those who name it."""
        host, until = Host.over(self._primary), time.monotonic() + WAIT_SECS
        while True:
            answer = host.query(TO_REPLICA + raw)
            if _is_on_replica(host):
                return answer
            if time.monotonic() > until:
                raise Trouble("no replica is fresh enough")


def _is_on_replica(host):
    """Whether a replica has served the last statement of this session."""
    rows = [columns(raw) for letter, raw in host.query(b"SHOW pgweir.server") if letter == "D"]
    return bool(rows) and rows[0][-1] == b"replica"
