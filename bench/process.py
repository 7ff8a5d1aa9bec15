"""A program that runs until it is stopped."""
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

from bench import proc
from bench.say import Trouble

#: A server that does not listen by then never will.
START_SECS = 20

#: What is not gone by then is killed.
STOP_SECS = 5


class Process:
    """One that was started here, in a process group of its own."""

    def __init__(self, name, command, options, log):
        self.name, self.log = name, Path(log)
        with open(log, "ab") as out:
            self._popen = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/",
                start_new_session=True, **options)
        self.pid = self._popen.pid

    def wait_for_port(self, port):
        """Returns once something listens on `port`."""
        until = time.monotonic() + START_SECS
        while time.monotonic() < until:
            if self._popen.poll() is not None:
                raise Trouble(f"{self.name} ended: {self.last_words()}")
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise Trouble(f"{self.name} does not listen on port {port}: {self.last_words()}")

    def is_alive(self):
        """Whether it has not ended."""
        return self._popen.poll() is None

    def cpu_secs(self):
        """CPU seconds so far, children included."""
        return proc.cpu_secs(self.pid)

    def last_words(self):
        """The end of its log, on one line."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-2:])[-160:]

    def stop(self, gentle=signal.SIGINT):
        """Asks it to end, and then makes it."""
        for number in (gentle, signal.SIGKILL):
            members = proc.tree(self.pid)
            self._signal(number)
            try:
                self._popen.wait(STOP_SECS)
                break
            except subprocess.TimeoutExpired:
                pass
        for member in members:
            _kill(member)

    def _signal(self, number):
        try:
            if number == signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def free_port():
    """A port of 127.0.0.1 that nobody uses, below those that connections get.

    Four digits: pgagroal 2.1.0 ends with "buffer overflow detected" at the first client where it, or
    its server, has a port of five."""
    for port in random.sample(range(6600, 10000), 1000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Trouble("no free port")
