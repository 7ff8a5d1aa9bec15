"""Everything that a run needs around it, and that goes away with it."""
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from bench import account
from bench.process import Process
from bench.say import Trouble


#: A server that lets nobody in by then never will; nor does one login take longer.
LOGIN_SECS, ONE_LOGIN_SECS = 12, 3


#: What ends a run before its time.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stage:
    """A scratch folder, the peers' programs, and every process that was started."""

    def __init__(self, peers, keep=False):
        self.peers, self.keep = peers, keep
        self.account = account.choose()
        self.scratch = self._make_scratch()
        self._processes = []

    def __enter__(self):
        for number in SIGNALS:
            signal.signal(number, _interrupt)
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.stop(signal.SIGQUIT if "PostgreSQL" in process.name else signal.SIGINT)
        if not self.keep:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def start(self, name, command, options, log):
        """Starts a process that ends with this stage at the latest."""
        process = Process(name, command, options, log)
        self._processes.append(process)
        return process

    def stop(self, process):
        """Stops one before the end."""
        process.stop()
        self._processes.remove(process)

    def folder(self, name):
        """An empty folder below the scratch folder, owned by the account."""
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        self.account.own(path)
        return path

    def write(self, path, text):
        """A small file that the account may read, and nobody else."""
        path.write_text(text)
        path.chmod(0o600)
        self.account.own(path)
        return path

    def wait_for_query(self, process, port, tls=False):
        """Returns once a client of `process` can log in on `port` and gets an answer."""
        psql = self.peers.require("psql")
        command, options = psql.command(self.account, "-qXAt", "-h", "127.0.0.1", "-p", port, "-U", "bench",
                                        "-d", "bench", "-c", "SELECT 1")
        until = time.monotonic() + LOGIN_SECS
        while True:
            trouble = _trouble(command, env=client_environment(tls), cwd="/", **options)
            if trouble is None:
                return
            if not process.is_alive() or time.monotonic() > until:
                raise Trouble(f"no login to {process.name}: {trouble} {process.last_words()}")
            time.sleep(0.05)

    def _make_scratch(self):
        parent = self.peers.tree / "tmp" if self.peers.tree else Path(tempfile.gettempdir())
        path = Path(tempfile.mkdtemp(prefix="pgweir-bench-", dir=parent))
        path.chmod(0o755)
        self.account.own(path)
        return path


def _trouble(command, **options):
    """Why psql failed, or None if it did not."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ONE_LOGIN_SECS, check=False, **options)
    except subprocess.TimeoutExpired:
        return "the login hangs"
    return done.stderr.strip()[-200:] if done.returncode else None


def client_environment(tls):
    """libpq's variables for every client."""
    return {**os.environ, "LC_ALL": "C", "PGPASSWORD": "bench", "PGSSLMODE": "require" if tls else "disable",
            "PGGSSENCMODE": "disable", "HOME": "/", "PGCONNECT_TIMEOUT": "20"}


def raise_descriptor_limit():
    """Lets us, and what we start, open as many files as the system allows; returns the number."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _interrupt(*_):
    # One is enough: a second one would interrupt the clearing up.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
