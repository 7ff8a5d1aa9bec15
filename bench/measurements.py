"""The ways to measure a pooler."""
import time

from bench import load, proc
from bench.cell import Measurement

#: What the crowds run: a row by its key, as pgbench -S does.
STATEMENT = "SELECT abalance FROM pgbench_accounts WHERE aid = 4711"


#: pgbench's arguments for one SELECT by key, and for TPC-B. While pgbench prepares a statement for one
#: client, the thread's other clients stand still, with the servers that their transactions hold: with
#: fewer servers than clients, TPC-B needs a thread for each client.
SELECT = ("-S", "-j", 1)
TPCB = ("-b", "tpcb-like", "-j", 32)

#: From so many clients on, what their logins cost is measured apart and taken off.
MANY = 100

#: pgbench's time includes the logins of its clients: so many come in each second, with TLS and without.
LOGINS_A_SECOND = {True: 400, False: 2000}


class Pgbench(Measurement):
    """Throughput and CPU per transaction under pgbench."""

    def __init__(self, mode, clients, script=SELECT):
        self.mode, self.clients, self.script = mode, clients, script

    def once(self, stage, running, secs, _state):
        logins_secs, logins = self._logins(stage, running)
        before = running.process.cpu_secs()
        count, speed = self.load(stage, running, secs)
        cpu_secs = running.process.cpu_secs() - before - logins_secs
        return {"tps": speed, "cpu_us": cpu_secs / (count - logins) * 1e6}

    def load(self, stage, running, secs):
        """Runs pgbench."""
        secs += self.clients / LOGINS_A_SECOND[running.setup.tls]
        return self._pgbench(stage, running, ("-T", max(1, round(secs))))

    def _logins(self, stage, running):
        """CPU seconds for all clients to log in and run one transaction, and how many these are."""
        if self.clients < MANY:
            return 0, 0
        before = running.process.cpu_secs()
        count, _ = self._pgbench(stage, running, ("-t", 1))
        return running.process.cpu_secs() - before, count

    def _pgbench(self, stage, running, length):
        return load.pgbench(stage, running.port, mode=self.mode, clients=self.clients, length=length,
                            script=self.script, tls=running.setup.tls)


class SystemCalls(Pgbench):
    """System calls per transaction under pgbench, whose clients log in meanwhile."""

    def once(self, stage, running, secs, _state):
        strace = load.Strace(stage, proc.tree(running.process.pid))
        try:
            count, _ = self.load(stage, running, secs)
        finally:
            calls = strace.finish()
        return {"calls": calls / count}


class Crowd(Measurement):
    """Clients that stay connected between rounds."""
    metrics = ("tps", "cpu_us")

    def __init__(self, clients, in_flight=0, rate=0, protocol="simple", metrics=None):
        self.clients, self.in_flight, self.rate, self.protocol = clients, in_flight, rate, protocol
        self.metrics = metrics or self.metrics

    def begin(self, _stage, running):
        return load.Crowd(running.port, self.clients, self.protocol, STATEMENT)

    def end(self, state):
        state.close()

    def once(self, _stage, running, secs, state):
        before = running.process.cpu_secs()
        threads = proc.thread_secs(running.process.pid)
        done = state.run(secs, self.in_flight, self.rate)
        cpu_secs = running.process.cpu_secs() - before
        found = {
            **{name: done[name] for name in ("p50_us", "p99_us", "p999_us")},
            "tps": done["statements"] / done["secs"],
            "cpu_us": cpu_secs / done["statements"] * 1e6,
            "busy": cpu_secs / done["secs"],
        }
        found["capacity"] = running.setup.workers * 1e6 / found["cpu_us"] * self._evenness(running, threads)
        return {name: found[name] for name in self.metrics}

    @staticmethod
    def _evenness(running, before):
        """1 where all workers worked as much; one half where one of two did everything."""
        after = proc.thread_secs(running.process.pid)
        spent = sorted((secs - before.get(task, 0) for task, secs in after.items()), reverse=True)
        spent = spent[:running.setup.workers]
        return sum(spent) / len(spent) / spent[0] if spent and spent[0] else 1


class Idle(Measurement):
    """Memory per client that is connected, has run one statement, and is silent."""

    def __init__(self, clients):
        self.clients = clients

    def once(self, _stage, running, _secs, _state):
        load.Crowd(running.port, 20, "simple", STATEMENT).close()
        time.sleep(0.5)  # until the pooler has seen them leave: nothing announces it
        before = proc.memory_bytes(running.process.pid)
        crowd = load.Crowd(running.port, self.clients, "simple", STATEMENT)
        try:
            time.sleep(0.5)
            return {"idle_bytes": (proc.memory_bytes(running.process.pid) - before) / self.clients}
        finally:
            crowd.close()


class Logins(Measurement):
    """Clients that log in, and leave, as fast as they can."""

    def once(self, _stage, running, secs, _state):
        before = running.process.cpu_secs()
        done = load.once("logins", running.port, secs, tls=running.setup.tls)
        cpu_secs = running.process.cpu_secs() - before
        return {"logins": done["logins"] / done["secs"], "login_cpu_us": cpu_secs / done["logins"] * 1e6}


class Transfer(Measurement):
    """Bytes through the pooler."""

    def __init__(self, statement):
        self.statement = statement

    def once(self, _stage, running, secs, _state):
        before = running.process.cpu_secs()
        done = load.once("drain", running.port, secs, "--statement", self.statement, tls=running.setup.tls)
        cpu_secs = running.process.cpu_secs() - before
        return {"mb_s": done["bytes"] / done["secs"] / 1e6, "cpu_s_gb": cpu_secs / done["bytes"] * 1e9}
