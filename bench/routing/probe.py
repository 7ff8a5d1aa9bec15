"""Sessions that write a row and read it back at once: how long the read takes, and whether it sees the write."""
import threading
import time

from bench.routing.wire import Wire
from bench.say import Trouble

#: Few and with pauses: they measure the load, and are none.
SESSIONS, PAUSE_SECS = 4, 0.01


class Probe:
    """Runs beside a load until it is stopped."""

    def __init__(self, port):
        self.reads_secs, self.writes_secs, self.stale = [], [], 0
        self._ending, self._trouble = threading.Event(), []
        self._threads = [threading.Thread(target=self._run, args=(port, number)) for number in range(SESSIONS)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Ends all sessions; what they have measured is then complete."""
        self._ending.set()
        for thread in self._threads:
            thread.join()
        if self._trouble:
            raise self._trouble[0]

    def _run(self, port, number):
        try:
            wire = Wire(port)
            # A row of its own: each branch of pgbench is locked most of the time.
            value = 0
            while not self._ending.wait(PAUSE_SECS):
                value += 1
                write = f"UPDATE probe SET value = {value} WHERE id = {number}"
                self.writes_secs.append(_timed(wire.value, write)[0])
                secs, seen = _timed(wire.value, f"SELECT value FROM probe WHERE id = {number}")
                self.reads_secs.append(secs)
                self.stale += seen != str(value).encode()
            wire.close()
        except (OSError, Trouble) as trouble:
            self._trouble.append(trouble if isinstance(trouble, Trouble) else Trouble(str(trouble)))


def _timed(call, sql):
    begun = time.perf_counter()
    answer = call(sql)
    return time.perf_counter() - begun, answer
