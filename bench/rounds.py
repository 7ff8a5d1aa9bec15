"""Measures cells: the poolers in turns, several times."""
import contextlib
import fcntl
import time

from bench import load
from bench.cell import Running
from bench.pooler.peer import Peer
from bench.pooler import REFERENCE
from bench.process import free_port
from bench.say import Trouble, step
from bench.setup import Place


class Budget:
    """How long everything may take, if there is a limit, and what a cell's share of the rest is."""

    def __init__(self, secs, begun):
        self._end = begun + secs if secs else None

    def share(self, cells_left):
        """When the next cell should be over; infinity without a limit."""
        if not self._end:
            return float("inf")
        now = time.monotonic()
        return now + (self._end - now) / cells_left

    def is_spent(self):
        """Whether not even one more cell fits."""
        return bool(self._end) and time.monotonic() > self._end - 3


class Rounds:
    """The poolers that run now, and the measuring of cells with them."""

    def __init__(self, stage, cluster, poolers, certificate, lock):
        self._stage, self._cluster, self._poolers = stage, cluster, poolers
        self._certificate, self._lock_path = certificate, lock
        self._secret = cluster.secret()
        self._running, self._setup, self._stub_port = {}, None, None
        #: Why poolers did not start with the present set-up: they are not tried again.
        self._broken = {}

    def run(self, cells, pace, budget, results):
        """Measures all cells, one after the other."""
        for number, cell in enumerate(cells):
            if budget.is_spent():
                step(f"{cell.full_name}: left out, the time is over")
                continue
            with held(self._lock_path):
                until = budget.share(len(cells) - number)
                samples, failures = self._cell(cell, pace, until)
            results.put(cell, pace.secs, samples, failures)
            step(f"{cell.full_name}: {_summary(samples, failures)}")

    def stop(self):
        """Stops all poolers."""
        for running in self._running.values():
            self._stage.stop(running.process)
        self._running = {}

    def _cell(self, cell, pace, until):
        self._switch(cell.setup)
        samples, failures, states = {}, {}, {}
        try:
            for pooler in self._taking_part(cell):
                samples[pooler.name] = []
                self._attempt(pooler, failures, lambda p=pooler: self._begin(p, cell, states))
            for number in range(min(pace.rounds, cell.max_rounds)):
                if number and time.monotonic() > until:
                    break
                self._round(cell, pace.secs, number, samples, failures, states)
        finally:
            for state in states.values():
                cell.measurement.end(state)
        return samples, failures

    def _taking_part(self, cell):
        """The poolers of this cell."""
        return [pooler for pooler in self._poolers
                if cell.all_peers or pooler.name == REFERENCE or not isinstance(pooler, Peer)]

    def _begin(self, pooler, cell, states):
        reason = pooler.refuses(cell)
        if reason:
            raise Trouble(reason)
        if pooler.name in self._broken:
            raise Trouble(self._broken[pooler.name])
        if pooler.name not in self._running:
            self._running[pooler.name] = self._launch(pooler, cell.setup)
        states[pooler.name] = cell.measurement.begin(self._stage, self._running[pooler.name])

    def _round(self, cell, secs, number, samples, failures, states):
        """Every pooler once; each round begins with another one."""
        active = [pooler for pooler in self._poolers if pooler.name in states]
        turn = number % len(active) if active else 0
        for pooler in active[turn:] + active[:turn]:
            def measure(name=pooler.name):
                samples[name].append(
                    cell.measurement.once(self._stage, self._running[name], secs, states[name]))
            if pooler.name not in failures:
                self._attempt(pooler, failures, measure)

    def _attempt(self, pooler, failures, action):
        """Does it; a pooler that fails is left out of this cell and started anew for the next."""
        try:
            action()
        except Trouble as trouble:
            failures[pooler.name] = " ".join(str(trouble).split())[:200]
            running = self._running.pop(pooler.name, None)
            if running:
                self._stage.stop(running.process)

    def _switch(self, setup):
        """Stops the poolers of another set-up."""
        if setup != self._setup:
            self.stop()
            self._setup, self._broken = setup, {}

    def _launch(self, pooler, setup):
        primary = self._stub() if setup.stub else self._cluster.primary_port
        place = Place(free_port(), primary, self._cluster.replica_port, self._secret, *self._certificate)
        process = pooler.start(setup, place)
        try:
            self._stage.wait_for_query(process, place.port, setup.tls)
        except Trouble as trouble:
            self._stage.stop(process)
            self._broken[pooler.name] = str(trouble)
            raise
        return Running(pooler.name, process, place.port, setup)

    def _stub(self):
        if not self._stub_port:
            self._stub_port = free_port()
            load.stub(self._stage, self._stub_port)
        return self._stub_port


@contextlib.contextmanager
def held(path):
    """Holds a file's lock, if there is one to hold."""
    if not path:
        yield
        return
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _summary(samples, failures):
    done = [f"{name} ×{len(found)}" for name, found in samples.items() if found]
    return ", ".join(done + [f"{name}: {reason}" for name, reason in failures.items()])
